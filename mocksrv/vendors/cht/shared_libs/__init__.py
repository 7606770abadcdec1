"""CHT's rules that several of its services share: contact types, lineage, phones, roles, settings."""
