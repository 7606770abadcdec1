"""What is published about the operations: OpenAPI, JSON Schema, and how far each is proved."""
