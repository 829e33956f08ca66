"""Who is calling: what Pi answers for a user's token."""
