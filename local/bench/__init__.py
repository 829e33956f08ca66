"""What the bundle costs: cold starts and warm calls, beside a bare script."""
