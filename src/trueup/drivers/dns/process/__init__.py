"""What runs inside octoDNS's own process: the only modules that import it."""
