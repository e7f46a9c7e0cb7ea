"""A way in: the command line."""
