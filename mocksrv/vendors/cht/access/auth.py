"""Who calls, and what they may do.

Identity is CouchDB's: a valid `AuthSession` cookie, else HTTP Basic. Permissions are those of the live app
settings.
CHT 4.15 source, api/src/auth.js, api/src/middleware/authorization.js, api/src/services/rate-limit.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mocksrv.vendors.cht import errors, releases, routing
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import cookies, documents, password_hashes
from mocksrv.vendors.cht.couch.cookies import Malformed
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

USER = "org.couchdb.user:"
ADMINS = "cht.admins"  # CouchDB's server admins: name -> hash fields, as in its configuration
CHECKED = "checked"  # trait `anonymous` of an operation that checks the caller itself
POINTS, SECONDS = 10, 10.0
LIMITER = "cht.failed-logins"
VERIFIED, REMEMBERED = "cht.verified", 1_000  # cache of verified passwords, with their derived keys


class Caller(NamedTuple):
    """A signed-in user: CouchDB's userCtx, and whether by "cookie" or by "default" (Basic)."""

    name: str
    roles: tuple[str, ...]
    by: str = "default"

    @property
    def admin(self) -> bool:
        return "_admin" in self.roles

    @property
    def online(self) -> bool:
        return self.admin or "mm-online" in self.roles

    def context(self) -> dict[str, Any]:
        return {"name": self.name, "roles": list(self.roles)}


def find_user(world: World, name: str) -> Mapping[str, Any] | None:
    """The hash fields and `roles` of a user: a server admin's, else those of the `_users` document."""
    doc = documents.database(world, "_users").peek(USER + name)
    admin = world.table(ADMINS).peek(name)
    if admin is None:
        return doc
    extra = [role for role in (doc or {}).get("roles") or [] if role != "_admin"]
    return {**admin, "name": name, "roles": ["_admin", *extra]}


def check_password(world: World, name: str, password: str) -> Caller | None:
    """The user of that name and password."""
    user = find_user(world, name)
    if user is None:
        return None
    known: dict[tuple[str, str], str] = world.memory.setdefault(VERIFIED, {})
    if known.get((name, password)) != user.get("derived_key", ""):  # hashing would be a fifth of a short answer
        if not password_hashes.matches(user, password):
            return None
        if len(known) >= REMEMBERED:
            known.clear()
        known[name, password] = user["derived_key"]
    return Caller(name, tuple(user.get("roles") or ()))


def unknown(name: str) -> str:
    """The advice to whoever gave a name and a password that do not fit."""
    return f"no user {name!r} with that password; GET /_mocksrv/credentials tells a right one"


def sent(call: Call) -> tuple[str, str] | None:
    """`call.basic` for counting failures: None if the header cannot be read."""
    try:
        return call.basic
    except Malformed:
        return None


def identify(world: World, call: Call) -> Caller | None:
    """The caller, or None. Raises `Malformed`."""
    if token := cookies.token(call):
        found = cookies.session(world, token, lambda name: find_user(world, name))
        if found:
            return Caller(found["name"], tuple(found.get("roles") or ()), "cookie")
    credentials = call.basic
    return check_password(world, *credentials) if credentials else None


# --- what operations ask for ---


def signed_in(call: Call, *, prompt: bool = False) -> Caller:
    """The caller; refuses with 401, whose form depends on the client (see `rendering.unauthorized`)."""
    if isinstance(call.caller, Caller):
        return call.caller
    if call.malformed:
        refuse_malformed(call, call.malformed)
    given = sent(call)
    raise errors.Failure(401, "unauthorized", prompt=prompt, diagnosis=(
        unknown(given[0]) if given else "not signed in: send HTTP Basic credentials or an AuthSession cookie"))


def refuse_malformed(call: Call, reason: str) -> None:
    """CouchDB's 400 to credentials that it cannot parse: CouchDB's own answer where it is asked, else an error of the
    API.
    """
    if call.operation is not None and call.operation.traits.get("session_only"):
        return  # nobody is signed in, whatever the reason
    if routing.is_unchecked(call):
        errors.couch(400, "bad_request", reason)
    errors.fail(400, f'400 - {{"error":"bad_request","reason":"{reason}"}}', diagnosis=reason)


def permitted(world: World, call: Call, *permissions: str, online: bool = False, one: bool = False) -> Caller:
    """The caller, who must hold all the permissions (or just `one`) and with `online` be online.

    Refuses with 401 or 403.
    """
    caller = signed_in(call)
    if online and not caller.online:
        errors.fail(403, "Insufficient privileges",
                    diagnosis=f"{caller.name} is an offline user (roles {', '.join(caller.roles) or 'none'})")
    missing = [name for name in permissions if not has(world, caller, name)]
    if missing and not (one and len(missing) < len(permissions)):
        errors.fail(403, "Insufficient privileges", diagnosis=(
            f"{caller.name} (roles {', '.join(caller.roles) or 'none'}) lacks {', '.join(missing)}; "
            "see permissions in the app settings"))
    return caller


def may_edit(world: World, call: Call) -> None:
    """Refuse edits of those who lack `can_edit`."""
    if routing.edits(call) and not has(world, call.caller, "can_edit"):
        if releases.WRITES_REFUSED.holds(world):
            errors.fail(403, "Insufficient privileges", diagnosis=f"{call.caller.name} lacks can_edit")
        # The older release rejects with an error that its handler does not recognise.
        errors.server_error(diagnosis=f"{call.caller.name} lacks can_edit; CHT 4.15 answers 500 here")


def database_admin(world: World, call: Call) -> Caller:
    """The caller, who must be a database administrator; a 401 asks for Basic credentials."""
    caller = signed_in(call, prompt=True)
    if not is_database_admin(world, caller):
        errors.fail(403, "User is not an admin")
    return caller


def is_database_admin(world: World, caller: Caller) -> bool:
    """Whether the API treats the caller as a database administrator: in later releases also by the role `admin`."""
    return app_settings.administers(world, caller.roles)


def has(world: World, caller: Caller, *permissions: str) -> bool:
    """Whether the caller holds all of them."""
    return all(app_settings.allows(world, caller.roles, name) for name in permissions)


# --- the limiter of failed logins ---


def keys(call: Call) -> list[str]:
    """The keys under which failures are counted: address, and the names and passwords tried."""
    forwarded = call.header("x-forwarded-for").partition(",")[0].strip()
    found = [forwarded or call.remote_addr, *(sent(call) or ())]
    body = call.json
    if isinstance(body, dict):
        found += [body.get("user"), body.get("password")]
    return [key for key in found if isinstance(key, str) and key]


def check_limit(world: World, call: Call, login: bool) -> None:
    """Refuse with 429 when a key has failed too often; only credentials are refused, cookies never."""
    if not world.limits or not (login or sent(call)):
        return
    window = world.window(LIMITER, SECONDS)
    if window.most(keys(call), world.clock) >= POINTS:
        errors.fail(429, "Too Many Requests",
                    diagnosis=f"{POINTS} failed logins within {SECONDS:.0f} s: even right passwords are refused until "
                              "they are over; wait, or advance the world's clock, and use a session cookie")


def count_failure(world: World, call: Call, status: int) -> None:
    """Every 401 and 429 costs a point, whatever the route."""
    if world.limits and status in (401, 429):
        for key in keys(call):
            world.window(LIMITER, SECONDS).hit(key, world.clock)
