"""One plan, delivery or revert against one live database."""
