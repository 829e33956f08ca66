"""A front end and an operator's back end that play through everything."""
