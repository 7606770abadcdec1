"""Schemas and examples of requests and answers, for OpenAPI."""
