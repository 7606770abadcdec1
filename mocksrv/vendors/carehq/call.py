"""A request to CareHQ, with what its signature and the rate limit say."""

from __future__ import annotations

from typing import Any

from mocksrv import call
from mocksrv.call import Headers
from mocksrv.vendors.carehq.signatures import Pairs


class Call(call.Call):
    def __init__(self, **received: Any) -> None:
        super().__init__(**received)
        self.pairs: Pairs = []  # its arguments, from query and body
        self.limit: Headers = []  # what is left of the rate limit, for the answer's headers
