"""Running migrations on the live database: under Flyway's lock, step by step, each noted before and behind it."""
