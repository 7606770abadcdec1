"""Session cookies as CouchDB makes them: signed, not stored.

`AuthSession` is base64url of `name:time:hmac`; the key of the HMAC is the server's secret and the salt of the
user's password. So a session dies with its password or its account, and not by DELETE /_session.
CouchDB 3.3 source, couch_httpd_auth; CHT ships it with a life of one year.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mocksrv.call import Call
from mocksrv.vendors.cht.couch.tables import SERVER
from mocksrv.world import World

BLANK, TOKEN = r"[ \t\r\n]*", r'[^\x00-\x20()<>@,;:\\"/\[\]?={}]*'
PAIR = re.compile(rf'{BLANK}({TOKEN}){BLANK}(?:={BLANK}(?:"((?:\\.|[^"\\])*)|({TOKEN})))?[^;,]*[;,]?', re.DOTALL)
HEX = re.compile(rb"[0-9A-Fa-f]{1,12}")
LIFE = 31_536_000  # seconds
User = Mapping[str, Any]


class Malformed(Exception):
    """Credentials that cannot be parsed; the text is CouchDB's reason."""


def raw(call: Call, name: str) -> str | None:
    """A cookie's value as it was sent, still encoded."""
    for part in call.header("cookie").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def token(call: Call) -> str:
    """The session token that was sent, "" if none, as CouchDB reads cookies: a value ends at a separator of HTTP, and
    `,` parts cookies as `;` does. Clients that keep a cookie twice send it with a comma. MochiWeb, mochiweb_cookies.
    """
    for name, quoted, plain in PAIR.findall(call.header("cookie")):
        if name == "AuthSession":
            return str(quoted or plain)
    return ""


def secret(world: World) -> str:
    """The secret with which a world's sessions are signed."""
    record = world.table(SERVER).peek("session")
    assert record is not None, "accounts() makes it"
    return str(record["secret"])


def sign(world: World, user: User, stamp: str) -> bytes:
    key = f"{secret(world)}{user.get('salt') or ''}".encode()
    return hmac.digest(key, f"{user['name']}:{stamp}".encode(), "sha256")


def make(world: World, user: User) -> str:
    """A new session token of a user."""
    stamp = f"{int(world.clock.time()):X}"
    raw = f"{user['name']}:{stamp}:".encode() + sign(world, user, stamp)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def session(world: World, token: str, find: Callable[[str], User | None]) -> User | None:
    """The user of a live session, or None. Raises Malformed."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        name, stamp, *rest = raw.split(b":", 2)
    except (binascii.Error, ValueError):
        raise Malformed("Malformed AuthSession cookie. Please clear your cookies.") from None
    user = find(name.decode("utf-8", "replace"))
    if user is None or not HEX.fullmatch(stamp) or rest == [] or not hmac.compare_digest(
            rest[0], sign(world, user, stamp.decode())):
        return None
    return user if world.clock.time() < int(stamp, 16) + LIFE else None


def http_date(world: World, seconds: float, separator: str = " ") -> str:
    """A moment so many seconds from now as cookies have it; CouchDB writes it with dashes."""
    when = datetime.fromtimestamp(world.clock.time() + seconds, UTC)
    return when.strftime(f"%a, %d{separator}%b{separator}%Y %H:%M:%S GMT")


def express(world: World, name: str, value: str, *, http_only: bool = False) -> tuple[str, str]:
    """A cookie of one year as the API sets it."""
    flags = "; HttpOnly" if http_only else ""
    expires = http_date(world, LIFE)
    return "Set-Cookie", f"{name}={value}; Max-Age={LIFE}; Path=/; Expires={expires}{flags}; SameSite=Lax"


def couch(world: World, value: str) -> tuple[str, str]:
    """The session cookie as CouchDB sets it."""
    expires = http_date(world, LIFE, "-")
    return ("set-cookie",
            f"AuthSession={value}; Version=1; Expires={expires}; Max-Age={LIFE}; Path=/; HttpOnly")

