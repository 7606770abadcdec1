"""CommCare HQ."""

from mocksrv.vendors.commcare import cases, groups, user_writes, users, web_users  # noqa: I001
from mocksrv.vendors.commcare import forms, receiver
from mocksrv.vendors.commcare.vendor import vendor

__all__ = ["cases", "forms", "groups", "receiver", "user_writes", "users", "vendor", "web_users"]
