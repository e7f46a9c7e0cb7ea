"""Runs the walk: the reconciler (read it first), durable workflows, the schedule, leases."""
