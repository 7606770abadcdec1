"""The control plane under /_mocksrv: worlds, clock, journal, faults, snapshots. JSON in and out.

Each route is there twice: `/_mocksrv/...` is about the default world, `/~name/_mocksrv/...` about that world.
Errors are RFC 9457 problem details whose `type` ends in a named code.
"""

from mocksrv.control import (  # noqa: F401  (their routes)
    clock,
    faults,
    imports,
    journal,
    outbox,
    page,
    server,
    shards,
    tables,
    worlds,
)
from mocksrv.control.base import CONTROL, control, forbidden, refuse_route, sent_by

__all__ = ["CONTROL", "control", "forbidden", "refuse_route", "sent_by"]
