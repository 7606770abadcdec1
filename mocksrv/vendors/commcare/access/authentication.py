"""Who calls, by API key, Basic, Digest or bearer token, and what they may do in a domain.

HQ source: corehq/apps/domain/auth.py (which scheme), decorators.py (lock-out, two factors),
api/resources/auth.py.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import digest, domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import Denied, Locked, Text, failed, view_failed

if TYPE_CHECKING:
    from mocksrv.world import World

MAX_ATTEMPTS = {"web": 5, "mobile": 500}  # bad passwords until an account is locked, for the rest of the day
BASIC = ("WWW-Authenticate", 'Basic realm=""')
LOCKED = "maximum password attempts exceeded"
OTP_MISSING = "must send X-COMMCAREHQ-OTP header or 'otp' URL parameter"
OTP_WRONG = "OTP token is incorrect"
RIGHT = "GET /_mocksrv/credentials tells a right one"
FORBIDDEN = "<html><head><title>Permission Denied</title></head><body><h1>403 Forbidden</h1></body></html>"


class Caller(NamedTuple):
    """A user who has logged in. `kind` is "web" or "mobile"; `key` the API key that was used, if any."""

    kind: str
    user: Mapping[str, Any]
    scheme: str
    key: Mapping[str, Any] | None = None

    @property
    def user_id(self) -> str:
        return str(self.user["id"])

    @property
    def username(self) -> str:
        return str(self.user["username"])

    @property
    def name(self) -> str:
        return self.username

    def membership(self, domain: str) -> dict[str, Any] | None:
        """The role and rights in a domain: `{"role", "is_admin", ...}`, or None."""
        if self.kind == "mobile":
            return {"role": self.user["role"], "is_admin": False} if self.user["domain"] == domain else None
        found: dict[str, Any] | None = self.user["memberships"].get(domain)
        return found if found and found["is_active"] else None

    def may(self, world: World, domain: str, permission: str) -> bool:
        """Whether the caller holds a permission in a domain."""
        held = self.membership(domain)
        if held is None:
            return False
        role = self.key["role"] if self.key and self.key["role"] else held["role"]
        if held["is_admin"] and role == held["role"]:
            return True
        document = domains.find(world, domain)
        return document is not None and permission in document["roles"].get(role, ())


def scheme_of(call: Call, default: str = "digest") -> str:
    """The scheme that a call uses: apikey, basic, digest, bearer or internal."""
    word, space, rest = call.header("authorization").lstrip().partition(" ")
    if space and word.lower() in ("basic", "digest", "bearer"):
        return word.lower()
    if word.lower() == "apikey" and space:
        username, colon, key = rest.partition(":")
        found = bool(username and key) or not colon  # one without a colon is refused as such
    else:
        found = query_key(call) is not None
    if found:
        return "apikey"
    return "internal" if call.header("x-mac-digest") else default


def query_key(call: Call) -> tuple[str, str] | None:
    """Username and key out of the query string or a form body."""
    body = {}
    if call.header("content-type").startswith("application/x-www-form-urlencoded"):
        body = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    username, key = (call.arg(name) or body.get(name, "") for name in ("username", "api_key"))
    return (username, key) if username and key else None


def authenticate(world: World, call: Call, default: str = "digest", scheme: str | None = None) -> Caller:
    """The caller, by the call's scheme; without credentials the `default` one challenges. Raises Denied."""
    scheme = scheme or scheme_of(call, default)
    call.login_scheme = scheme
    if scheme == "internal":
        raise Denied(403, diagnosis="X-MAC-DIGEST is for HQ's own services")
    return SCHEMES[scheme](world, call)


def by_key(world: World, call: Call) -> Caller:
    header = call.header("authorization").strip()
    if header.lower().startswith("apikey "):
        username, colon, key = header.partition(" ")[2].partition(":")
        if not colon:
            raise Refusal(400, diagnosis="the header must read: Authorization: ApiKey username:key")
    elif call.traits.get("query_key", True):
        username, key = query_key(call) or ("", "")
    else:
        raise Denied(401, diagnosis="this function takes an API key in the Authorization header only")
    return with_key(world, call, username, key)


def with_key(world: World, call: Call, username: str, key: str) -> Caller:
    kind, user = find_user(world, username)
    if user is None or not user["active"]:
        raise Denied(401, diagnosis=f"no active user {username!r}; the username is matched exactly")
    document, domain = world.table("commcare.keys").peek(key), call.params.get("domain")
    if document is None or document["user_id"] != user["id"] or not document["active"]:
        raise Denied(401, diagnosis=f"the API key is not an active key of {username!r}; {RIGHT}")
    if document["expires"] and document["expires"] <= dates.now(world):
        raise Denied(401, diagnosis=f"the API key expired at {document['expires']}")
    if document["ips"] and call.remote_addr not in document["ips"]:
        raise Denied(401, diagnosis=f"the API key does not take calls from {call.remote_addr}")
    if domain is not None and document["domain"] not in (None, domain):
        raise Denied(401, diagnosis=f"the API key holds for the domain {document['domain']!r} only")
    return Caller(kind, user, "apikey", document)


def find_user(world: World, username: str) -> tuple[str, Mapping[str, Any] | None]:
    """"web" or "mobile", and the user's document, by the exact username."""
    for kind, name in (("web", "commcare.web_users"), ("mobile", "commcare.users")):
        table = world.table(name)
        found = table.first("by_username", username)
        if found is not None:
            return kind, table.peek(found)
    return "web", None


def by_password(world: World, call: Call) -> Caller:
    username, password = basic_parts(call)
    kind, user = find_user(world, username)
    check_locked(world, kind, user)
    if not password or user is None or not user["active"]:
        raise Denied(401, headers=[BASIC], diagnosis=(
            f"no active user {username!r}" if username or password else digest.unread(call)))
    if password_matches(user, password):
        check_otp(world, call, user, kind)
        return Caller(kind, user, "basic")
    reason: str | None = f"wrong password for {username!r}; {RIGHT}"
    if call.traits["kind"] == "resource" and world.table("commcare.keys").peek(password) is not None:
        try:
            return with_key(world, call, username, password)
        except Denied as denied:
            reason = denied.diagnosis
    count_attempt(world, kind, user)
    raise Denied(401, headers=[BASIC], diagnosis=reason)


def basic_parts(call: Call) -> tuple[str, str]:
    """Username, in lower case, and password; both empty without a header or for what is no base 64. Raises 500 for what
    has no colon.
    """
    word, *rest = call.header("authorization").split() or [""]
    if word.lower() != "basic":
        return "", ""
    try:
        given = base64.b64decode(rest[0]) if rest else b""
    except ValueError:
        return "", ""
    try:
        text = given.decode()
    except UnicodeDecodeError:
        text = given.decode("latin-1")
    username, colon, password = text.partition(":")
    if not colon:
        raise (failed if call.traits["kind"] == "resource" else view_failed)("there is no colon before the password")
    return username.lower(), password


def password_matches(user: Mapping[str, Any], password: str) -> bool:
    return bool(user["password"]) and hmac.compare_digest(user["password"].encode(), password.encode())


def by_digest(world: World, call: Call) -> Caller:
    parts = digest.parse(call.header("authorization"))
    username = (parts or {}).get("username", "")
    check_locked(world, *find_user(world, username.lower()))
    kind, user = find_user(world, username)
    reason = digest.verify(world, call, parts, user)
    if reason is not None or user is None:
        raise challenge(world, reason)
    check_otp(world, call, user, kind)
    return Caller(kind, user, "digest")


def challenge(world: World, reason: str | None) -> Denied:
    """The 401 that asks for a digest."""
    return Denied(401, Text(digest.BODY, "text/plain"), [("WWW-Authenticate", digest.challenge(world))],
                  diagnosis=reason)


def by_token(world: World, call: Call) -> Caller:
    token = call.header("authorization").strip().partition(" ")[2].strip()
    expected = world.setting("commcare.bearer_token")
    kind, user = find_user(world, "brudolph@dimagi.com")
    if not expected or token != expected or user is None:
        raise Denied(401, diagnosis="only the bearer token of the setting commcare.bearer_token is taken")
    return Caller(kind, user, "bearer")


SCHEMES = {"apikey": by_key, "basic": by_password, "digest": by_digest, "bearer": by_token}


# --- lock-out and second factor -----------------------------------------------------------------------------


def attempts(world: World, user: Mapping[str, Any]) -> int:
    """The bad passwords of today."""
    return user.get("login_attempts", 0) if user.get("attempt_date") == dates.now(world)[:10] else 0


def check_locked(world: World, kind: str, user: Mapping[str, Any] | None) -> None:
    if user is not None and attempts(world, user) >= MAX_ATTEMPTS[kind]:
        raise Locked(401, {"error": LOCKED}, diagnosis="the account is locked until the next day (UTC)")


def count_attempt(world: World, kind: str, user: Mapping[str, Any]) -> None:
    table = world.table("commcare.web_users" if kind == "web" else "commcare.users")
    table.update(user["id"], {"login_attempts": attempts(world, user) + 1,
                              "attempt_date": dates.now(world)[:10]})


def reset_attempts(world: World, kind: str, user: Mapping[str, Any]) -> None:
    if user.get("login_attempts"):
        table = world.table("commcare.web_users" if kind == "web" else "commcare.users")
        table.update(user["id"], {"login_attempts": 0})


def check_otp(world: World, call: Call, user: Mapping[str, Any], kind: str) -> None:
    if kind != "web" or not domains.listed(world, "two_factor", call.params.get("domain", "")):
        return
    code = call.header("x-commcarehq-otp") or call.arg("otp")
    if not code:
        raise Denied(401, {"error": OTP_MISSING}, diagnosis="passwords need a second factor in this domain")
    if code != world.setting("commcare.otp"):
        raise Denied(401, {"error": OTP_WRONG}, diagnosis="the code is the setting commcare.otp")


# --- in a domain --------------------------------------------------------------------------------------------


def require_member(world: World, call: Call, *, mobile: bool, permission: Any = None,
                   html: bool = False) -> None:
    """Refuse callers who are not members of the domain, are mobile workers where those are not allowed, or lack a
    permission.
    """
    caller: Caller = call.caller
    domain = call.params["domain"]
    if caller.membership(domain) is None:
        raise Denied(403, diagnosis=f"{caller.username} is not a member of {domain!r}")
    if caller.kind == "mobile" and not mobile:
        raise Denied(403, diagnosis="mobile workers may not use this resource; log in as a web user")
    reset_attempts(world, caller.kind, caller.user)
    for needed in ("access_api", *((permission,) if isinstance(permission, str) else permission or ())):
        if not caller.may(world, domain, needed):
            raise Refusal(403, Text(FORBIDDEN) if html else None,
                          diagnosis=f"{caller.username} lacks the permission {needed} in {domain!r}")
