"""CareHQ, a CRM for care providers. Mounted at `/carehq/` and, by its paths, at `/v1/`."""

from mocksrv.vendors import import_rooms
from mocksrv.vendors.carehq.vendor import CareHQ, vendor

import_rooms(__name__)

__all__ = ["CareHQ", "vendor"]
