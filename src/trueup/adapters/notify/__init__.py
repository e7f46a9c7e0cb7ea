"""Notifiers: one file for each service."""
