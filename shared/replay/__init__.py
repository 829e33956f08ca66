"""What the app was told, told again: to a back end that missed it."""
