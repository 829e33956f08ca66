"""The local cloud, and the real template deployed to it."""
