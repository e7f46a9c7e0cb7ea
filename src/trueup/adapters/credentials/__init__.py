"""Credentials: which environment a stack's subprocesses get."""
