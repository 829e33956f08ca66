"""What a person asks of a stack, and what changes nothing in it."""
