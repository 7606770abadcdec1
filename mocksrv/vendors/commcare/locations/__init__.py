"""Locations and their types, v1 and v2."""
