"""One module for each version of the schema, never edited after a release."""
