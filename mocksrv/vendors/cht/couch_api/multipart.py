"""Documents with their attachments as parts of one message: multipart/related, and several of them as multipart/mixed.

CouchDB 3.3 source, couch_doc, couch_httpd_multipart, chttpd_db (send_docs_multipart).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import attachments
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

RELATED, MIXED = "multipart/related", "multipart/mixed"
BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
FILE_NAME = re.compile(rb'filename="([^"]*)"', re.IGNORECASE)
JSON_PART = b"\r\nContent-Type: application/json\r\n\r\n"


def accepted(call: Call, kind: str) -> bool:
    """Whether the client accepts answers of that type; without Accept it does."""
    accept = call.header("accept")
    names = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return not accept or not names.isdisjoint((kind, f"{kind.partition('/')[0]}/*", "*/*"))


# --- out -----------------------------------------------------------------------------------------------------


def related(world: World, doc: Mapping[str, Any], boundary: str) -> tuple[str, bytes]:
    """A document followed by its attachments: content type and bytes. Without attachments it is plain JSON."""
    files: dict[str, Any] = doc.get("_attachments") or {}
    if not files:
        return "application/json", json_text.dumps(doc)
    edge = f"\r\n--{boundary}".encode()
    told = {name: follows(world, stub) for name, stub in files.items()}
    parts = [edge.lstrip(), JSON_PART, json_text.dumps({**doc, "_attachments": told})]
    for name, stub in files.items():
        data = attachments.stored(world, stub)
        head = (f'\r\nContent-Disposition: attachment; filename="{name}"\r\nContent-Type: {stub["content_type"]}'
                f"\r\nContent-Length: {len(data)}")
        packed = "\r\nContent-Encoding: gzip" if attachments.packs(stub) else ""
        parts += [edge, f"{head}{packed}\r\n\r\n".encode(), data]
    return f'{RELATED}; boundary="{boundary}"', b"".join([*parts, edge, b"--"])


def follows(world: World, stub: Mapping[str, Any]) -> dict[str, Any]:
    """The stub of an attachment that follows the document."""
    told = {name: value for name, value in stub.items() if name != "stub"} | {"follows": True}
    return told | attachments.encoding_info(world, stub)


def mixed(world: World, found: Iterable[Mapping[str, Any]], outer: str, inner: str) -> tuple[str, bytes]:
    """Several revisions, `{"ok": document}` or `{"missing": revision}`."""
    edge = f"--{outer}".encode()
    parts = [edge]
    for one in found:
        if "ok" in one:
            kind, data = related(world, one["ok"], inner)
        else:
            kind, data = 'application/json; error="true"', json_text.dumps(one)
        parts += [f"\r\nContent-Type: {kind}\r\n\r\n".encode(), data, b"\r\n", edge]
    return f'{MIXED}; boundary="{outer}"', b"".join([*parts, b"--"])


def byteranges(parts: Iterable[tuple[str, bytes]], content_type: str, boundary: str) -> tuple[str, bytes]:
    """Several ranges of one attachment, each with its `Content-Range`."""
    edge = f"--{boundary}\r\n"
    made = [f"{edge}Content-Type: {content_type}\r\nContent-Range: {told}\r\n\r\n".encode() + data + b"\r\n"
            for told, data in parts]
    return f'multipart/byteranges; boundary="{boundary}"', b"".join([*made, f"--{boundary}--".encode()])


# --- in ------------------------------------------------------------------------------------------------------


def read(content_type: str, body: bytes) -> dict[str, Any]:
    """The document of a multipart/related message, with the attachments that follow it as data.

    Raises ValueError.
    """
    named = BOUNDARY.search(content_type)
    if named is None:
        raise ValueError("the content type has no boundary")
    pieces = (b"\r\n" + body).split(f"\r\n--{named[1]}".encode())[1:]
    parts = [piece.partition(b"\r\n\r\n") for piece in pieces if not piece.startswith(b"--")]
    doc = json_text.loads(parts[0][2] if parts else b"")
    files = doc.get("_attachments") if isinstance(doc, dict) else None
    waiting = {name: one for name, one in (files or {}).items() if isinstance(one, dict) and one.get("follows")}
    for told, (head, _, data) in zip(list(waiting.values()), parts[1:], strict=False):
        if given := FILE_NAME.search(head):
            told = waiting.get(given[1].decode("utf-8", "replace"), told)
        told.pop("follows", None)
        content = attachments.unpack(data) if told.pop("encoding", None) == "gzip" else data
        told["data"] = base64.b64encode(content).decode()
    if any("data" not in one for one in waiting.values()):
        raise ValueError("expected more data")
    return doc  # type: ignore[no-any-return]
