"""Hostile clients, full disks and killed processes: `make attack`, `make attack ARGS=--long` for much more of it."""
