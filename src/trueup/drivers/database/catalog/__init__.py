"""What the database is: a snapshot of PostgreSQL's catalog, one value for each object, and the objects' addresses."""
