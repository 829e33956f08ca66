"""The wallet's book: the one reader of the chain, for payments and payouts."""
