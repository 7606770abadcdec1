"""The page where users change a password that somebody else gave them, from release 4.17 on.

CHT 5.2 source, api/src/controllers/login.js.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from mocksrv.call import Reply
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.sessions import login, login_page
from mocksrv.vendors.cht.shared_libs import passwords
from mocksrv.vendors.cht.users import accounts, password_change, sso
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = login.PASSWORD_RESET
SOURCE = "CHT 5.2 source, api/src/controllers/login.js; recorded from 5.2.0"


class Reset(Schema):
    username = fields.String(required=True)
    currentPassword = fields.String(required=True)
    password = fields.String(required=True, metadata={"description": "the new one"})
    locale = fields.String()


@vendor.operation("GET", PATH, name="password_reset_page", since="4.17", anonymous=True, produces="text/html",
                  proof="source", source=SOURCE)
def password_reset_page(world: World, call: Call) -> Any:
    """The page to change a password."""
    reply = login_page.page(world, call, login_page.RESET, login_page.RESET_TEXTS, PATH)
    reply.headers.append(login_page.preload(login_page.RESET_ASSETS))
    return reply


@vendor.operation("POST", PATH, name="password_reset", since="4.17", anonymous=True, json="strict", limited=True,
                  body=Reset, statuses=(302, 400, 429, 500), errors=response_schemas.RESET_ERROR, proof="source",
                  source=SOURCE)
def reset_password(world: World, call: Call) -> Any:
    """Change one's password and sign in: 302 without a Location, as at the login."""
    body = call.json if isinstance(call.json, dict) else {}
    name, current, new = body.get("username"), body.get("currentPassword"), body.get("password")
    problem = passwords.problem(new)
    if problem is passwords.TOO_SHORT:
        return Reply({"error": "password-short", "params": problem["translationParams"]}, 400)
    if problem:
        return Reply({"error": "password-weak"}, 400)
    if not (isinstance(name, str) and isinstance(current, str) and isinstance(new, str)
            and auth.check_password(world, name, current)):
        call.diagnose(auth.unknown(str(name)))
        return Reply({"error": "current-password-incorrect"}, 400)
    if new == current:
        return Reply({"error": "password-same"}, 400)
    if name in world.table(auth.ADMINS):
        return Reply({"error": "Admin passwords must be changed manually in the database"}, 500)
    user = accounts.find(world, name)
    if sso.enabled(world) and sso.wanted(world, user):
        return Reply({"error": "Password Reset Not Permitted For SSO Users"}, 400)
    user = password_change.marked(world, user | {"password": new}, False, generated=False, others=False)
    accounts.write(world, "_users", user)
    accounts.write(world, "medic", accounts.find(world, name, "medic"))
    caller = auth.check_password(world, name, new)
    assert caller is not None, "its password was set"
    return login.start_session(world, caller, locale=body.get("locale"))
