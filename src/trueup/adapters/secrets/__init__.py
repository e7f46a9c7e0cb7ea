"""Secrets by reference, resolved when they are needed and never kept."""
