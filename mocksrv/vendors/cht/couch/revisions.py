"""Revision ids as CouchDB makes them: a hash of the document's content and of the revision before it.

The same document written to two servers gets the same revision. CouchDB 3.3 source, couch_db:new_revid: the
MD5 of Erlang's external term format of [deleted, previous generation, previous revision, body, attachments].
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from typing import Any

from mocksrv.vendors.cht.couch.errors import couch
from mocksrv.vendors.cht.node import json_text

HASH = re.compile("[0-9a-fA-F]{32}")
LONE = json_text.LONE.encode()
PREFIX = b"\x83"  # version byte of Erlang's external term format
Attachments = Sequence[tuple[str, str, bytes]]  # name, content type, MD5


def atom(name: bytes) -> bytes:
    return b"d" + struct.pack(">H", len(name)) + name


ATOMS = {True: atom(b"true"), False: atom(b"false"), None: atom(b"null")}


def _binary(value: bytes) -> bytes:
    return b"m" + struct.pack(">I", len(value)) + value


def _integer(value: int) -> bytes:
    if 0 <= value < 256:
        return bytes((97, value))
    if -(2**31) <= value < 2**31:
        return b"b" + struct.pack(">i", value)
    size = (abs(value).bit_length() + 7) // 8
    return bytes((110, size, value < 0)) + abs(value).to_bytes(size, "little")


def _list(items: Sequence[bytes]) -> bytes:
    return b"l" + struct.pack(">I", len(items)) + b"".join(items) + b"j" if items else b"j"


def term(value: Any) -> bytes:
    """A JSON value as an Erlang term: objects are {[{Key, Value}]}, strings are binaries."""
    if value is None or value is True or value is False:
        return ATOMS[value]
    if isinstance(value, str):
        return _binary(value.encode("utf-8", "replace"))
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, dict):
        return b"h\x01" + _list([b"h\x02" + term(key) + term(inner) for key, inner in value.items()])
    if isinstance(value, float):
        return b"F" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _binary(value)
    # Erlang packs a list of bytes as a string.
    if value and len(value) < 65536 and all(type(item) is int and 0 <= item < 256 for item in value):
        return b"k" + struct.pack(">H", len(value)) + bytes(value)
    return _list([term(item) for item in value])


def digest(body: dict[str, Any], previous: str | None = None, deleted: bool = False,
           attachments: Attachments = ()) -> str:
    """The next revision, `N-<32 hex>`, of a document with that body (without its _ members)."""
    generation, old = 0, term(0)
    if previous:
        number, _, hexed = previous.partition("-")
        # Only CouchDB's own hashes become bytes; revisions from elsewhere may be any text.
        generation, old = int(number), _binary(bytes.fromhex(hexed) if HASH.fullmatch(hexed) else hexed.encode())
    files = _list([b"h\x03" + term(name) + term(kind) + _binary(md5)
                   for name, kind, md5 in reversed(attachments)])
    inside = term(body)
    if LONE in inside:
        couch(400, "bad_request", "invalid UTF-8 JSON", diagnosis="a text has half of a surrogate pair")
    packed = _list([ATOMS[deleted], _integer(generation), old, inside, files])
    return f"{generation + 1}-{hashlib.md5(PREFIX + packed, usedforsecurity=False).hexdigest()}"
