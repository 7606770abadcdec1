"""CareHQ, a CRM for care providers. Mounted at `/carehq/` and, by its paths, at `/v1/`."""

from mocksrv.vendors.carehq import enquiries
from mocksrv.vendors.carehq.vendor import CareHQ, vendor

__all__ = ["CareHQ", "enquiries", "vendor"]
