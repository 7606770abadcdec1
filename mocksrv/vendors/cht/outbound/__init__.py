"""Outbound push: documents that the server sends to other services, as `outbound` of the app settings says."""
