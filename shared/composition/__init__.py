"""Puts the parts together, once per environment, from its variables; one module per kind of
handler, so that each loads only what it needs.

Every function here returns how to bind the services to one invocation's deadline. What lives as
long as the environment (sessions, clients, the key, threads) is made when the function starts; the
rest is made per invocation.
"""
