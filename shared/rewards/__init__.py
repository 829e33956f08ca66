"""Rewarded ads: claimed once, checked once more, delivered."""
