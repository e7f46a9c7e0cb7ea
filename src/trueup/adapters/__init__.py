"""Ways out: forges, secrets, the store, the exported ledger."""
