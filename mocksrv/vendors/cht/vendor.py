"""The vendor: tables, settings, routes, who may do what, and the ready-made accounts."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from mocksrv.call import Refusal, Reply, TooLarge
from mocksrv.config import Setting
from mocksrv.operation import Content, Operation
from mocksrv.outbox import Outcome, Record
from mocksrv.people import locales
from mocksrv.store import TableSpec
from mocksrv.vendor import Vendor
from mocksrv.vendors.cht import conformance, errors, releases, rendering, routing, sentinel
from mocksrv.vendors.cht.access import auth, entrance, purged_docs
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import cookies, documents, password_hashes, query_server, tables
from mocksrv.vendors.cht.couch_api import audit, replication_failures
from mocksrv.vendors.cht.ddocs.indexes import AT_ONCE, INDEXES
from mocksrv.vendors.cht.node import compression, http_traffic, json_text, time_limits
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

ADMIN, PASSWORD = "admin", "pass"
OWNED = frozenset(("login", "privacy-policy", "_rewrite", "_utils"))  # paths whose final slash matters
JSON = "application/json"
BODY_TYPES = {"strict": (JSON,), "csv": (JSON, "text/csv")}  # content types of operations that are strict about them
CHARSET = re.compile(r"charset=\"?([^\s;\"]+)", re.IGNORECASE)
BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})", re.IGNORECASE)
SLASHES = re.compile("//+")
EITHER_WAY = ("/api/v1/forms/", "/api/sms/")  # operations that have a path with and one without a slash at its end
JSON_MEDIA = re.compile(r"application/json\s*(;|$)", re.IGNORECASE)

SECURITY = {
    "basic": {"type": "http", "scheme": "basic"},
    "session": {"type": "apiKey", "in": "cookie", "name": "AuthSession"},
}


class CHT(Vendor[Call]):
    """The Community Health Toolkit, release 4.15.0 or 5.2.0."""

    call_type = Call
    name = "cht"
    title = "Community Health Toolkit (CHT) API"
    release = "4.15.0"
    security = SECURITY
    documented = {"differences": conformance.markdown, "releases": lambda: release_changes()}
    examples = {"db": "medic", "design": "medic-client", "view": "contacts_by_type", "type": "reports",
                "node": "_local", "username": "chw1"}
    choices = {"type": ("reports", "messages", "contacts", "feedback", "user-devices", "dhis")}  # of exports
    links = {"create_places": "$response.body#/id", "couch_post_document": "$response.body#/id",
             "couch_all_docs": "$response.body#/rows/0/id", "get_people": "$response.body#/data/0/_id",
             "get_places": "$response.body#/data/0/_id"}
    traits = {"json": str, "limited": bool, "anonymous": (bool, str), "prompt": bool, "firewall": bool,
              "online": (bool, str), "one_permission": bool, "page_permission": str, "session_only": bool,
              "differences": tuple}
    head_is_get = True
    tables = (*tables.specs(INDEXES, AT_ONCE), TableSpec(auth.ADMINS), TableSpec(builds.CONFIG),
              TableSpec(sentinel.STATE), TableSpec(audit.STATE))
    settings = (
        Setting("release", releases.DEFAULT, "the release that the server runs; another one changes operations, "
                "answers and stored documents as an upgrade does", tuple(releases.RELEASES)),
        Setting("conformance", conformance.BOTH,
                "what to follow where the documentation page and the server disagree: both (the server, plus what the "
                "page has besides), server (exactly the server), page (exactly the page)", conformance.CHOICES,
                aliases=conformance.OLD_WORDS),
        Setting("oidc", "own", "the provider of single sign-on: own (in the world, under any discovery_url), none (it "
                "cannot be reached)", ("own", "none")),
        Setting("builds", "auto", "what the builds server of upgrades has: any version, a list like 4.15.1,4.16.0, "
                "none (it cannot be reached); auto is none in conformance server, else any"),
        Setting("builds_url", "", "where the builds server is said to be; the real one's address unless set"),
        Setting("locale", "en_KE", "the Faker locale of made-up data: names, places and phone numbers of a new world",
                check=locales.check),
        Setting("sms_services", "taken", "messages to Africa's Talking and RapidPro: taken (at once, by the mock in "
                "their place), called (through the outbox: really only where calls may go)", ("taken", "called")),
        Setting("settings_seconds", 0.0, "seconds until the API goes by new app settings, which a real one learns of "
                "from a feed, in half a second or more; 0: at once"),
        Setting("upgrade_seconds", 1.0, "seconds from one state of an upgrade to the next; 0: all at once"),
        Setting("upgrade_polls", 0, "a state lasts so many reads of the progress, instead of seconds"),
    )
    releases = releases.RELEASES

    # --- routes ---

    def claims(self, path: str) -> bool:
        """Whatever no other vendor claims: the server owns its whole host."""
        return True

    def route(self, world: World, path: str) -> str:
        """Letter case of fixed segments never counts; in paths of databases nor do slashes, more or fewer."""
        if path[-1:] == "/" or "//" in path:
            if releases.SLASHES.holds(world):
                path = SLASHES.sub("/", path)
            if releases.TRAILING_SLASH.holds(world) and path.lower() in EITHER_WAY:
                return path.lower()[:-1]
            path = tidied(world, path)
        if path.islower():
            return path
        folded = self._fold(path, self.running(world))
        return path if is_couchdbs(world, folded) else folded  # whose words are case-sensitive

    def _fold(self, path: str, release: str) -> str:
        """The path with its fixed segments in the letter case of the operation that it fits."""
        node, out = self._tree(release), []
        for segment in path.split("/"):
            lower = segment.lower()
            if segment in node:
                node = node[segment]
            elif lower in node:
                segment, node = lower, node[lower]
            else:
                node = node.get(None, {})
            out.append(segment)
        return "/".join(out)

    def _tree(self, release: str) -> dict[str | None, Any]:
        """Fixed path segments of a release's operations as nested dicts; None stands for a parameter."""
        key = (release, len(self.operations))  # operations may still be added
        if key not in self._trees:
            root: dict[str | None, Any] = {}
            for operation in self.operations:
                for path in operation.paths if operation.within(release) else ():
                    node = root
                    for segment in path.split("/"):
                        node = node.setdefault(None if "{" in segment else segment, {})
            self._trees[key] = root
        return self._trees[key]

    def __init__(self) -> None:
        super().__init__()
        self._trees: dict[tuple[str, int], dict[str | None, Any]] = {}

    # --- callers ---

    def identify(self, world: World, call: Call) -> None:
        """Authenticate the caller; `admit` decides what follows from it."""
        http_traffic.arrived(world, call)
        call.json_errors = conformance.Difference.ERROR_FORMAT.as_page(world)
        try:
            call.caller = auth.identify(world, call)
        except cookies.Malformed as error:
            call.malformed = str(error)

    def admit(self, world: World, call: Call) -> None:
        """The order of the server's checks: failed logins, body type, who, online, permissions."""
        traits = call.operation.traits if call.operation else {}
        if (call.params or (call.allowed and call.path.startswith("/api/"))) and not decodable(
                call.target.partition("?")[0]):
            errors.server_error(diagnosis="the path has a broken percent-escape")
        kind = traits.get("json")
        malformed = bool(kind) and not read_json(call)
        auth.check_limit(world, call, login=bool(traits.get("limited")))
        if malformed:
            errors.server_error(diagnosis="the body is not a JSON object or array")
        accepted = BODY_TYPES.get(kind or "", ())
        if accepted and call.header("content-type") not in accepted:
            names = " or ".join(accepted)
            errors.fail(400, f"Content-Type must be {names}",
                        diagnosis=f"the header must be exactly {names}, without a charset; "
                                  f"it is {call.header('content-type') or 'missing'}")
        if call.operation is None:
            raise entrance.refusal(world, call)
        if not traits.get("anonymous") or routing.is_other_session(call):
            caller = auth.signed_in(call, prompt=bool(traits.get("prompt")))
            if routing.is_proxied(call):
                if caller.online:
                    auth.may_edit(world, call)
                elif not routing.is_open_to_offline(call):
                    raise errors.Firewall
            if traits.get("firewall") and not call.caller.online:
                raise errors.Firewall
            permissions, online = conformance.demands(world, call.operation)
            auth.permitted(world, call, *permissions, online=online, one=bool(traits.get("one_permission")))

    # --- answers ---

    def render(self, world: World, call: Call, result: Any) -> Reply:
        return rendering.render(call, result)

    def answered(self, world: World, call: Call, result: Any, reply: Reply) -> None:
        auth.count_failure(world, call, reply.status)
        audit.answered(world, call.caller.name if isinstance(call.caller, auth.Caller) else ADMIN, call, reply)
        http_traffic.answered(world, call, reply)
        app_settings.live(world)  # so that it is known when they changed
        replication_failures.answered(world, call, reply.status)
        purged_docs.notice(world)
        sentinel.notice(world)
        query_server.forget()

    def example(self, operation: Operation) -> Any:
        from mocksrv.vendors.cht.described import examples

        return examples.BODIES.get(operation.name)

    def answers(self, operation: Operation) -> Mapping[int, Content]:
        from mocksrv.vendors.cht.described import answers

        return answers.of(operation)

    def encode(self, call: Call, reply: Reply) -> Reply:
        return compression.applied(call, reply) if "accept-encoding" in call.headers else reply

    def failure(self, status: int) -> Refusal:
        return errors.Failure(status, errors.USUAL.get(status, "Server error"))

    # --- worlds ---

    def run_due(self, world: World) -> None:
        time_limits.begin()
        sentinel.run_due(world)
        audit.note(world, ADMIN, audit.SENTINEL)

    def sent(self, world: World, call: Record, outcome: Outcome) -> None:
        sentinel.ENDS[call["kind"]](world, call, outcome)

    def accounts(self, world: World) -> None:
        """The server's admin, the secret of sessions, and the documents of a new installation."""
        from mocksrv.vendors.cht.setup import installation

        world.table(tables.SERVER).put("session", {"secret": world.hex(32)})
        add_admin(world, ADMIN, PASSWORD)
        installation.install(world)
        audit.installed(world, ADMIN)

    def seed(self, world: World, size: int) -> None:
        """A hierarchy of `size` contacts, and an account for each role."""
        from mocksrv.vendors.cht import seed

        seed.plant(world, size)
        audit.pass_over(world)

    def credentials(self, world: World, base_url: str) -> list[dict[str, Any]]:
        return [{"base_url": base_url, "username": ADMIN, "password": PASSWORD}]

    def first_call(self, base_url: str) -> str:
        return f"curl -u {ADMIN}:{PASSWORD} '{base_url}/api/v1/person?type=person&limit=1'"


def is_couchdbs(world: World, path: str) -> bool:
    """Whether a path belongs to CouchDB, and not to the API's own paths below `medic`."""
    parts = [part for part in path.lower().split("/") if part]
    return bool(parts) and (parts[0] in documents.names(world) or parts[0][0] == "_") and OWNED.isdisjoint(parts)


def tidied(world: World, path: str) -> str:
    """A path of a database without superfluous slashes, which CouchDB ignores and the API's own paths do not."""
    parts = [part for part in path.split("/") if part]
    if not parts or not is_couchdbs(world, f"/{parts[0].lower()}"):
        return path
    strict = (len(parts) == 1 and parts[0][0] != "_") or not OWNED.isdisjoint(part.lower() for part in parts)
    return f"/{'/'.join(parts)}{'/' if strict and path[-1] == '/' else ''}"


def release_changes() -> str:
    """The documentation's table of changes between releases."""
    from mocksrv.vendors.cht.described import release_table

    return release_table.markdown(vendor.operations)


def add_admin(world: World, name: str, password: str) -> None:
    """A CouchDB server admin."""
    record = password_hashes.prepare(world, {"password": password})
    world.table(auth.ADMINS).put(name, record)


def decodable(path: str) -> bool:
    """Whether JavaScript's decodeURIComponent accepts a text."""
    if "%" not in path:
        return True
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return False
    return not BAD_ESCAPE.search(path)


def read_json(call: Call) -> bool:
    """Parse a body that says it is JSON into `call.json`, else `{}`; False if it cannot be."""
    call.json = {}
    data = call.body if JSON_MEDIA.match(call.header("content-type")) else b""
    if not data:
        return True
    try:
        value = json_text.loads(inflated(call, data))
    except ValueError:
        return False
    call.json = value
    return isinstance(value, dict | list)


def inflated(call: Call, data: bytes) -> bytes:
    """The body without its Content-Encoding and in UTF-8; raises ValueError for what the server does not know."""
    encoding = call.header("content-encoding", "identity").lower()
    if encoding != "identity":
        if encoding not in ("gzip", "deflate"):
            raise ValueError(f"content encoding {encoding}")
        unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS if encoding == "gzip" else zlib.MAX_WBITS)
        try:
            data = unpacker.decompress(data, call.max_body + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(data) > call.max_body:
            raise TooLarge(call.max_body)
        call.weigh(data)
    charset = CHARSET.search(call.header("content-type"))
    if charset is None or charset[1].lower() == "utf-8":
        return data
    if not charset[1].lower().startswith("utf-"):
        raise ValueError(f"charset {charset[1]}")
    try:
        return data.decode(charset[1]).encode()
    except LookupError as error:
        raise ValueError(str(error)) from None


vendor = CHT()
