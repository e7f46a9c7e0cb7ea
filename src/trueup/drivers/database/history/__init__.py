"""The history table's rows beside the files: the state of each, what validation fails on, and rows to be written."""
