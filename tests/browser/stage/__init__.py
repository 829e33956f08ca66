"""The stage's tests: a package, so that they share one stage and end with it."""
