"""CommCare HQ."""

from mocksrv.vendors.commcare import cases, groups, user_writes, users, web_users
from mocksrv.vendors.commcare.vendor import vendor

__all__ = ["cases", "groups", "user_writes", "users", "vendor", "web_users"]
