"""What aims at exchanges may name: a misspelt operation would never be met, and nobody would be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mocksrv.control.base import CONTROL, app
from mocksrv.problems import unknown

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)")
TRUTHS = ("true", "false")


def problems(wanted: Mapping[str, Any], seen: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """What is wrong with an aim, by its members: vendors, operations, methods and statuses that there are not.

    `seen`: further methods, each as a pair of "method" and its word, that the journal has.
    """
    found, vendors = {}, app().vendors
    vendor = wanted.get("vendor")
    if vendor is not None and vendor not in vendors:
        found["vendor"] = unknown("vendor", vendor, vendors)
    operations = {one.name for one in app().operations.values() if vendor in (None, one.vendor)}
    if "operation" in wanted and wanted["operation"] not in operations and "vendor" not in found:
        more = f"GET {CONTROL}/operations lists them"
        found["operation"] = unknown("operation", wanted["operation"], operations, more)
    methods = {*METHODS, *(one.method for one in app().operations.values()), *(word for _, word in seen)}
    if "method" in wanted and wanted["method"] not in methods:
        found["method"] = unknown("method", wanted["method"], methods)
    if "status" in wanted and not STATUS.fullmatch(str(wanted["status"])):
        found["status"] = f"status {wanted['status']!r} is not valid: use 100 to 599, or a class such as 4xx"
    if "failed" in wanted and str(wanted["failed"]).lower() not in TRUTHS:
        found["failed"] = f"failed {wanted['failed']!r} is not valid: use {' or '.join(TRUTHS)}"
    return found
