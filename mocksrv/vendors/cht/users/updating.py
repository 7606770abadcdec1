"""POST and DELETE of one user. CHT 4.15 source, api/src/controllers/users.js."""

from __future__ import annotations

from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.users import accounts, facilities, password_change, sso, token_login
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0"
EMPTY = "Request body is empty or Content-Type header was not set to application/json."
EDITABLE = ("password", "known", "place", "contact", "type", "roles", accounts.OIDC, "fullname", "email", "phone",
            "external_id", "token_login", "language")
# The properties that users may change of themselves, and those that the page says they may not.
SELF_EDITABLE = ("fullname", "email", "phone", "known", "password", "token_login", "language")
SELF_FORBIDDEN_ON_PAGE = ("type", "roles", "contact", "place")
UPDATE = ("can_edit", "can_update_users")
UPDATE_ON_PAGE = ("can_update_users", "can_update_places", "can_update_people")


@vendor.operation("POST", "/api/v1/users/{username}", "/api/v3/users/{username}", permission=None, json="strict",
                  anonymous=auth.CHECKED, proof="source", source=SOURCE, body=schemas.UserChanges,
                  response=schemas.Updated, statuses=(200, 400, 401, 403, 404, 500), effect="changes",
                  differences=(Difference.WEAK_PASSWORD, Difference.TOKEN_LOGIN_VALUE, Difference.LOGIN_MESSAGE_TYPE,
                               Difference.LOGIN_LINK_PORT, Difference.USER_UPDATE_PERMISSIONS, Difference.OWN_ACCOUNT))
def update_user(world: World, call: Call) -> Data:
    """Change an account: any one for callers who may update users, else some properties of one's own.

    The page asks for can_update_users, can_update_places and can_update_people, the server for can_edit and
    can_update_users; and the page forbids four properties to users themselves, where the server allows seven.
    """
    body = call.json
    if not body:
        errors.fail(400, EMPTY)
    data = body if isinstance(body, dict) else {str(index): value for index, value in enumerate(body)}
    check_caller(world, call, data)
    check_fields(world, data)
    if javascript.truthy(data.get("password")):
        accounts.check_password(world, data["password"])
    return update(world, call, call.params["username"], data)


def check_caller(world: World, call: Call, data: Data) -> None:
    """Whether the caller may change this account, and these properties of it."""
    caller, sent, name = auth.signed_in(call), call.basic, call.params["username"]
    if sent and auth.check_password(world, *sent) is None:  # even beside a valid cookie
        errors.fail(401, "unauthorized", diagnosis=f"no user {sent[0]!r} with that password")
    needed = UPDATE_ON_PAGE if Difference.USER_UPDATE_PERMISSIONS.as_page(world) else UPDATE
    if auth.has(world, caller, *needed):
        return
    if caller.name != name or (sent and sent[0] != name):
        errors.fail(403, "You do not have permissions to modify this person",
                    diagnosis=f"{caller.name} lacks one of {', '.join(needed)}, and this is another user")
    if "password" in data and not sent:
        errors.fail(403, "You must authenticate with Basic Auth to modify your password")
    if Difference.OWN_ACCOUNT.as_page(world):
        refused = [key for key in data if key in SELF_FORBIDDEN_ON_PAGE]
    else:
        refused = [key for key in data if key not in SELF_EDITABLE]
    if refused:
        errors.fail(401, f"You do not have permission to modify: {','.join(refused)}")


def check_fields(world: World, data: Data) -> None:
    """Refuse a request that changes nothing; null removes a place or a contact, and is ignored elsewhere."""
    removes = any(key in data and data[key] is None for key in ("place", "contact"))
    editable = tuple(key for key in EDITABLE if key != accounts.OIDC or releases.SSO.holds(world))
    if not removes and all(data.get(key) is None for key in editable):
        fields = ", ".join(editable)
        accounts.refuse(f"One of the following fields are required: {fields}", "fields.one.required",
                        {"fields": fields})


def update(world: World, call: Call, name: str, data: Data) -> Data:
    """Write both documents of an account as changed, then deal with its login link."""
    accounts.resolve(data)
    user, settings_doc = accounts.find_both(world, name)
    taken = token_login.action(world, data, user)
    user = accounts.apply(world, user | {"name": name, "type": "user"}, data, accounts.USER_FIELDS)
    settings_doc = accounts.apply(world, settings_doc | {"name": name, "type": "user-settings"}, data,
                                  accounts.SETTINGS_FIELDS)
    token_login.prepare(world, taken, data, user, settings_doc)
    sso.check_update(world, data, user)
    generated = taken.password == "generated" or sso.wanted(world, user)
    if javascript.truthy(data.get("password")):  # a generated one does not change the mark
        user = password_change.marked(
            world, user, data.get(password_change.FIELD), generated=generated,
            others=auth.has(world, auth.signed_in(call), *UPDATE))
    facilities.check_places(world, data, user)
    facilities.check_contact(world, data, user)
    if javascript.truthy(user.get("password")) and name in world.table(auth.ADMINS):
        errors.fail(400, "Admin passwords must be changed manually in the database")
    response: Data = {"user": accounts.write(world, "_users", user),
                      "user-settings": accounts.write(world, "medic", settings_doc)}
    token_login.finish(world, call, taken, name, response)
    return response


@vendor.operation("DELETE", "/api/v1/users/{username}", permission=("can_edit", "can_delete_users"),
                  proof="source", source=SOURCE, response=lambda: response_schemas.array(schemas.Deleted()),
                  statuses=(200, 401, 403, 404), effect="changes",
                  differences=(Difference.EDIT_PERMISSION, Difference.USER_DELETION))
def delete_user(world: World, call: Call) -> Any:
    """Delete an account; its user-settings document stays, marked inactive, and so does the name.

    The page shows an empty answer, the server's has both results.
    """
    id = accounts.account_id(call.params["username"])
    users, medic = documents.database(world, "_users"), documents.database(world, "medic")
    settings_doc, result = medic.get(id), None
    if settings_doc is not None:  # both writes start together: this one happens even if the other fails
        result = medic.put({**settings_doc, "inactive": True, "deletion_date": world.clock.ms()})
    try:
        user = users.load(id)
        deleted = users.put({**user, "_deleted": True})
        if result is None:
            medic.load(id)
    except documents.NotFound as error:
        errors.fail(404, error.reason, diagnosis=f"there is no user {call.params['username']!r}")
    return Reply(b"", 200) if Difference.USER_DELETION.as_page(world) else [deleted, result]
