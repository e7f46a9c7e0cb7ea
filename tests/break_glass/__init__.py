"""Break-glass: opening, following up, its page, its credentials."""
