"""Migration files as Flyway understands them: names, order, settings, placeholders, checksums."""
