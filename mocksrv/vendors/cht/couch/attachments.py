"""Attachments: stubs in the document, content beside it.

Content is stored in a table by its digest. Like CouchDB's, the digest of a compressible type is that of the compressed
content (CHT's settings: level 8, see COMPRESSIBLE), which is what revisions are made of.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.couch.errors import unknown
from mocksrv.world import World

TABLE = "cht.attachments"
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/xml")
LEVEL = 8
LARGEST = 32 * 1024 * 1024  # bytes; what the API takes in one request
Stub = dict[str, Any]


class Unknown(Exception):
    """A stub of an attachment that the document does not have; CouchDB answers 412."""

    def __init__(self, id: str, name: str) -> None:
        super().__init__(f"Invalid attachment stub in {id} for {name}")


class BadData(Exception):
    """Content that is not base64, or whose type is not a text."""


def absorb(world: World, id: str, given: Mapping[str, Any], before: Mapping[str, Any], revpos: int) -> dict[str, Stub]:
    """The stubs to store of a document's `_attachments`: new content is stored, stubs are looked up in those of the
    previous revision."""
    stubs = {}
    for name, one in given.items():
        if not isinstance(one, dict):
            raise BadData(f"Attachment {name} is not an object")
        if name.startswith("_"):
            raise BadData(f"Attachment name '{name}' starts with prohibited character '_'")
        if one.get("stub") or one.get("follows") or "data" not in one:
            if name not in before:
                raise Unknown(id, name)
            stubs[name] = dict(before[name])
        else:
            try:
                content = base64.b64decode(one["data"], validate=True)
            except (binascii.Error, TypeError, ValueError):
                raise BadData(f"Invalid attachment data for {name}") from None
            content_type = one.get("content_type") or "application/octet-stream"
            if not isinstance(content_type, str):
                raise BadData(f"Attachment content_type for {name} is not a string")
            kept = keep_packed if one.get("encoding") == "gzip" else keep
            stubs[name] = kept(world, content, content_type, revpos)
    return stubs


def keep(world: World, content: bytes, content_type: str, revpos: int) -> Stub:
    """Store content; returns its stub."""
    packed = pack(content) if compressible(content_type) else content
    digest = "md5-" + base64.b64encode(hashlib.md5(packed, usedforsecurity=False).digest()).decode()
    world.table(TABLE).put(digest, {"data": base64.b64encode(content).decode()})
    return {"content_type": content_type, "revpos": revpos, "digest": digest, "length": len(content), "stub": True}


def keep_packed(world: World, packed: bytes, content_type: str, revpos: int) -> Stub:
    """Store content that was sent with gzip, or is declared so: CouchDB decompresses it only when it is read.

    Its length is that of what was sent.
    """
    digest = "md5-" + base64.b64encode(hashlib.md5(packed, usedforsecurity=False).digest()).decode()
    try:
        record: dict[str, Any] = {"data": base64.b64encode(unpack(packed)).decode()}
    except ValueError:
        record = {"data": base64.b64encode(packed).decode(), "broken": True}
    world.table(TABLE).put(digest, record)
    return {"content_type": content_type, "revpos": revpos, "digest": digest, "length": len(packed), "stub": True}


def media_type(stub: Mapping[str, Any]) -> str:
    """The content type as a header's value: its UTF-8 bytes, on one line."""
    line = str(stub["content_type"]).replace("\r", " ").replace("\n", " ")
    return line.encode("utf-8", "replace").decode("latin-1")


def read(world: World, stub: Mapping[str, Any]) -> bytes:
    """The content of a stub; fails as CouchDB does if it is not compressed as declared."""
    record = world.table(TABLE).peek(stub["digest"])
    if record and record.get("broken"):
        unknown("data_error", diagnosis="this attachment was uploaded with Content-Encoding gzip, but is not gzip")
    return base64.b64decode(record["data"]) if record else b""


def compressible(content_type: str) -> bool:
    """Whether CouchDB stores content of that type compressed."""
    return content_type.lower().startswith(COMPRESSIBLE)


def packs(stub: Mapping[str, Any]) -> bool:
    """The same for a stored attachment."""
    return compressible(stub["content_type"])


def pack(content: bytes) -> bytes:
    """Compress with gzip, as CouchDB does."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9)
    return packer.compress(content) + packer.flush()


def unpack(content: bytes) -> bytes:
    """Decompress gzip; raises ValueError."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(content, LARGEST + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(data) > LARGEST or not unpacker.eof:
        raise ValueError("too large, or not complete")
    return data


def stored(world: World, stub: Mapping[str, Any]) -> bytes:
    """The content as CouchDB stores it: compressed, if its type is compressible."""
    content = read(world, stub)
    return pack(content) if packs(stub) else content


def encoding_info(world: World, stub: Mapping[str, Any]) -> dict[str, Any]:
    """What `att_encoding_info` adds to a stub."""
    return {"encoding": "gzip", "encoded_length": len(stored(world, stub))} if packs(stub) else {}


def hashed(stubs: Mapping[str, Stub]) -> list[tuple[str, str, bytes]]:
    """Name, type and MD5 of each, as revisions need them."""
    return [(name, stub["content_type"], base64.b64decode(stub["digest"].removeprefix("md5-")))
            for name, stub in stubs.items()]
