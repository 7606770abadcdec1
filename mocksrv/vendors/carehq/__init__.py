"""CareHQ, a CRM for care providers. Mounted at `/carehq/` and, by its paths, at `/v1/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.vendors import import_rooms
from mocksrv.vendors.carehq.vendor import CareHQ, vendor

if TYPE_CHECKING:
    from mocksrv.imports import Table

import_rooms(__name__)


def _own_data() -> tuple[Table, ...]:
    from mocksrv.vendors.carehq import own_data

    return own_data.tables()


vendor.own_data = _own_data

__all__ = ["CareHQ", "vendor"]
