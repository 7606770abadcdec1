"""Answers compressed with gzip or deflate for clients that accept it, like Express' package `compression`: compressible
types, if the answer is long or its length unknown. CHT 4.15 source, api/src/routing.js.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import closing

from mocksrv.call import Reply
from mocksrv.vendors.cht.call import Call

THRESHOLD = 1024  # bytes
LEVEL, GZIP, DEFLATE = 6, 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
# The types that the package `compressible` names (mime-db), as far as anything here has them.
TYPES = re.compile(
    r"text/.+|.+\+(?:json|text|xml)|application/(?:javascript|json|xml|postscript|rtf|wasm|x-javascript|x-tar|x-sh"
    r"|x-font-ttf|vnd\.ms-fontobject)|font/(?:ttf|otf)|image/(?:bmp|x-icon|vnd\.microsoft\.icon|x-ms-bmp)",
    re.IGNORECASE)


def compressible(content_type: str | None) -> bool:
    """Whether answers of that type are compressed."""
    return bool(content_type) and TYPES.fullmatch((content_type or "").partition(";")[0].strip()) is not None


def applied(call: Call, reply: Reply) -> Reply:
    """The answer as sent: compressed, and then without a length, if client and type allow it."""
    without = call.method == "HEAD" or reply.status in (204, 304)  # a body
    method = None if without else chosen(call.header("accept-encoding"))
    if method is None:
        return reply
    headers = {name.lower(): value for name, value in reply.headers}
    # Answers with this Vary header passed the middleware and are of a compressible type.
    if "Accept-Encoding" not in headers.get("vary", "") or "content-encoding" in headers:
        return reply
    if not reply.streams and not reply.chunked and int(headers.get("content-length", len(reply.body))) < THRESHOLD:
        return reply
    kept = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
    body = reply.body if reply.streams else iter((reply.body,))
    return Reply(packed(body, GZIP if method == "gzip" else DEFLATE), reply.status,
                 [*kept, ("Content-Encoding", method)])


def chosen(accept: str) -> str | None:
    """The encoding of the answer to a client that accepts that; gzip before deflate, whatever the client prefers."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, _, parameter = part.partition(";")
        key, _, value = parameter.strip().partition("=")
        try:
            weights[name.strip()] = float(value) if key == "q" else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    gzip, deflate = (weights.get(name, weights.get("*", 0.0)) for name in ("gzip", "deflate"))
    if max(gzip, deflate) <= 0 or weights.get("identity", 0.0) > max(gzip, deflate):
        return None
    return "gzip" if gzip > 0 else "deflate"


def packed(chunks: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """The chunks compressed one by one, so that none waits for the next."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, bits)
    if not hasattr(chunks, "close"):
        chunks = (chunk for chunk in chunks)
    with closing(chunks):  # type: ignore[type-var]
        for chunk in chunks:
            if chunk:
                yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
