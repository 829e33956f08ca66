"""What runs on a laptop only: the stand-in for Pi and the local cloud. Nothing here is deployed."""
