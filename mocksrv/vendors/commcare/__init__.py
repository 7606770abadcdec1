"""CommCare HQ."""

from mocksrv.vendors.commcare.vendor import vendor

__all__ = ["vendor"]
