"""CHT's design documents: what is indexed, and the functions of its views."""
