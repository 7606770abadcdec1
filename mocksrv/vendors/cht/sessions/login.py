"""Sessions: CouchDB's /_session, and the login of the web application.

CouchDB 3.3 source, couch_httpd_auth; CHT 4.15 source, api/src/controllers/login.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from marshmallow import INCLUDE, Schema, fields

from mocksrv.call import Headers, Reply
from mocksrv.vendors.cht import errors, releases, rendering
from mocksrv.vendors.cht.access import auth, connected_users
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import cookies, documents
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.users import password_change, sso
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


class Login(Schema):
    """Credentials for the web application."""

    user = fields.String(required=True)
    password = fields.String(required=True)
    locale = fields.String()
    redirect = fields.String(metadata={"description": "where to go then: path and fragment count"})


class Session(Schema):
    """Credentials for CouchDB: by `name`, or `username`, which is the same."""

    name = fields.String(required=True)
    password = fields.String(required=True)

    class Meta:
        unknown = INCLUDE


class SessionOfUsername(Session):
    name = fields.String()
    username = fields.String(required=True)


SESSION = response_schemas.any_of(Session, SessionOfUsername)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HOME, ADMIN_HOME, PASSWORD_RESET = "/", "/admin/", "/medic/password-reset"
LOGIN_CLEARED = "login=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
SOURCE = "CHT 4.15 source, api/src/controllers/login.js"


# --- /_session -----------------------------------------------------------------------------------------------


def refreshed(world: World, call: Call) -> Headers:
    """The userCtx cookie of the request, renewed for another year."""
    value = cookies.raw(call, "userCtx")
    return [cookies.express(world, "userCtx", value)] if value else []


@vendor.operation("GET", "/_session", name="session_get", anonymous=auth.CHECKED, response=response_schemas.SESSION,
                  proof="source", source="CouchDB 3.3")
def get_session(world: World, call: Call) -> Any:
    """Who the caller is."""
    call.own_headers = refreshed(world, call)
    caller = auth.signed_in(call)
    connected_users.stamp(world, caller.name)
    body = {"ok": True, "userCtx": caller.context(),
            "info": {"authentication_handlers": ["cookie", "default"], "authenticated": caller.by}}
    return rendering.CouchReply(body, traced=False)


@vendor.operation("POST", "/_session", name="session_post", anonymous=True, body=SESSION,
                  statuses=(200, 302, 400, 401, 415, 500),
                  response=response_schemas.SIGNED_IN, proof="source", source="CouchDB 3.3", effect="reads")
def post_session(world: World, call: Call) -> Any:
    """Sign in with `name` and `password` (JSON or form): sets the AuthSession cookie."""
    fields = session_fields(call)
    name = user_name(fields)
    caller = auth.check_password(world, name, fields.get("password", ""))
    if caller is None:
        errors.fail(401, "Name or password is incorrect.", diagnosis=auth.unknown(name))
    connected_users.stamp(world, name)
    user = auth.find_user(world, name)
    assert user is not None, "its password was right"
    body = {"ok": True, "name": None if caller.admin else name, "roles": list(caller.roles)}
    return rendering.CouchReply(body, headers=[cookies.couch(world, cookies.make(world, user))], traced=False)


def session_fields(call: Call) -> dict[str, str]:
    """The fields of the body, a form or JSON; of repeated names the first counts."""
    kind = call.header("content-type")
    if kind.startswith(FORM):
        return dict(reversed(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)))
    if not kind.startswith(JSON):
        errors.couch(415, "bad_content_type", f"Content-Type must be '{FORM}' or '{JSON}'")
    try:
        fields = json_text.loads(call.body)
    except ValueError:
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        errors.unknown("badarg", diagnosis="the body must be an object whose members are all texts")
    return fields


def user_name(fields: Mapping[str, str]) -> str:
    """`name` or `username`, which may not differ. CouchDB 3.3 source, couch_httpd_auth (extract_username)."""
    given = {fields[key] for key in ("name", "username") if key in fields}
    if len(given) > 1:
        errors.couch(400, "bad_request", "request body contains different usernames")
    if not given:
        errors.couch(400, "bad_request", "request body must contain a username")
    return given.pop()


@vendor.operation("DELETE", "/_session", name="session_delete", anonymous=auth.CHECKED, response=response_schemas.FINE,
                  proof="source", source="CouchDB 3.3", effect="reads")
def delete_session(world: World, call: Call) -> Any:
    """Sign out: clears the cookie. The session itself stays valid until it expires."""
    auth.signed_in(call)
    return rendering.CouchReply({"ok": True}, headers=[cookies.couch(world, "")], traced=False)


# --- /medic/login --------------------------------------------------------------------------------------------


@vendor.operation("POST", "/medic/login", name="login", anonymous=True, json="strict", limited=True, body=Login,
                  statuses=(302, 400, 401, 429, 500), errors=response_schemas.BARE_ERROR, proof="source",
                  source=SOURCE, effect="reads")
def login(world: World, call: Call) -> Any:
    """Sign in to the web application with `user` and `password`: 302 without a Location, but with cookies.

    The address to go to is the body.
    """
    body = call.json
    name, password = (body.get("user"), body.get("password")) if isinstance(body, dict) else (None, None)
    texts = isinstance(name, str) and (not password or isinstance(password, str))
    if not texts and not releases.LOGIN_TEXTS.holds(world):
        call.diagnose("the server takes for granted that `user` and `password` are texts")
        return Reply({"error": "Unexpected error logging in"}, 500)
    caller = auth.check_password(world, str(name), str(password)) if texts and password else None
    if caller is None:
        call.diagnose(auth.unknown(str(name)) if texts and name and password
                      else "the members `user` and `password` of the body must be texts that are not empty")
        return Reply({"error": "Not logged in"}, 401)
    user = documents.database(world, "_users").peek(auth.USER + caller.name) or {}
    if sso.enabled(world) and sso.wanted(world, user):
        return Reply({"error": "Password Login Not Permitted For SSO Users"}, 401)
    if user.get(password_change.FIELD) is True and releases.FORCED_RESET.holds(world):
        call.diagnose("this account must change its password at POST /medic/password-reset")
        return Reply(PASSWORD_RESET, 302, [user_context(world, caller), locale_cookie(world, body.get("locale"))])
    return start_session(world, caller, body.get("redirect"), body.get("locale"))


def start_session(world: World, caller: auth.Caller, redirect: Any = None, locale: Any = None) -> Reply:
    """The answer of a successful login: four cookies, and the target as the body of a 302."""
    user = auth.find_user(world, caller.name)
    assert user is not None, "the caller was found by it"
    refused = caller.admin and not ensure_admin_docs(world, caller.name)  # their roles are shown from the next login on
    headers = [
        cookies.express(world, "AuthSession", cookies.make(world, user), http_only=True),
        user_context(world, caller),
        cleared(world),
    ]
    if refused:
        return Reply({"error": "Error getting authCtx"}, 401, headers)
    headers.append(locale_cookie(world, locale))
    return Reply(target(redirect) or home(world, caller), 302, headers)


def cleared(world: World) -> tuple[str, str]:
    """The header that removes the cookie that asks for a login."""
    return "Set-Cookie", LOGIN_CLEARED + ("; HttpOnly; SameSite=Lax" if releases.CLEARED_COOKIE.holds(world) else "")


def user_context(world: World, caller: auth.Caller) -> tuple[str, str]:
    """The cookie that tells the web application who signed in, and the user's home if it is not the default."""
    start = home(world, caller)
    context = caller.context() | ({"home": start} if start != HOME else {})
    return cookies.express(world, "userCtx", quote(json_text.text(context), safe=rendering.COMPONENT))


def locale_cookie(world: World, locale: Any) -> tuple[str, str]:
    """The cookie with the language that was chosen, else that of the settings."""
    chosen = locale or app_settings.read(world).get("locale") or "en"
    return cookies.express(world, "locale", quote(str(chosen), safe=rendering.COMPONENT))


def home(world: World, caller: auth.Caller) -> str:
    """The start page of a user: the administration for online users who may configure, else the application."""
    return ADMIN_HOME if caller.online and auth.has(world, caller, "can_configure") else HOME


def ensure_admin_docs(world: World, name: str) -> bool:
    """The first web login of a server admin makes its `_users` and user-settings documents. False if it cannot: of a
    user that was deleted the settings are still there."""
    id = auth.USER + name
    if id in documents.database(world, "_users"):
        return True
    if id in documents.database(world, "medic"):
        return False
    roles = ["admin", app_settings.ONLINE] if releases.ADMIN_DOCUMENTS.holds(world) else ["admin"]
    for database, kind in (("_users", "user"), ("medic", "user-settings")):
        documents.database(world, database).put({"_id": id, "name": name, "type": kind, "roles": roles})
    return True


def target(redirect: Any) -> str | None:
    """Path and fragment of the page that the client wants; None if it is foreign, or not given."""
    if not isinstance(redirect, str) or not redirect or redirect.startswith("//"):
        return None
    try:
        parts = urlsplit(urljoin("http://localhost/", redirect))
    except ValueError:
        return None
    path = normal_path(parts.path) + (f"#{parts.fragment}" if parts.fragment else "")
    decoded = path
    while (again := unquote(decoded)) != decoded:
        decoded = again
    return None if "//" in decoded else path


def normal_path(path: str) -> str:
    """A path without dot segments, as the URL standard has it."""
    out: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            out = out[:-1]
        elif segment != ".":
            out.append(segment)
    return "/" + "/".join(out)


@vendor.operation("GET", "/medic/login/identity", name="login_identity", anonymous=True, statuses=(200, 401),
                  errors=response_schemas.NO_BODY, response=response_schemas.SUCCESS, proof="source", source=SOURCE)
def identity(world: World, call: Call) -> Any:
    """Whether the caller is signed in; refreshes the userCtx cookie."""
    if not isinstance(call.caller, auth.Caller):
        return Reply(b"", 401, content_type=rendering.JSON_TYPE)
    return Reply({"success": True}, headers=[user_context(world, call.caller)])
