"""The ready-made accounts and domains, and the made-up data of `demo`."""

from mocksrv.vendors.commcare.seed.accounts import accounts, credentials

__all__ = ["accounts", "credentials"]
