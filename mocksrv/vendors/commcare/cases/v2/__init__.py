"""Case API v2: reading, writing, and its query language."""
