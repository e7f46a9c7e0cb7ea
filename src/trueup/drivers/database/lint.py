"""Lint of new migrations: squawk and our own rules. Each finding has a code, a place, why, and the safe sequence."""
