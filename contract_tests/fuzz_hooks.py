"""What schemathesis needs to know of mocksrv: how requests to CareHQ are signed, and which failure is ours.

It is loaded into schemathesis' own process; see `fuzz.py`.
"""

import itertools
import os
import time

import requests
import schemathesis

from mocksrv.vendors.carehq.signatures import Signed, canonical, form, path_of, sign, split, string_to_sign

ACCOUNT, KEY, SECRET = "MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET"


class Signature(requests.auth.AuthBase):
    """Signs a request of whatever content, as CareHQ's clients do."""

    numbers = itertools.count()

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        query = request.path_url.partition("?")[2].encode()
        signed = query if request.method == "GET" else body
        timestamp, nonce = str(int(time.time())), f"fuzz-{next(self.numbers)}"
        path = path_of(request.path_url)
        text = string_to_sign(Signed(request.method, path, signed, b"", timestamp, nonce, ""),
                              canonical(sorted(split(signed, form))))
        request.headers.update({
            "X-CareHQ-AccountId": ACCOUNT, "X-CareHQ-APIKey": KEY, "X-CareHQ-Timestamp": timestamp,
            "X-CareHQ-Nonce": nonce, "X-CareHQ-Signature-Version": "2.0", "X-CareHQ-Signature": sign(SECRET, text)})
        return request


if os.environ["MOCKSRV_FUZZ"] == "carehq":
    schemathesis.auth.set_from_requests(Signature())


@schemathesis.check
def no_failure_of_ours(ctx, response, case):
    """A vendor's true answer may be a 500, and is declared; a failure of mocksrv itself says so in its diagnosis."""
    for line in response.headers.get("x-mocksrv-diagnosis", []):
        assert "mocksrv itself failed" not in line, line
