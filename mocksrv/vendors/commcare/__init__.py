"""CommCare HQ: cases, forms, mobile workers, locations and lookup tables of its domains."""

from mocksrv.vendors import import_rooms
from mocksrv.vendors.commcare.vendor import vendor

import_rooms(__name__)

__all__ = ["vendor"]
