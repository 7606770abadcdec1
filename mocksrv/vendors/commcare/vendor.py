"""CommCare HQ as a vendor: settings, paths, the order of checks.

For whoever adds an endpoint:

* `@vendor.resource("GET", "case", "v0.4", "v0.5", "v1", detail=True, permission="edit_data", ...)` declares a
  tastypie resource: both URL schemes follow from the versions (`v0.x`: `/a/{domain}/api/v0.x/case/`, `v1`:
  `/a/{domain}/api/case/v1/`); `detail=True` adds `{pk}/`, `tail="{pk}/activate/"` anything else,
  `domain=False` drops the `/a/{domain}` part. It returns plain data (sent as JSON with sorted keys, or XML)
  or a `Reply`; lists are made by `paginator.page(...)`. Refuse with the makers of `errors.py`.
* `@vendor.view("GET", "/a/{domain}/...", permission="edit_data", ...)` declares a function view: keys go out
  in insertion order, ASCII-escaped. Mobile workers may use it. Refuse with `errors.view_error(status, text)`.
  Write the domain of a path as `DOMAIN`.
* Both: `plain=True` skips the checks of domain and plan, `throttled=False` the limits.
* Both: `permission` comes on top of `access_api` (None: only that); `auth="none"` skips every check, for a
  function that does its own with `auth.authenticate(world, call, default="basic")` and
  `auth.require_member(world, call, mobile=True, permission=...)`; `challenge="basic"` is what a call without
  credentials gets (`digest` unless said).
* `call.params["domain"]` is the domain; `domains.find(world, name)` its document, or None;
  `domains.era(...)`.
* `call.caller` is an `auth.Caller`: `kind` ("web" or "mobile"), `user_id`, `username`, `scheme`.
* Moments are stored as UTC text with six digits and a `Z` (`dates.now(world)`); how they look on the wire is
  decided when they are sent. `stores.next_indexed_on(world, "commcare.cases", domain)` gives the moment at
  which a written case or form becomes visible in lists, increasing with every call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.config import Setting
from mocksrv.operation import Content, Operation
from mocksrv.outbox import Outcome, Record
from mocksrv.people import locales
from mocksrv.vendor import Handler, Vendor
from mocksrv.vendors.commcare import custom_data_fields, rendering
from mocksrv.vendors.commcare.access import checks, domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import Text
from mocksrv.vendors.commcare.repeaters import configured
from mocksrv.vendors.commcare.seed import accounts, demo
from mocksrv.vendors.commcare.tables import TABLES
from mocksrv.vendors.commcare.tastypie import throttle

if TYPE_CHECKING:
    from mocksrv.world import World

DOMAIN = r"{domain:[\w.:-]+}"
PK = "{pk:(?:[^/\n]|/)+?}"  # an id may hold slashes: HQ source, tastypie's base_urls
CLAIMED = re.compile(r"/a/|/api/(v0\.\d+/)?(user_domains|identity)\b")
# Names of cases and attachments, and lists of ids, in which two slashes in a row mean themselves.
SLASHES_KEPT = re.compile(r"/(case/v2/ext|v0\.6/case/ext|form/attachment|form_attachment/v1|location(_type)?/v\d/set"
                          r"|v0\.\d/location(_type)?/set)/")


SETTINGS = (
    Setting("lenient_slashes", True, "fold repeated slashes in paths"),
    Setting("retry_after_header", True, "send Retry-After with 429"),
    Setting("throttle", "off", "when to answer 429", ("off", "every", "window", "users")),
    Setting("throttle_every", 5, "with throttle=every: refuse each such request"),
    Setting("throttle_requests", 100, "with throttle=window: requests that a domain has"),
    Setting("throttle_seconds", 60.0, "with throttle=window: in so many seconds"),
    Setting("index_delay", 0.0, "seconds until a written case or form appears in lists"),
    Setting("max_offset", 0, "offset beyond which the lists of cases and forms fail with a 500; 0: never"),
    Setting("indexed_on_style", "zulu", "whether indexed_on ends in Z", ("zulu", "naive")),
    Setting("bearer_token", "", "token that is taken as brudolph@dimagi.com's OAuth2 token"),
    Setting("era_2015", "exi-training", "domains that answer as in 2015, with commas"),
    Setting("features", ", ".join(domains.FEATURES[:-1]), "what all domains have switched on, with commas"),
    Setting("user_fields", "", "custom fields and profiles of users, JSON by domain", check=custom_data_fields.check),
    Setting("location_fields", "", "custom fields of locations, JSON by domain", check=custom_data_fields.check),
    Setting("repeaters", "", "what is forwarded where, JSON by domain", check=configured.check),
    Setting("open_submissions", "", "domains that take forms without a login, with commas"),
    Setting("blocked", "", "domains that asked too much, with commas: each request gets a 401"),
    Setting("no_plan", "", "domains whose plan has no API access, with commas"),
    Setting("two_factor", "", "domains that demand a second factor with passwords, with commas"),
    Setting("locale", "tw_GH", "the Faker locale of made-up data: names, places and phone numbers of a new world",
            check=locales.check),
    Setting("otp", "123456", "code that a domain with two-factor authentication takes"),
)


def with_permission(declared: dict[str, Any]) -> dict[str, Any]:
    """Defaults of a declaration: the least permission, or that anybody may call."""
    said = {"anonymous": True} if declared.get("auth") == "none" else {"permission": "access_api"}
    return said | declared


class CommCare(Vendor[Call]):
    call_type = Call
    traits = {"kind": str, "resource": str, "plain": bool, "query_key": bool, "options": str, "method_error": str,
              "throttled": bool, "anonymous": bool, "auth": str, "challenge": str, "formats": tuple,
              "login_first": bool, "inside": bool, "login_failure": (str, Text)}
    name = "commcare"
    title = "CommCare HQ"
    security = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "ApiKey {user}:{key}"},
        "basic": {"type": "http", "scheme": "basic"},
        "digest": {"type": "http", "scheme": "digest"},
    }
    examples = {"domain": "demo"}
    # v0.x stood before the name of the resource, for all of them; in 2024 HQ gave each its own version behind it, and
    # calls the old paths deprecated (corehq/apps/api/urls.py, openapi/catalogue.py).
    versions = {"v0.3": "v1", "v0.4": "v1", "v0.5": "v1", "v0.6": "v2", "v1": "", "v2": ""}
    documented = {"versions": lambda: version_table()}
    links = {"GET": "$response.body#/objects/0/id", "POST": "$response.body#/id",
             "list_locations_v2": "$response.body#/objects/0/location_id",
             "create_location": "$response.body#/location_id",
             "create_case_v2": "$response.body#/case/case_id", "list_cases_v2": "$response.body#/cases/0/case_id"}
    tables = TABLES
    settings = SETTINGS
    max_body = 50 * 1024 * 1024

    def __init__(self) -> None:
        super().__init__()
        self._inside: dict[tuple[str | None, int], list[Operation]] = {}  # by resource; None: of all
        self._tasks: list[Callable[[World], None]] = []
        self._ends: list[Callable[[World, Record, Outcome], None]] = []

    def regularly(self, task: Callable[[World], None]) -> Callable[[World], None]:
        """Have a function called before each request and when its alarm rings; it looks at the clock itself."""
        self._tasks.append(task)
        return task

    def when_ended(self, end: Callable[[World, Record, Outcome], None]) -> Callable[[World, Record, Outcome], None]:
        """Have a function called when a call of the outbox has come to its end."""
        self._ends.append(end)
        return end

    # --- declaring ------------------------------------------------------------------------------------------

    def resource(self, method: str, resource: str, *versions: str, detail: bool = False, tail: str = "",
                 domain: bool = True, **declared: Any) -> Callable[[Handler], Handler]:
        """Register a tastypie resource's method; see the module's docstring."""
        root = f"/a/{DOMAIN}/api" if domain else "/api"
        declared["inside"] = bool(tail)
        tail = tail or (f"{PK}/" if detail else "")
        declared = with_permission(declared) if domain else declared
        paths = [f"{root}/{version}/{resource}/{tail}" if version.startswith("v0.")
                 else f"{root}/{resource}/{version}/{tail}" for version in versions]
        return self.operation(method, *paths, kind="resource", resource=resource, **declared)

    def view(self, method: str, *paths: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Register a function view; see the module's docstring."""
        return self.operation(method, *paths, kind="view", **with_permission(declared))

    def at(self, path: str) -> list[Operation]:
        """The operations of a path, whatever their method, in the order of their declaration."""
        return [op for op in self.operations if any(pattern.fullmatch(path) for pattern in op.patterns)]

    def inside(self, call: Call) -> list[Operation]:
        """The operations of a path inside an object or beside it, such as `{pk}/activate/`: tastypie tries these first,
        whatever the method, because ids may hold slashes."""
        resource = call.operation.traits.get("resource") if call.operation else None
        key = (resource, len(self.operations))  # operations may still be added
        if key not in self._inside:
            self._inside[key] = [op for op in self.operations if op.traits.get("inside")
                                 and resource in (None, op.traits.get("resource"))]
        return [op for op in self._inside[key] if any(pattern.fullmatch(call.path) for pattern in op.patterns)]

    def listless(self, call: Call) -> list[Operation]:
        """The detail operations of a resource without a list operation, for the path of its list: tastypie routes both
        URLs.
        """
        for op in self.operations if call.path.endswith("/") else ():
            for pattern in op.patterns if op.traits["kind"] == "resource" else ():
                if found := re.fullmatch(pattern.pattern, f"{call.path}x/"):
                    call.params = {name: value for name, value in found.groupdict().items() if name != "pk"}
                    return [op]
        return []

    # --- hooks ----------------------------------------------------------------------------------------------

    def claims(self, path: str) -> bool:
        return CLAIMED.match(path) is not None

    def method(self, call: Call) -> str:
        # Tastypie honours the header before it checks the method; function views do not look at it.
        override = call.header("x-http-method-override")
        if override and any(op.traits["kind"] == "resource" for op in self.at(call.path)):
            return override.upper()
        return call.method

    def route(self, world: World, path: str) -> str:
        if "//" not in path or not world.setting("commcare.lenient_slashes"):
            return path
        kept = SLASHES_KEPT.search(path)
        head, rest = (path[: kept.end()], path[kept.end() :]) if kept else (path, "")
        return re.sub("/{2,}", "/", head) + rest

    def identify(self, world: World, call: Call) -> None:
        found = self.inside(call) if call.operation is None or "pk" in call.params else []
        if found and call.operation not in found:
            call.operation, call.allowed = None, tuple(op.method for op in found)
        if call.operation is not None:
            candidates = [call.operation]
        else:
            candidates = found or (self.at(call.path) if call.allowed else self.listless(call))
        checks.before_login(world, call, candidates)
        checks.login(world, call)

    def admit(self, world: World, call: Call) -> None:
        checks.after_login(world, call)

    def render(self, world: World, call: Call, result: Any) -> Reply:
        return rendering.render(world, call, result)

    def answered(self, world: World, call: Call, result: Any, reply: Reply) -> None:
        if not isinstance(result, Refusal):
            throttle.hit(world, call)
        world.memory["commcare.base_url"] = call.base_url  # for links in what is forwarded

    def run_due(self, world: World) -> None:
        for task in self._tasks:
            task(world)

    def sent(self, world: World, call: Record, outcome: Outcome) -> None:
        for end in self._ends:
            end(world, call, outcome)

    def accounts(self, world: World) -> None:
        accounts.accounts(world)

    def seed(self, world: World, size: int) -> None:
        demo.fill(world, size)

    def credentials(self, world: World, base_url: str) -> list[dict[str, Any]]:
        return accounts.credentials(world, base_url)

    def first_call(self, base_url: str) -> str:
        return f"curl -u {accounts.ADMIN}:{accounts.PASSWORD} '{base_url}/a/demo/api/case/v2/?limit=1'"

    def example(self, operation: Operation) -> Any:
        from mocksrv.vendors.commcare.described import examples

        return examples.BODIES.get(operation.name)

    def answers(self, operation: Operation) -> Mapping[int, Content]:
        from mocksrv.vendors.commcare.described import answers

        return answers.of(operation)

    def failure(self, status: int) -> Refusal:
        return rendering.failure(status)


def version_table() -> str:
    """The table of the documentation of the API's versions."""
    from mocksrv.vendors.commcare.described import versions

    return versions.markdown(vendor)


vendor = CommCare()
