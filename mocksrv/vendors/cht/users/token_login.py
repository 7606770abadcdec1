"""Login by SMS: the effect of `token_login` on an account, and the messages with the link.

`TABLE` is the table of the documentation page, section "Login by SMS"; what its actions do exactly is CHT 4.15
source, shared-libs/user-management/src/token-login.js.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, mustache
from mocksrv.vendors.cht.shared_libs import app_settings, message_tasks, outgoing, passwords, phones, translations
from mocksrv.vendors.cht.users import accounts
from mocksrv.world import World

LIFE = 24 * 60 * 60 * 1000  # of a link, in ms
PREFIX = "token:login:"
ATTEMPTS = 10  # tokens drawn at once, of which the first unused one is taken

UNDEFINED, TRUE, FALSE = "undefined", "true", "false"
NEW, PLAIN, TOKEN = "new", "existent, no token", "existent, with token"


class Action(NamedTuple):
    """What one row of the table does.

    `password`: "given" (as any account's), "required" (in the request) or "generated" (nobody knows it);
    `token`: "none", "kept", "new" (with two messages, after the old link's are cleared) or "removed".
    """

    row: int
    says: str
    password: str = "given"
    token: str = "none"


TABLE: dict[tuple[str, str], Action] = {
    (UNDEFINED, NEW): Action(1, "None"),
    (UNDEFINED, PLAIN): Action(2, "None"),
    (UNDEFINED, TOKEN): Action(3, "None. Login by SMS remains enabled. Token is unchanged.", token="kept"),
    (TRUE, NEW): Action(
        4, "Login by SMS enabled. Token is generated and SMS is sent.", password="generated", token="new"),
    (TRUE, PLAIN): Action(
        5, "Password is reset. Login by SMS enabled. Token is generated and SMS is sent. "
           "Existent sessions are invalidated.", password="generated", token="new"),
    (TRUE, TOKEN): Action(
        6, "Password is reset. Login by SMS enabled. New token is generated and SMS is sent. Old token is invalid. "
           "Existent sessions are invalidated.", password="generated", token="new"),
    (FALSE, NEW): Action(7, "None."),
    (FALSE, PLAIN): Action(8, "None."),
    (FALSE, TOKEN): Action(
        9, "Request requires a password. Login by SMS is disabled. Old token is invalidated. "
           "Existent sessions are invalidated.", password="required", token="removed"),
}


def enabled(settings: dict[str, Any]) -> bool:
    """Whether the app settings allow login by SMS."""
    found = settings.get("token_login")
    return isinstance(found, dict) and javascript.truthy(found.get("enabled"))


def action(world: World, data: dict[str, Any], user: dict[str, Any] | None = None) -> Action:
    """The row of the table for a request; `user` is the account's `_users` document, None for a new one.

    The page takes any truthy value for true, the server `true` alone. Both ignore it unless the
    settings allow it.
    """
    value = data.get("token_login")
    wanted = javascript.truthy(value) if Difference.TOKEN_LOGIN_VALUE.as_page(world) else value is True
    state = NEW if user is None else TOKEN if user.get("token_login") else PLAIN
    if wanted and enabled(app_settings.read(world)):
        return TABLE[TRUE, state]
    return TABLE[FALSE if value is False else UNDEFINED, state]


# --- before the account is written -----------------------------------------------------------------------------


def prepare(world: World, taken: Action, data: dict[str, Any], user: dict[str, Any],
            settings_doc: dict[str, Any]) -> None:
    """Check what the action asks for, and set the generated password and the normalised phone.

    `data` is the request; `user` gets the password, `settings_doc` has the phone: for a new account both are the
    request itself.
    """
    given = javascript.truthy(data.get("password")) or (
        javascript.truthy(data.get(accounts.OIDC)) and releases.SSO.holds(world))
    if taken.password == "required" and not given:
        accounts.refuse("Password is required when disabling token login.", "password.length.minimum")
    if taken.password == "generated":
        settings = app_settings.read(world)
        phone = phones.normalize(settings, settings_doc.get("phone"))
        if phone is None:
            accounts.refuse("A valid phone number is required for SMS login.",
                            "configuration.enable.token.login.phone")
        settings_doc["phone"] = phone
        user["password"] = passwords.generate(world)


# --- after the account is written ------------------------------------------------------------------------------


def finish(world: World, call: Call | None, taken: Action, name: str, response: dict[str, Any]) -> None:
    """Make or remove the token of an account whose documents are written.

    `call` is None in the background, where links need `app_url`. The revisions in the response stay those of the first
    write, as with the server, although both documents are written once more here.
    """
    if taken.token not in ("new", "removed"):
        return
    user, settings_doc = accounts.find_both(world, name)
    if taken.token == "new" and releases.APP_URL.holds(world) and not app_url(world):
        errors.fail(500, "app_url configuration is required for token login",
                    diagnosis="the app settings have no app_url")
    clear_messages(world, user.get("token_login"))
    if taken.token == "removed":
        user.pop("token_login", None)
        settings_doc.pop("token_login", None)
    else:
        token = unused_token(world)
        send(world, call, token, user, settings_doc)
        expires = world.clock.ms() + LIFE
        user["token_login"] = {"active": True, "token": token, "expiration_date": expires}
        settings_doc["token_login"] = {"active": True, "expiration_date": expires}
        response["token_login"] = {"expiration_date": expires}
    accounts.write(world, "_users", user)
    accounts.write(world, "medic", settings_doc)


def unused_token(world: World) -> str:
    """A token that no link has had."""
    database = documents.database(world, "medic")
    while True:
        for token in passwords.generate_many(world, ATTEMPTS):
            if PREFIX + token not in database:
                return token


def clear_messages(world: World, token_login: Any) -> None:
    """Mark the unsent messages of a link as no longer needed."""
    token = token_login.get("token") if isinstance(token_login, dict) else None
    doc = documents.database(world, "medic").get(f"{PREFIX}{token}") if token else None
    if doc is None or not isinstance(doc.get("tasks"), list):
        return
    pending = [task for task in doc["tasks"] if isinstance(task, dict) and task.get("state") == "pending"]
    for task in pending:
        task["state"] = "cleared"
        task.setdefault("state_history", []).append({"state": "cleared", "timestamp": world.clock.iso()})
    if pending:
        accounts.write(world, "medic", doc)


def send(world: World, call: Call | None, token: str, user: dict[str, Any], settings_doc: dict[str, Any]) -> None:
    """Store the two messages of a link: the configured text, and the link alone.

    The page calls the document's type `login_token`; the server stores `token_login`.
    """
    kind = "login_token" if Difference.LOGIN_MESSAGE_TYPE.as_page(world) else "token_login"
    doc: dict[str, Any] = {"_id": PREFIX + token, "type": kind, "reported_date": world.clock.ms(),
                           "user": user["_id"], "tasks": []}
    phone = settings_doc.get("phone")
    link = f"{base_url(world, call)}/medic/login/token/{token}"
    settings = app_settings.read(world)
    text = help_text(world, settings, {**doc, **settings_doc, **user})
    doc["tasks"] = [task(world, settings, phone, text), task(world, settings, phone, link)]
    accounts.write(world, "medic", doc)


def task(world: World, settings: dict[str, Any], phone: Any, message: str | None) -> dict[str, Any]:
    """One message to send; without a text it carries an error."""
    content = {"message": message} if message else {"error": "messages.errors.message.empty"}
    state = "duplicate" if message and outgoing.is_duplicate(world, settings, phone, message) else "pending"
    return {
        "messages": [{"uuid": message_tasks.new_id(world), "to": phone, **content}],
        "state_history": [{"state": state, "timestamp": world.clock.iso()}],
        "state": state,
    }


def help_text(world: World, settings: dict[str, Any], view: dict[str, Any]) -> str | None:
    """The text of the first message: by `translation_key`, else `message`; a mustache template."""
    configured, locale = settings["token_login"], translations.outgoing_locale(world)
    key = configured.get("translation_key")
    template = translations.find(world, str(key), locale) if key else legacy_text(configured, locale)
    if not template:
        return None
    try:
        return mustache.render(template, view, settings)
    except mustache.TemplateError:
        return None


def legacy_text(configured: dict[str, Any], locale: str) -> str | None:
    """A text of the settings themselves: as it is, or one per language, of which the first stands in for others."""
    messages = javascript.first(configured.get("messages"), configured.get("message"))
    if not isinstance(messages, list):
        return messages if isinstance(messages, str) else None
    texts = [one for one in messages if isinstance(one, dict) and isinstance(one.get("content"), str)]
    chosen = next((one for one in texts if one.get("locale") == locale), texts[0] if texts else None)
    return chosen["content"].strip() if chosen else None


def app_url(world: World) -> str:
    """The configured address of the server, if there is one."""
    configured = app_settings.read(world).get("app_url")
    return configured if isinstance(configured, str) else ""


def base_url(world: World, call: Call | None) -> str:
    """What a link begins with: `app_url`, else the request's own host, as proxies forward it.

    The real server loses the port here (`req.hostname`), which conformance `server` keeps; elsewhere a link leads
    back to where the request came from, world and port included.
    """
    configured = app_url(world)
    if configured or call is None:
        return configured.rstrip("/")
    scheme = call.header("x-forwarded-proto", call.scheme).partition(",")[0].strip()
    host = call.header("x-forwarded-host", call.host).partition(",")[0].strip()
    return f"{scheme}://{without_port(host)}" if Difference.LOGIN_LINK_PORT.as_server(world) else f"{scheme}://{host}{call.prefix}"


def without_port(host: str) -> str:
    """The name in a Host header; an IPv6 address keeps its brackets."""
    bracket = host.find("]") + 1
    name, colon, _ = host[bracket:].partition(":")
    return host[:bracket] + name if colon else host
