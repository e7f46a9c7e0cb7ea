"""Migrations tried on scratch before anybody merges: up, down, up again, with locks and times."""
