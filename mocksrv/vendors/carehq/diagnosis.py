"""Why a signature is wrong: the usual mistakes are tried out, and the string that the server signed is shown. What a
client signed can only be known if one of these mistakes gives the same signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from mocksrv.vendors.carehq import signatures
from mocksrv.vendors.carehq.signatures import LENIENT, Pairs, Signed, canonical, form, split, string_to_sign

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.vendors.carehq.keys import Key
    from mocksrv.world import World

AROUND = 24  # characters shown on either side of a difference
TRIED = 100_000  # bytes of arguments at most for which slips are tried: each costs a hash of them all
SHOWN = 600  # characters of a signed string that are shown at most


def quoted(text: str) -> str:
    """In double quotes, on one line, in ASCII."""
    return json.dumps(text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)")


def of_clock(ahead: float, now: float) -> str:
    side = "ahead of" if ahead > 0 else "behind"
    return (f"clock is {abs(ahead):.0f} s {side} the server's, which reads {int(now)}; "
            f"set the client's clock, or move the server's with /_mocksrv/clock")


def of_version(version: str, accepted: list[str]) -> str:
    if version:
        return f"X-CareHQ-Signature-Version is {version!r}; send one of {', '.join(accepted)}"
    return "the legacy scheme (no X-CareHQ-Signature-Version header) is off: carehq.legacy_signatures=true turns it on"


def both_strings(request: Signed, theirs: str) -> str:
    """The string that the server signed, and where the client's string begins to differ from it."""
    ours = string_to_sign(request, canonical(sorted(split(request.raw, form))))
    return f"the server signed {quoted(ours)}; {first_difference(ours, theirs)}"


def first_difference(ours: str, theirs: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    start = max(0, at - AROUND)
    return (f"the client's differs at character {at + 1}: {quoted(theirs[start: at + AROUND])}"
            f" instead of {quoted(ours[start: at + AROUND])}")


def of_signature(world: World, call: Call, key: Key, request: Signed, legacy: bool) -> str:
    """The diagnosis: what the server signed, where the client's string differs if that is known, and the next step."""
    pairs = split(request.raw, form)
    if legacy:
        ours = request.timestamp + signatures.concatenated(pairs) + "<secret>"
    else:
        ours = string_to_sign(request, canonical(sorted(pairs)))
    small = len(request.raw) + len(request.other) <= TRIED
    found = next(slips(world, call, key, request, legacy), None) if small else None
    if found is None:
        return (f"the server signed {quoted(ours)}; no usual slip explains the signature: most likely the secret is "
                f"not that of key {key.api_key} (GET /_mocksrv/credentials tells it); else compare this string with "
                "the client's")
    slip, theirs = found
    return f"{slip}: the server signed {quoted(ours)}" + (f"; {first_difference(ours, theirs)}" if theirs else "")


Slip = tuple[str, str | None]  # what went wrong, and the string that the client signed


def slips(world: World, call: Call, key: Key, request: Signed, legacy: bool) -> Iterator[Slip]:
    """The mistakes that would give the client's signature."""
    yield from other_scheme(call, key, request, legacy)
    yield from other_secret(world, key, request, legacy)
    if legacy:
        yield from legacy_slips(key, request)
        return
    right = string_to_sign(request, canonical(sorted(split(request.raw, form))))
    for name, digest in DIGESTS:
        if digest(key.api_secret, right) == request.signature:
            yield f"the string is right, but the signature is {name}", None
    for name, variants in STRINGS:
        for text in variants(request, call):
            if signatures.sign(key.api_secret, text) == request.signature:
                yield name, text


def other_scheme(call: Call, key: Key, request: Signed, legacy: bool) -> Iterator[Slip]:
    if legacy and request.nonce and signatures.match_current(request, key.api_secret, strict=False):
        yield "the signature fits scheme 2.0, but the X-CareHQ-Signature-Version: 2.0 header is missing", None
    if not legacy and signatures.match_legacy(request, key.api_secret, strict=False):
        yield "the signature fits the legacy scheme, but X-CareHQ-Signature-Version says 2.0", None


def other_secret(world: World, key: Key, request: Signed, legacy: bool) -> Iterator[Slip]:
    matches = signatures.match_legacy if legacy else signatures.match_current
    secrets = {k["api_secret"]: f"the secret of key {k['api_key']}" for k in world.table("carehq.keys").all()}
    secrets |= {key.api_key: "the API key in the place of the secret",
                key.account_id: "the account Id in the place of the secret", "": "an empty secret",
                f"{key.api_secret}\n": "the secret with a line break behind it"}
    for secret, name in secrets.items():
        if secret != key.api_secret and matches(request, secret, True):
            yield f"the request was signed with {name}", None


# --- scheme 2.0 ------------------------------------------------------------------------------------------------------

Digest = Callable[[str, str], str]


def hashed(name: str, text: str) -> str:
    return hashlib.new(name, text.encode("utf-8", LENIENT)).hexdigest()


def mac(name: str, secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), text.encode("utf-8", LENIENT), name).digest()


DIGESTS: tuple[tuple[str, Digest], ...] = (
    ("in upper case", lambda secret, text: mac("sha256", secret, text).hex().upper()),
    ("in base64 instead of hexadecimal", lambda secret, text: base64.b64encode(mac("sha256", secret, text)).decode()),
    ("an HMAC-SHA1 instead of an HMAC-SHA256", lambda secret, text: mac("sha1", secret, text).hex()),
    ("an HMAC-SHA512 instead of an HMAC-SHA256", lambda secret, text: mac("sha512", secret, text).hex()),
    ("a plain SHA-256 of secret and string", lambda secret, text: hashed("sha256", secret + text)),
    ("a plain SHA-256 of string and secret", lambda secret, text: hashed("sha256", text + secret)),
)

Variants = Callable[[Signed, "Call"], list[str]]


def with_arguments(*making: Callable[[Signed], str]) -> Variants:
    return lambda request, call: [string_to_sign(request, make(request)) for make in making]


def with_path(*making: Callable[[Signed, Call], str]) -> Variants:
    return lambda request, call: [
        string_to_sign(request._replace(path=make(request, call)), arguments(request)) for make in making]


def arguments(request: Signed) -> str:
    return canonical(sorted(split(request.raw, form)))


def encoded(pairs: Pairs) -> Pairs:
    return [(quote(key, safe=""), quote(value, safe="", errors=LENIENT)) for key, value in pairs]


def raw_text(raw: bytes) -> str:
    return raw.decode("utf-8", LENIENT)


def once(pairs: Pairs) -> Pairs:
    return list(dict(pairs).items())


def full_path(request: Signed, call: Call) -> str:
    return raw_text(signatures.undecoded_target(call.target)).partition("?")[0]


STRINGS: tuple[tuple[str, Variants], ...] = (
    ("signature matches an empty argument list: were the arguments left out", with_arguments(lambda r: "")),
    ("the method is to be signed in upper case", lambda request, call: [
        string_to_sign(request._replace(method=request.method.lower()), text) for text in (arguments(request), "")]),
    ("the path is to be signed with /v1/", with_path(
        lambda r, call: r.path.removeprefix("/v1"), lambda r, call: r.path.removeprefix("/v1/"))),
    ("the path is to be signed with its leading slash", with_path(lambda r, call: r.path.lstrip("/"))),
    ("the version is twice in the path", with_path(lambda r, call: f"/v1{r.path}")),
    ("the slash at the end of the path differs", with_path(
        lambda r, call: r.path.rstrip("/"), lambda r, call: f"{r.path}/")),
    ("the path is to be signed without what stands before /v1/", with_path(
        full_path, lambda r, call: f"{call.prefix}{r.path}", lambda r, call: f"{call.base_url}{r.path}")),
    ("the path is to be signed without percent-encoding", with_path(lambda r, call: quote(r.path, errors=LENIENT))),
    ("the path is to be signed without the query", with_path(lambda r, call: f"{r.path}?{raw_text(r.raw)}")),
    ("keys and values are to be signed in ascending order", with_arguments(
        lambda r: canonical(split(r.raw, form)),
        lambda r: canonical(sorted(split(r.raw, form), key=lambda pair: pair[0])))),
    ("keys and values are to be signed without percent-encoding", with_arguments(
        lambda r: canonical(sorted(encoded(split(r.raw, form)))),
        lambda r: canonical(sorted(split(r.raw, signatures.undecoded))),
        lambda r: canonical(sorted(split(r.raw, signatures.keeping_plus))))),
    ("arguments are to be joined with line feeds, decoded and sorted", with_arguments(
        lambda r: raw_text(r.raw),
        lambda r: "&".join(f"{k}={v}" for k, v in sorted(split(r.raw, form))),
        lambda r: "".join(f"{k}{v}" for k, v in sorted(split(r.raw, form))))),
    ("arguments end without a line feed", with_arguments(lambda r: arguments(r) + "\n")),
    ("the string ends with a line feed even without arguments",
     lambda request, call: [string_to_sign(request, arguments(request)).rstrip("\n")]),
    ("lines are to be separated by line feeds alone",
     lambda request, call: [string_to_sign(request, arguments(request)).replace("\n", "\r\n")]),
    ("every value of a repeated key is to be signed", with_arguments(
        lambda r: canonical(sorted(once(split(r.raw, form)))),
        lambda r: canonical(sorted(once(split(r.raw, form)[::-1]))))),
    ("arguments with an empty value are to be signed too", with_arguments(
        lambda r: canonical(sorted((k, v) for k, v in split(r.raw, form) if v)))),
    ("GET signs the query, every other method the body", with_arguments(
        lambda r: canonical(sorted(split(r.other, form))),
        lambda r: canonical(sorted(split(r.raw, form) + split(r.other, form))))),
)


# --- the legacy scheme -----------------------------------------------------------------------------------------------


def legacy_slips(key: Key, request: Signed) -> Iterator[Slip]:
    pairs = split(request.raw, form)
    variants = (
        ("signature matches an empty argument list: were the arguments left out", request.timestamp, ""),
        ("arguments are to be signed in the order of the wire", request.timestamp,
         signatures.concatenated(sorted(pairs))),
        ("arguments are to be signed without separators and percent-encoding", request.timestamp,
         raw_text(request.raw)),
        ("the timestamp is to be signed as it is sent", request.timestamp.partition(".")[0],
         signatures.concatenated(pairs)),
        ("GET signs the query, every other method the body", request.timestamp,
         signatures.concatenated(split(request.other, form))),
    )
    for name, timestamp, body in variants:
        if signatures.sign_legacy(key.api_secret, timestamp, body) == request.signature:
            yield name, f"{timestamp}{body}<secret>"
