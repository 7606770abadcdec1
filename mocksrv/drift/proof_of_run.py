"""What a run on both sides proves: the operations that a live service answered as the mock does."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from mocksrv import fixtures
from mocksrv.described.proof import Finding, finding, record
from mocksrv.drift import accepted
from mocksrv.drift.compare import Difference, both, compare
from mocksrv.drift.files import Document
from mocksrv.operation import Operation
from mocksrv.vendor import Vendor

NUMBER = re.compile(r" #\d+$")  # of an answer within its test


def proved(operations: Iterable[Operation], mock: Document, live: Document,
           reviewed: Callable[[Difference], bool] = lambda one: False, failed: Collection[str] = (),
           ) -> tuple[dict[str, Finding], set[str]]:
    """The findings by operation, and the operations that the run contradicts, as `proof.record` takes them.

    An operation is proved when its normal answer agreed, all its differences are reviewed ones, and none of the
    tests that called it `failed` on either side.
    """
    differing: dict[str, set[str]] = {}
    against = {name for name, cases in live["operations"].items()
               if any(NUMBER.sub("", case) in failed for case in cases)}
    for one in compare(mock, live):
        differing.setdefault(one.operation, set()).update(one.cases)
        if not reviewed(one):
            against.add(one.operation)
    statuses: dict[str, list[int]] = {}
    for name, case in both(mock, live):
        if case not in differing.get(name, ()):
            statuses.setdefault(name, []).append(live["operations"][name][case]["status"])
    findings = {}
    for operation in operations:
        agreed, differences = statuses.get(operation.name, []), len(differing.get(operation.name, ()))
        found = finding(operation, live["version"], live["date"], agreed, differences)
        if found and operation.name not in against:
            findings[operation.name] = found
    return findings, against


def write_down(vendor: Vendor[Any], mock: Document, live: Document, live_url: str,
               failed: Collection[str] = ()) -> dict[str, Finding]:
    """Write the findings of a run into the vendor's proof.json, and remove those that the run contradicts.

    Raises ValueError when the live side is a mocksrv, as in a rehearsal: that proves nothing.
    """
    if is_mocksrv(live_url):
        raise ValueError(f"{live_url} is a mocksrv, no live service: what it answers proves nothing")
    file = fixtures.path(vendor.name, "accepted.toml")
    entries = accepted.read(file, vendor.name) if file.exists() else []
    found, against = proved(vendor.operations, mock, live, failed=failed,
                            reviewed=lambda one: any(entry.covers(one) for entry in entries))
    record(vendor.name, "live", found, against)
    return found


def is_mocksrv(base_url: str) -> bool:
    """Whether the server has a control plane: that answers at the root, even if it refuses the caller."""
    root = urlsplit(base_url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{root.scheme}://{root.netloc.rpartition('@')[2]}/_mocksrv/ready", timeout=30) as answer:
            return b'"instance"' in answer.read(1_000)
    except urllib.error.HTTPError as error:
        return error.headers.get_content_type() == "application/problem+json"
