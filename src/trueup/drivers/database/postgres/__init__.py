"""PostgreSQL behind the dialect: the connection, its addresses and errors, the history table and Flyway's lock."""
