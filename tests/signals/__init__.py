"""Signals: from a record of the live system to a name on a drift."""
