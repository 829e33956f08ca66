"""Between API Gateway and the operations: requests in, answers out, errors to statuses. Knows no
rule of the business.
"""
