"""CareHQ's two signature schemes: what is signed, how a request is read, and whether a signature is valid.

Scheme 2.0 is an HMAC-SHA256 over timestamp, nonce, method, path and sorted arguments. The legacy scheme is a plain
SHA-1 over timestamp, arguments in the order of the wire, and secret. Source: the official clients, Python 0.0.1 to
0.1.3, PHP, Ruby, C# and JavaScript.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

Pairs = list[tuple[str, str]]
CURRENT = "2.0"
LEGACY = ("1", "1.0")
VERSION = "/v1/"
# Arguments that are not UTF-8 must survive decoding byte for byte, or their signature could not be checked.
LENIENT = "surrogateescape"
PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})")


class Signed(NamedTuple):
    """The parts of a request that a signature covers. Texts are as received; `raw` is query (GET) or body."""

    method: str
    path: str  # decoded, from its first /v1/ on
    raw: bytes
    other: bytes  # the side that is sent but not signed: body (GET) or query
    timestamp: str
    nonce: str
    signature: str


class Match(NamedTuple):
    """How a signature was found valid."""

    how: str  # "" when nothing had to be tolerated
    pairs: Pairs


def split(raw: bytes, decode: Callable[[bytes], str]) -> Pairs:
    """The pairs of form-encoded text in their order; blank values stay, empty parts do not."""
    pairs = []
    for part in raw.split(b"&"):
        if part:
            key, _, value = part.partition(b"=")
            pairs.append((decode(key), decode(value)))
    return pairs


def form(text: bytes) -> str:
    """The pairs of form-encoded text, decoded: `+` is a space."""
    if b"%" not in text and b"+" not in text:
        return text.decode("utf-8", LENIENT)
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", LENIENT)


def keeping_plus(text: bytes) -> str:
    """Ruby's client leaves a `+` in a query as it is."""
    return unquote_to_bytes(text).decode("utf-8", LENIENT)


def undecoded(text: bytes) -> str:
    """Ruby's client sends its bodies without any encoding."""
    return text.decode("utf-8", LENIENT)


def percent_u(text: bytes) -> str:
    """Some .NET targets of the C# client write `%u00EB` where others write UTF-8."""
    plain = PERCENT_U.sub(lambda found: chr(int(found[1], 16)), text.decode("latin-1"))
    joined = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return form(joined.encode())


def path_of(target: str) -> str:
    """The signed part of a request target: the decoded path from its first `/v1/` on."""
    path = undecoded_target(target).partition(b"?")[0]
    text = unquote_to_bytes(path).decode("utf-8", LENIENT)
    start = text.find(VERSION)
    return text[start:] if start >= 0 else text


def undecoded_target(target: str) -> bytes:
    """The bytes of a request target that a WSGI server gave as text."""
    try:
        return target.encode("latin-1")
    except UnicodeEncodeError:
        return target.encode("utf-8", LENIENT)


# --- scheme 2.0 ------------------------------------------------------------------------------------------------------


def by_code_unit(pair: tuple[str, str]) -> tuple[bytes, bytes]:
    """JavaScript's order of texts: by UTF-16 code unit."""
    return pair[0].encode("utf-16-be", "surrogatepass"), pair[1].encode("utf-16-be", "surrogatepass")


def canonical(pairs: Iterable[tuple[str, str]]) -> str:
    """One line `key=value` for each pair, in the given order."""
    return "\n".join([f"{key}={value}" for key, value in pairs])


def string_to_sign(request: Signed, arguments: str) -> str:
    return f"{request.timestamp}\n{request.nonce}\n{request.method}\n{request.path}\n{arguments}"


def sign(secret: str, text: str) -> str:
    """The signature of scheme 2.0, as lower-case hexadecimal."""
    return hmac.new(secret.encode(), text.encode("utf-8", LENIENT), hashlib.sha256).hexdigest()


def readings(request: Signed, strict: bool) -> Iterator[tuple[str, Pairs]]:
    """The ways to read the signed arguments, the documented one first."""
    yield "", split(request.raw, form)
    if strict:
        return
    if request.method == "GET":
        if b"+" in request.raw:
            yield "a raw + in the query (Ruby)", split(request.raw, keeping_plus)
    elif request.raw:
        yield "a body without encoding (Ruby)", split(request.raw, undecoded)


def match_current(request: Signed, secret: str, strict: bool) -> Match | None:
    """How the request's signature is valid in scheme 2.0, or None."""
    for how, pairs in readings(request, strict):
        if fits(request, secret, sorted(pairs)):
            return Match(how, pairs)
        if not how and not strict and fits(request, secret, sorted(pairs, key=by_code_unit)):
            return Match("arguments in UTF-16 order (JavaScript)", pairs)
    return None


def fits(request: Signed, secret: str, pairs: Pairs) -> bool:
    expected = sign(secret, string_to_sign(request, canonical(pairs)))
    return hmac.compare_digest(expected.encode(), request.signature.encode("utf-8", LENIENT))


# --- the legacy scheme -----------------------------------------------------------------------------------------------


def grouped(pairs: Pairs) -> dict[str, list[str]]:
    """Values under their key, keys by first appearance."""
    groups: dict[str, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def concatenated(pairs: Pairs) -> str:
    """What Python 0.0.4 and 0.0.5, PHP, Ruby and C# sign."""
    return "".join(key + "".join(values) for key, values in grouped(pairs).items())


def as_json(pairs: Pairs) -> str:
    """What Python 0.0.1 to 0.0.3 sign."""
    return json.dumps(grouped(pairs))


def sign_legacy(secret: str, timestamp: str, body: str) -> str:
    return hashlib.sha1(f"{timestamp}{body}{secret}".encode("utf-8", LENIENT)).hexdigest()


def legacy_readings(request: Signed, strict: bool) -> Iterator[tuple[str, Pairs]]:
    yield from readings(request, strict)
    if strict:
        return
    if request.method != "GET" and request.other:
        yield "the query instead of the body (PHP)", split(request.other, form)
    if b"%u" in request.raw:
        yield "%u escapes (C#)", split(request.raw, percent_u)


def match_legacy(request: Signed, secret: str, strict: bool) -> Match | None:
    """How the request's signature is valid in the legacy scheme, or None."""
    signature = request.signature.encode("utf-8", LENIENT)
    for how, pairs in legacy_readings(request, strict):
        for body in (concatenated, as_json):
            expected = sign_legacy(secret, request.timestamp, body(pairs))
            if hmac.compare_digest(expected.encode(), signature):
                arguments = split(request.raw, form) if "query instead" in how else pairs
                return Match(how, arguments)
    return None
