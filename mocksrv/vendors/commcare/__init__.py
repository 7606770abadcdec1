"""CommCare HQ: cases, forms, mobile workers, locations and lookup tables of its domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.vendors import import_rooms
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.imports import Table

import_rooms(__name__)


def _own_data() -> tuple[Table, ...]:
    from mocksrv.vendors.commcare import own_data

    return own_data.tables()


vendor.own_data = _own_data

__all__ = ["vendor"]
