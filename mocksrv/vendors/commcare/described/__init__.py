"""Examples and schemas of answers, for OpenAPI."""
