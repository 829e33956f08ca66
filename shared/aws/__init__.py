"""AWS's clients, DynamoDB's wire form, secrets and the switch."""
