"""What every room uses: amounts, ids, errors, deadlines, HTTP, logs and settings."""
