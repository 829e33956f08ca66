"""Which version of the bundle this is: in each line of the logs, and in the stack's outputs."""

VERSION = "0.2.0"  # as pyproject.toml and template.yaml have it
