"""Pi's Platform API: its calls and its objects."""
