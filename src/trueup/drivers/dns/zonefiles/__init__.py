"""Zone files as texts: linted, written, and edited in place."""
