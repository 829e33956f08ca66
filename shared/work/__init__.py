"""Unfinished work of any kind: found by the sweep, finished by a worker, told to the app."""
