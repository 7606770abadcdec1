"""Monitoring, metrics, versions and upgrades of the server."""
