"""Payments from a user to the app: approve, settle, finish."""
