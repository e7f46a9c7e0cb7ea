"""Trueup: one walk, one gate and one ledger for everything an organisation declares in Git."""

__version__ = "0.1.0"
