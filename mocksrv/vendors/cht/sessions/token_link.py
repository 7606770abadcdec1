"""The link of a login SMS: its page, and the login that it posts. CHT 4.15 source, api/src/controllers/login.js."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mocksrv.call import Reply
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.sessions import login, login_page
from mocksrv.vendors.cht.shared_libs import app_settings, passwords
from mocksrv.vendors.cht.users import accounts, sso, token_login
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATHS = ("/medic/login/token/{token}", "/medic/login/token")
SOURCE = "CHT 4.15 source, api/src/controllers/login.js; recorded from 4.15.0"


@vendor.operation("GET", *PATHS, name="token_login_page", anonymous=True, produces="text/html", proof="source",
                  source=SOURCE)
def token_page(world: World, call: Call) -> Reply:
    """The page behind a login link, for any token. It does not use up the token itself, but its script posts to its
    address.
    """
    return login_page.page(world, call, login_page.TOKEN, login_page.TOKEN_TEXTS,
                           "/".join([PATHS[1], *(quote(one, safe="") for one in call.params.values())]))


@vendor.operation("POST", *PATHS, name="token_login", anonymous=True, json="strict", limited=True,
                  statuses=(302, 400, 401, 429), errors=response_schemas.BARE_ERROR, proof="source", source=SOURCE,
                  effect="changes")
def redeem_token(world: World, call: Call) -> Reply:
    """Sign in with the token of a link: once, within 24 hours. As a login, 302 without a Location.

    A caller who is signed in already is redirected, and the token stays valid. From 4.20 on accounts of a provider are
    refused (shared-libs/user-management/src/token-login.js, tests/integration/api/controllers/login.spec.js).
    """
    if isinstance(call.caller, auth.Caller):
        return Reply(login.home(world, call.caller), 302)
    token = call.params.get("token")
    if not token_login.enabled(app_settings.read(world)):
        call.diagnose(WHY["disabled"])
        return Reply({"error": "disabled", "reason": "Token login disabled"}, 400)
    if not token:
        return Reply({"error": "missing", "reason": "Missing required param"}, 400)
    user, error = find_user(world, token)
    if user is None:
        call.diagnose(WHY[error])
        return Reply({"error": error}, 401)
    if sso.enabled(world) and sso.wanted(world, user):
        return Reply({"error": "Token login not allowed for SSO users"}, 401)
    use_up(world, user)
    body = call.json
    caller = auth.Caller(user["name"], tuple(user.get("roles") or ()))
    return login.start_session(world, caller, locale=body.get("locale") if isinstance(body, dict) else None)


WHY = {
    "disabled": "login links are switched off: PUT /api/v1/settings with token_login.enabled, a message, an app_url",
    "expired": "this login link is expired: it lives for 24 hours of the world's clock; make a new one by updating "
               "the user with token_login: true, or set the clock back with /_mocksrv/clock",
    "invalid": "this login link is invalid: it was never given out, was used already, or a newer one took its place; "
               "the account's token_login in its _users document has the present one",
}


def find_user(world: World, token: str) -> tuple[dict[str, Any] | None, str]:
    """The account whose live token it is, or why there is none: "invalid" or "expired"."""
    link = documents.database(world, "medic").peek(token_login.PREFIX + token)
    user = documents.database(world, "_users").get(str(link.get("user"))) if link else None
    state = (user or {}).get("token_login")
    if not isinstance(state, dict) or not state.get("active") or state.get("token") != token:
        return None, "invalid"
    expires = state.get("expiration_date", 0)
    if isinstance(expires, int | float) and expires <= world.clock.ms():
        return None, "expired"
    return user, ""


def use_up(world: World, user: dict[str, Any]) -> None:
    """Give the account a new password, which ends its other sessions, and mark the token as used."""
    accounts.write(world, "_users", {**user, "password": passwords.generate(world)})
    used = {"active": False, "login_date": world.clock.ms()}
    for database in ("medic", "_users"):
        doc = accounts.find(world, user["name"], database)
        doc["token_login"] = {**(doc.get("token_login") or {}), **used}
        accounts.write(world, database, doc)
