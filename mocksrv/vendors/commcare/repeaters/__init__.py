"""Data forwarding: what HQ sends to other services when forms, cases, locations and applications are saved."""
