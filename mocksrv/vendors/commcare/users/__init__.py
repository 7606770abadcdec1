"""Mobile workers, web users, groups, identity."""
