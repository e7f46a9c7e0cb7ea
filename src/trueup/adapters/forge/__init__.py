"""Forges: hosts of change requests."""
