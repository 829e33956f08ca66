"""What stands in the tables, queues and on the buses of stacks that run: see README.md."""
