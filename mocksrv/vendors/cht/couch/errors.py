"""CouchDB's refusals: a status, and a body of `error` and `reason`."""

from __future__ import annotations

import zlib
from typing import NoReturn

from mocksrv.call import Refusal


class CouchError(Refusal):
    """An error of the database behind the API; with a `ref` to its log, a number that the same error always has."""

    def __init__(self, status: int, error: str, reason: str, *, ref: bool = False,
                 diagnosis: str | None = None) -> None:
        log = {"ref": zlib.crc32(f"{error}: {reason}".encode())} if ref else {}
        super().__init__(status, {"error": error, "reason": reason, **log}, diagnosis=diagnosis or reason)


def couch(status: int, error: str, reason: str, *, ref: bool = False, diagnosis: str | None = None) -> NoReturn:
    """Refuse as CouchDB does."""
    raise CouchError(status, error, reason, ref=ref, diagnosis=diagnosis)


def unknown(reason: str, *, diagnosis: str) -> NoReturn:
    """CouchDB's own failure at a request that it does not check."""
    couch(500, "unknown_error", reason, ref=True, diagnosis=diagnosis)
