"""HTTP Digest as HQ's python-digest speaks it. Source: django-digest 1.13, HttpDigestAuthenticator; recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import md5
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mocksrv.vendors.commcare.call import Call

if TYPE_CHECKING:
    from mocksrv.world import World

REALM = "DJANGO"
NONCES, STARTS = "commcare.nonces", "commcare.digest-starts"
LIFE = 300.0  # seconds within which a nonce must be used first
BODY = "Authorization Required"
REQUIRED = ("username", "realm", "nonce", "uri", "response", "opaque", "qop", "nc", "cnonce")
PART = re.compile(r'\s*(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(,|$)')
COUNT = re.compile("[0-9a-f]{8}")
KEPT = 10_000  # nonces that are remembered


def md5_hex(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def secret(world: World) -> str:
    return md5_hex(f"commcare digest secret {world.random.seed_text} {world.memory.get(STARTS, 0)}")


def forget(world: World) -> None:
    """Forget all nonces, as after a restart."""
    world.memory[STARTS] = world.memory.get(STARTS, 0) + 1
    world.memory.pop(NONCES, None)


def challenge(world: World) -> str:
    """A new WWW-Authenticate value. Every part is quoted, and stale is always false."""
    moment, salt = str(world.clock.time()), world.hex(4).upper()
    nonce = f"{moment}:{salt}:{md5_hex(f'{moment}:{salt}:{secret(world)}')}"
    opaque = world.hex(32).upper()
    return (f'Digest realm="{REALM}", qop="auth", nonce="{nonce}", opaque="{opaque}", algorithm="MD5", '
            f'stale="false"')


def parse(header: str) -> dict[str, str] | None:
    """The parts of a Digest header; None if it has none or is malformed."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    parts, at, more = {}, 0, False
    rest = rest.strip()
    while at < len(rest) or more:
        found = PART.match(rest, at)
        if found is None or found.end() == at:
            return None
        parts[found[1].lower()] = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        at, more = found.end(), found[4] == ","
    return parts


def unread(call: Call) -> str:
    """Why there are no credentials in the Authorization header. Its text is not told: it may be a secret alone."""
    header = call.header("authorization").strip()
    if not header:
        return "no credentials; send an API key, Basic or Digest"
    if header.partition(" ")[0].lower() == "digest":
        return "the Digest header cannot be read: it takes name=\"value\" with commas between"
    return ("the Authorization header cannot be read as one that CommCare HQ takes: ApiKey username:key, "
            "Basic with username:password in base 64, or Digest")


def response(username: str, password: str, method: str, parts: dict[str, str]) -> str:
    """What the `response` part must be."""
    ha1 = md5_hex(f"{username}:{REALM}:{password}")
    ha2 = md5_hex(f"{method}:{parts['uri']}")
    return md5_hex(":".join((ha1, parts["nonce"], parts["nc"], parts["cnonce"], "auth", ha2)))


def verify(world: World, call: Call, parts: dict[str, str] | None,
           user: Mapping[str, Any] | None) -> str | None:
    """Why a Digest header is refused, or None if it is valid. A valid one uses up its `nc`."""
    if parts is None:
        return unread(call)
    missing = [name for name in REQUIRED if name not in parts]
    if missing:
        return f"the digest lacks {', '.join(missing)}"
    if parts["realm"] != REALM or parts["qop"] != "auth" or parts.get("algorithm", "MD5") != "MD5":
        return f"the digest must have realm {REALM}, qop auth, algorithm MD5"
    path = unquote(call.target.partition("?")[0])
    if unquote(path_of(parts["uri"])) != path:
        return f"the digest is for {parts['uri']}, the request for {path}"
    if user is None or not user["active"] or not user["password"]:
        return f"no active user {parts['username']!r}"
    if parts["response"] != response(parts["username"], user["password"], call.method, parts):
        return "the digest's response is wrong: other password, method or uri"
    return use(world, parts["nonce"], parts["nc"])


def path_of(uri: str) -> str:
    """The path of a URI, which may be an absolute one."""
    try:
        return urlsplit(uri).path
    except ValueError:
        return ""


def use(world: World, nonce: str, nc: str) -> str | None:
    """Count a use of a nonce; returns why it may not be used, or None."""
    if not COUNT.fullmatch(nc):
        return "nc must be eight hexadecimal digits in lower case"
    count = int(nc, 16)
    used: dict[str, int] = world.memory.setdefault(NONCES, {})
    if nonce in used:
        if count <= used[nonce]:
            return f"nc {nc} was used before with this nonce"
    else:
        moment, _, rest = nonce.partition(":")
        salt, _, sealed = rest.partition(":")
        if sealed != md5_hex(f"{moment}:{salt}:{secret(world)}"):
            return "the nonce was not given out by this server"
        if not 0 <= world.clock.time() - float(moment) + 1 <= LIFE + 1:
            return "the nonce is older than 300 seconds"
        if len(used) >= KEPT:
            used.pop(next(iter(used), ""), None)
    used[nonce] = count
    return None
