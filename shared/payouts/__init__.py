"""Payments from the app to a user: asked for, created at Pi, signed, submitted, completed."""
