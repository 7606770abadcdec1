"""Every "no" of CouchDB: a status, and a body of `error` and `reason`."""

from __future__ import annotations

from typing import NoReturn

from mocksrv.call import Refusal


class CouchError(Refusal):
    """An error of the database behind the API."""

    def __init__(self, status: int, error: str, reason: str, *, diagnosis: str | None = None) -> None:
        super().__init__(status, {"error": error, "reason": reason}, diagnosis=diagnosis or reason)


def couch(status: int, error: str, reason: str, *, diagnosis: str | None = None) -> NoReturn:
    """Refuse as CouchDB does."""
    raise CouchError(status, error, reason, diagnosis=diagnosis)
