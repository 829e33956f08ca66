"""The outside world, one module each: Pi, the chain, DynamoDB, the server key, settings, logs and
metrics.
"""
