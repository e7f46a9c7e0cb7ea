"""Events: queues from which a live system's log is fetched."""
