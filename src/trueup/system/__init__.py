"""Below the drivers: processes, the supervisor, git, sealing, redaction, the Merkle tree, the clock, locks."""
