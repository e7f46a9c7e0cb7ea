"""SQLite behind the dialect: the file, its catalog and the history table in it."""
