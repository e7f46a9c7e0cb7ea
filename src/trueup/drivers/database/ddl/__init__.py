"""Statements written from snapshots: what rebuilds one, and what makes one into another. Pure."""
