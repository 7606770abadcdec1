"""What a new installation has: its documents, its build, the log of its upgrades."""
