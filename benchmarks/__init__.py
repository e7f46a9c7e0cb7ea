"""Measurements of what is promised: each bench_*.py has a `measure` that yields figures."""
