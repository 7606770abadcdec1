"""A request to CommCare HQ, with what is found out about it on the way to its handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv import call
from mocksrv.operation import Operation


class Call(call.Call):
    def __init__(self, **received: Any) -> None:
        super().__init__(**received)
        # The operation whose checks hold: the call's own, or one of its path when the method is wrong.
        self.subject: Operation | None = None
        self.login_scheme = ""  # basic, digest, apikey ...
        self.methods = ""  # allowed methods of the path, for the header
        self.window: str | None = None  # of the throttle: the window in which the call counts once it has been answered

    @property
    def traits(self) -> Mapping[str, Any]:
        """What the subject declares."""
        assert self.subject is not None, "checks.before_login sets it"
        return self.subject.traits
