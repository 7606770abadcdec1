"""The transitions of a report: what the server makes of it before, or soon after, it is saved, by the app settings."""
