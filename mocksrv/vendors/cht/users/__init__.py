"""Accounts: reading, creating one or many, changing and deleting them."""

from mocksrv.vendors.cht.users import posting, reading, updating

__all__ = ["posting", "reading", "updating"]
