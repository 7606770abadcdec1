"""Who calls, in which domain, and what they may see and do."""
