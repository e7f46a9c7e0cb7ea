"""The ledger's way out: signed commits that the operator of the database cannot rewrite unseen."""
