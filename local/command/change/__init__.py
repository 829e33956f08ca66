"""What a person changes in a stack that stands."""
