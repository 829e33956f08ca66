"""What the bundle costs: cold starts and warm calls, and how fast stuck payments drain."""
