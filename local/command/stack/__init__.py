"""A stack as a whole: deployed, brought back, taken down."""
