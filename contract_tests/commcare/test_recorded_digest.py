"""What django-digest with python-digest answered to Authorization headers, described in words: see
fixtures/commcare/recorded."""

import json
import re
from hashlib import md5
from urllib.parse import urlsplit

import pytest
import requests

from mocksrv import fixtures

pytestmark = pytest.mark.mock_only
ASKED = "/a/demo/api/group/v1/"
USERNAME, PASSWORD = "brudolph@dimagi.com", "password"
LINES = [json.loads(line) for line in
         fixtures.path("commcare", "recorded", "2026-11-28", "digest.jsonl").read_text(encoding="utf-8").splitlines()]


def md5_hex(text):
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def header(nonce, uri, *, password=PASSWORD, method="GET", without=(), quoted=True, **given):
    """An Authorization header that is good but for what is given."""
    parts = {"username": USERNAME, "realm": "DJANGO", "nonce": nonce, "uri": uri, "algorithm": "MD5", "qop": "auth",
             "nc": "00000001", "cnonce": "0a4f113b", "opaque": "A" * 32} | given
    ha1 = md5_hex(f"{parts['username']}:{parts['realm']}:{password}")
    ha2 = md5_hex(f"{method}:{parts['uri']}")
    parts["response"] = md5_hex(":".join((ha1, parts["nonce"], parts["nc"], parts["cnonce"], parts["qop"], ha2)))
    bare = {"nc"} if quoted else {"nc", "algorithm"}
    return "Digest " + ", ".join(f"{name}={value}" if name in bare else f'{name}="{value}"'
                                 for name, value in parts.items() if name not in without)


def others(host, uri):
    """What the cases change in a good header, for those that are neither `without ...` nor replays."""
    return {
        "good": {}, "alg unquoted": {"quoted": False}, "alg lower": {"algorithm": "md5"},
        "alg sess": {"algorithm": "MD5-sess"}, "qop quoted": {"qop": "auth"}, "qop auth-int": {"qop": "auth-int"},
        "opaque other": {"opaque": "B" * 32}, "uri with query, not sent": {"uri": f"{uri}?limit=1"},
        "uri other path": {"uri": uri.replace("group", "user")}, "uri absolute": {"uri": f"{host}{uri}"},
        "wrong password": {"password": "wrong"}, "unknown user": {"username": "nobody"},
        "upper user": {"username": USERNAME.upper()},
        "first nc=0": {"nc": "00000000"}, "first nc=9": {"nc": "00000009"},
        "nc short": {"nc": "1"}, "nc 10 digits": {"nc": "0000000001"}, "nc hex": {"nc": "0000000a"},
        "nc HEX": {"nc": "0000000A"}, "nc junk": {"nc": "zzzzzzzz"}, "method wrong": {"method": "POST"},
        "extra part": {"foo": "bar"}, "escaped quote": {"foo": 'a\\"b'}, "realm other": {"realm": "OTHER"},
        "nonce junk": {"nonce": "junk"}, "stale nonce form": {"nonce": "1448653000.25:A1B2:" + "0" * 32},
        "cnonce empty": {"cnonce": ""},
    }


WRITTEN = {
    "scheme lower": lambda good: good.replace("Digest", "digest", 1),
    "scheme UPPER": lambda good: good.replace("Digest", "DIGEST", 1),
    "two spaces": lambda good: good.replace("Digest ", "Digest  ", 1),
    "uri upper": lambda good: good.replace("uri=", "URI="),
    "no spaces after commas": lambda good: good.replace(", ", ","), "trailing comma": lambda good: f"{good},",
    "only Digest": lambda good: "Digest", "Digest x": lambda good: "Digest x",
}
REPLAYS = {"replay 1": 1, "replay 2": 1, "replay nc=2": 2, "replay nc=1 again": 1, "replay nc=5": 5, "replay nc=3": 3}


def test_every_header_gets_what_was_recorded(mocksrv):
    def ask(authorization=None):
        headers = {"Authorization": authorization} if authorization else {}
        return requests.get(f"{mocksrv.url}{ASKED}", headers=headers, timeout=30)

    def nonce():
        return re.search(r'nonce="([^"]*)"', ask().headers["WWW-Authenticate"])[1]

    parts = urlsplit(f"{mocksrv.url}{ASKED}")
    replayed, changes, told = nonce(), others(f"{parts.scheme}://{parts.netloc}", parts.path), {}
    for line in LINES:
        name = line["name"]
        if name == "none":
            answer = ask()
        elif name in REPLAYS:
            answer = ask(header(replayed, parts.path, nc=f"{REPLAYS[name]:08x}"))
        else:
            missing = name.removeprefix("without ") if name.startswith("without ") else ()
            good = header(**({"nonce": nonce(), "uri": parts.path, "without": (missing,) if missing else ()}
                             | changes.get(name, {})))
            answer = ask(WRITTEN.get(name, str)(good))
        assert name in ("none", *REPLAYS, *changes, *WRITTEN) or name.startswith("without "), name
        expected = line["response"]
        told[name] = (expected["status"], answer.status_code)
        if answer.status_code == expected["status"] == 401:
            recorded = dict(expected["headers"])
            challenge = re.sub(r'(nonce|opaque)="[^"]*"', r"\1=…", answer.headers["WWW-Authenticate"])
            assert (answer.headers["Content-Type"], challenge, answer.text) == (
                recorded["Content-Type"], recorded["WWW-Authenticate"], expected["body"])
    assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}
    assert len(told) == 52


def test_a_nonce_looks_like_python_digests(mocksrv):
    challenge = requests.get(f"{mocksrv.url}{ASKED}", timeout=30).headers["WWW-Authenticate"]
    assert re.search(r'nonce="\d+\.\d+:[0-9A-F]{4}:[0-9a-f]{32}"', challenge)
