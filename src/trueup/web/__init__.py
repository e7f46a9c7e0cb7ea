"""A way in: the HTTP API."""
