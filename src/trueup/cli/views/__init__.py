"""What people see: the API's documents as tables and named fields. Pure."""
