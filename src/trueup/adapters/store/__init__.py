"""The store on SQLite or PostgreSQL: nouns as sealed or plain JSON rows, and the ledger in the same transaction."""
