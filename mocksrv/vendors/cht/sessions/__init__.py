"""Logging in and out: the login page, sessions, and links that log in."""
