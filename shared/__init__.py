"""What every function of the bundle shares, in rooms by business: payments, rewards, payouts.

Below them: who is calling (users), the wallet's book, unfinished work of any kind, Pi, the chain,
AWS, and what all of them use (base). Imports go one way: pyproject.toml draws the order.
`shared.app` puts everything together.
"""
