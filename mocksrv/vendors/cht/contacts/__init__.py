"""People and places: reading, creating, hydrating, deleting in bulk."""
