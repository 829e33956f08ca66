"""Pi's chain: what Horizon shows, and the wallet that signs."""
