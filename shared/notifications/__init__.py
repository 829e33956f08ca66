"""Notifications to users in the Pi App, each at most once."""
