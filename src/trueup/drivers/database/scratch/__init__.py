"""Scratch databases, and the servers that are started for them."""
