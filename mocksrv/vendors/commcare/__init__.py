"""CommCare HQ."""

from mocksrv.vendors.commcare import cases, users
from mocksrv.vendors.commcare.vendor import vendor

__all__ = ["cases", "users", "vendor"]
