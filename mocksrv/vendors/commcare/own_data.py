"""HQ's part of own data: project spaces, users, keys and records, by the rules of HQ's API where it has one.

What is there already, by its name or id, is replaced, so that an export can be imported again. Cases are what their
forms make of them: an export has the forms.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.imports import Record, Table, Wrong
from mocksrv.imports.asked import ask, words
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.access.authentication import Caller
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases.v2 import payload, views
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor import processing, xform
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.locations import writing
from mocksrv.vendors.commcare.repeaters import configured, records
from mocksrv.vendors.commcare.seed import accounts
from mocksrv.vendors.commcare.users import usernames
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

DOMAIN = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}\Z")
Fields = Mapping[str, tuple[type, ...]]
TEXT, TRUTH, LIST, OBJECT, NULL = (str,), (bool,), (list,), (dict,), (str, type(None))
DOMAIN_FIELDS: Fields = {"name": TEXT, "title": TEXT, "roles": OBJECT}
WEB_USER: Fields = {"username": TEXT, "password": TEXT, "first_name": TEXT, "last_name": TEXT, "email": TEXT,
                    "active": TRUTH, "domains": OBJECT, "id": TEXT}
KEY: Fields = {"key": TEXT, "username": TEXT, "active": TRUTH, "expires": NULL, "ips": LIST, "domain": NULL,
               "role": NULL}
KIND: Fields = {"domain": TEXT, "name": TEXT, "code": TEXT, "parent": NULL, "administrative": TRUTH,
                "shares_cases": TRUTH, "view_descendants": TRUTH}
APP: Fields = {"domain": TEXT, "id": TEXT, "name": TEXT, "version": (int,), "modules": LIST, "langs": LIST}
FORM: Fields = {"domain": TEXT, "xml": TEXT, "app_id": NULL, "build_id": NULL, "received_on": TEXT, "user_id": NULL}
USER_OWN = ("id", "domain", "username", "password", "first_name", "last_name", "email", "language", "phone_numbers",
            "default_phone_number", "user_data")
PLACE_OWN = ("name", "site_code", "latitude", "longitude", "location_data")


def tables() -> tuple[Table, ...]:
    return (
        Table("domains", "project spaces with their roles", take_domain, plain("commcare.domains", DOMAIN_FIELDS)),
        Table("web_users", "web users with their role in each domain", take_web_user, give_web_users),
        Table("keys", "API keys", take_key, give_keys),
        Table("location_types", "location types; `parent` is the code of the one above", take_type, give_types),
        Table("locations", "locations, as POST /a/{domain}/api/location/v2/ takes them", take_place, give_places),
        Table("users", "mobile workers, as POST /a/{domain}/api/user/v1/ takes them", take_user, give_users),
        Table("groups", "groups, as POST /a/{domain}/api/group/v1/ takes them", take_group, give_groups),
        Table("apps", "applications", take_app, plain("commcare.apps", APP)),
        Table("repeaters", "what is forwarded where", take_repeater, plain(configured.TABLE, configured.FIELDS)),
        Table("forms", "forms, as devices submit them: `xml`", take_form, give_forms),
        Table("cases", "cases, as POST /a/{domain}/api/case/v2/ takes them, with a `case_id` if wanted", take_case),
    )


def plain(table: str, names: Iterable[str]) -> Any:
    """What gives the records of a table, with these members."""
    return partial(give, table, tuple(names))


def give(table: str, names: tuple[str, ...], world: World) -> Iterator[Record]:
    return ({name: doc[name] for name in names if name in doc} for doc in world.table(table).all())


def check(record: Record, known: Fields, *needed: str) -> None:
    """Refuse members that nobody knows, of another type, or that are missing."""
    for name, value in record.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 3) or list(known)
            raise Wrong(f"there is no member {name!r}: use {', '.join(near)}", name)
        if type(value) not in known[name]:
            raise Wrong(f"{name} is a {known[name][0].__name__}", name)
    for name in needed:
        if not record.get(name):
            raise Wrong(f"{name} is needed")


def domain_of(world: World, record: Record) -> str:
    """The domain that a record belongs to. Raises Wrong."""
    name = record.get("domain")
    if not isinstance(name, str) or domains.find(world, name) is None:
        known = ", ".join(world.table("commcare.domains").ids())
        raise Wrong(f"domain is one of {known}", *(["domain"] if "domain" in record else []))
    return name


# --- who may log in ---


def take_domain(world: World, record: Record) -> None:
    check(record, DOMAIN_FIELDS, "name")
    if not DOMAIN.match(record["name"]):
        raise Wrong("name has small letters, digits, hyphens, dots and colons", "name")
    made = domains.make(record["name"], record.get("title") or record["name"])
    for role, held in record.get("roles", {}).items():
        for number, one in enumerate(held if isinstance(held, list) else [None]):
            if one not in domains.PERMISSIONS:
                raise Wrong(f"a role is a list of permissions: {', '.join(domains.PERMISSIONS)}", "roles", role, number)
        made["roles"][role] = held
    world.table("commcare.domains").put(record["name"], made)


def take_web_user(world: World, record: Record) -> None:
    check(record, WEB_USER, "username", "password")
    if "@" not in record["username"]:
        raise Wrong("username is an e-mail address", "username")
    table = world.table("commcare.web_users")
    for name, role in record.get("domains", {}).items():
        domain = domains.find(world, name)
        if domain is None:
            raise Wrong(f"there is no domain {name!r}", "domains", name)
        if role != "Admin" and role not in domain["roles"]:
            raise Wrong(f"a role of {name} is Admin or one of {', '.join(domain['roles'])}", "domains", name)
    known = table.first("by_username", record["username"])
    id = known or record.get("id") or world.hex()
    table.put(id, {
        "id": id, "username": record["username"], "password": record["password"],
        "first_name": record.get("first_name", ""), "last_name": record.get("last_name", ""),
        "email": record.get("email", record["username"]), "phone_numbers": [], "default_phone_number": None,
        "active": record.get("active", True), "last_modified": dates.now(world),
        "memberships": {name: accounts.member(role) for name, role in record.get("domains", {}).items()}})


def give_web_users(world: World) -> Iterator[Record]:
    for doc in world.table("commcare.web_users").all():
        found = {name: doc[name] for name in WEB_USER if name in doc}
        roles = {name: "Admin" if one["is_admin"] else one["role"] for name, one in doc["memberships"].items()}
        yield found | {"domains": roles}


def take_key(world: World, record: Record) -> None:
    check(record, KEY, "key", "username")
    owner = (world.table("commcare.web_users").first("by_username", record["username"])
             or world.table("commcare.users").first("by_username", record["username"]))
    if owner is None:
        raise Wrong(f"there is no user {record['username']!r}", "username")
    if (domain := record.get("domain")) and domains.find(world, domain) is None:
        raise Wrong(f"there is no domain {domain!r}", "domain")
    expires = record.get("expires")
    try:
        expires = dates.parse_iso(expires) if expires else None
    except ValueError:
        raise Wrong("expires is a moment such as 2027-01-31T09:30:00Z", "expires") from None
    world.table("commcare.keys").put(record["key"], {
        "key": record["key"], "user_id": owner, "active": record.get("active", True), "expires": expires,
        "ips": record.get("ips", []), "domain": record.get("domain"), "role": record.get("role")})


def give_keys(world: World) -> Iterator[Record]:
    for doc in world.table("commcare.keys").all():
        owner = (world.table("commcare.web_users").peek(doc["user_id"])
                 or world.table("commcare.users").peek(doc["user_id"]))
        if owner is not None:
            yield {"key": doc["key"], "username": owner["username"],
                   **{name: doc[name] for name in ("active", "expires", "ips", "domain", "role")}}


# --- as the API takes them ---


def asked(world: World, name: str, domain: str, body: Record) -> Any:
    [operation] = (one for one in vendor.operations if one.name == name)
    return ask(world, operation, Call, body, administrator(world), domain=domain)


def administrator(world: World) -> Caller:
    """Who imports: an administrator of all."""
    return Caller("web", {"id": "import", "username": accounts.ADMIN, "memberships": {}}, "basic")


def without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def moved(world: World, table: str, made: str, wanted: Any, member: str) -> None:
    """Give a new record the id that it is to have. Raises Wrong."""
    if wanted is None:
        return
    if not isinstance(wanted, str) or not wanted or wanted in world.table(table):
        raise Wrong(f"{member} is a text that no other record has", member)
    doc = world.table(table).delete(made)
    world.table(table).insert(wanted, doc | {member: wanted})


def take_user(world: World, record: Record) -> None:
    domain = domain_of(world, record)
    known = world.table("commcare.users").first("by_username", str(usernames.complete(record.get("username"), domain)))
    if known is not None:
        world.table("commcare.users").delete(known)
    made = asked(world, "create_user", domain, without(record, "domain", "id"))
    moved(world, "commcare.users", made.body["id"], record.get("id"), "id")


def give_users(world: World) -> Iterator[Record]:
    for doc in world.table("commcare.users").all():
        known = {name: doc[name] for name in USER_OWN if doc.get(name) not in (None, "", [], {})}
        yield known | {"username": doc["username"].partition("@")[0]}


def take_group(world: World, record: Record) -> None:
    domain, table = domain_of(world, record), world.table("commcare.groups")
    for _, known in table.range("by_name", (domain, record.get("name")), (domain, record.get("name"))):
        table.delete(known)
    asked(world, "create_group", domain, without(record, "domain"))


def give_groups(world: World) -> Iterator[Record]:
    names = ("domain", "name", "users", "case_sharing", "reporting", "metadata")
    return give("commcare.groups", names, world)


def take_case(world: World, record: Record) -> None:
    """A case of case API v2; `case_id` may be chosen."""
    domain, caller = domain_of(world, record), administrator(world)
    wanted = record.get("case_id")
    if wanted is not None and (not isinstance(wanted, str) or wanted in world.table("commcare.cases")):
        raise Wrong("case_id is a text that no other case has", "case_id")
    try:
        row = payload.check(without(record, "domain", "case_id"), "create") | {"kind": "create"}
        (block,) = payload.blocks(world, domain, caller.user_id, [row])
    except payload.Invalid as error:
        raise Wrong(str(error)) from None
    except Refusal as refusal:
        raise Wrong(words(refusal)) from None
    if wanted is not None:
        block["@case_id"] = wanted
    form = views.system_form(world, [block], views.XMLNS, caller, "import")
    stored(processing.store(world, domain, form, xml=xform.to_xml(form), user_id=caller.user_id))


def take_form(world: World, record: Record) -> None:
    check(record, FORM, "domain", "xml")
    domain = domain_of(world, record)
    try:
        form = xform.parse(record["xml"].encode())
        received = dates.parse_iso(record["received_on"]) if "received_on" in record else None
    except xform.BadXML as error:
        raise Wrong(f"no XForm: {error}", "xml") from None
    except ValueError:
        raise Wrong("received_on is a moment such as 2026-01-31T09:30:00Z", "received_on") from None
    known = owned(world, "commcare.forms", xform.instance_id(form) or "", domain)
    if known is not None and processing.form_xml(world, known) == record["xml"].encode():
        return
    more = {name: record.get(name) for name in ("app_id", "build_id", "user_id")}
    stored(processing.store(world, domain, form, xml=record["xml"].encode(), received_on=received, **more))


def stored(outcome: processing.Outcome) -> None:
    if outcome.kind != "normal":
        raise Wrong(outcome.problem or f"the form is a {outcome.kind}")


def give_forms(world: World) -> Iterator[Record]:
    table = world.table("commcare.forms")
    for domain in world.table("commcare.domains").ids():
        for _, id in table.range("by_received", (domain,), (domain, "\uffff")):
            doc = table.peek(id) or {}
            more = {name: doc[name] for name in ("app_id", "build_id") if doc[name]}
            yield {"domain": domain, "xml": processing.form_xml(world, doc).decode("utf-8", "replace"),
                   "received_on": doc["received_on"], **more}


# --- places ---


def take_type(world: World, record: Record) -> None:
    check(record, KIND, "domain", "name", "code")
    domain, table = domain_of(world, record), world.table("commcare.location_types")
    codes = {kind["code"]: kind["id"] for kind in table.all() if kind["domain"] == domain}
    parent = record.get("parent")
    if parent and parent not in codes:
        raise Wrong(f"parent is the code of a location type: {', '.join(codes) or 'there is none'}", "parent")
    number = codes.get(record["code"]) or 1 + max((kind["id"] for kind in table.all()), default=0)
    table.put(str(number), {
        "id": number, "domain": domain, "name": record["name"], "code": record["code"],
        "parent_id": codes[parent] if parent else None, "administrative": record.get("administrative", False),
        "shares_cases": record.get("shares_cases", False), "view_descendants": record.get("view_descendants", False)})


def give_types(world: World) -> Iterator[Record]:
    table = world.table("commcare.location_types")
    codes = {(kind["domain"], kind["id"]): kind["code"] for kind in table.all()}
    for kind in table.all():
        names = ("domain", "name", "code", "administrative", "shares_cases", "view_descendants")
        yield {name: kind[name] for name in names} | {"parent": codes.get((kind["domain"], kind["parent_id"]))}


def take_place(world: World, record: Record) -> None:
    domain, id = domain_of(world, record), str(record.get("location_id"))
    if owned(world, "commcare.locations", id, domain) is not None:
        world.table("commcare.locations").delete(id)
    try:
        place, _ = writing.create(world, domain, without(record, "domain", "location_id"))
    except Refusal as refusal:
        raise Wrong(words(refusal)) from None
    moved(world, "commcare.locations", place["location_id"], record.get("location_id"), "location_id")


def give_places(world: World) -> Iterator[Record]:
    """Those above before those below."""
    table = world.table("commcare.locations")
    kinds = {(kind["domain"], kind["id"]): kind["code"] for kind in world.table("commcare.location_types").all()}
    for domain in world.table("commcare.domains").ids():
        found = [table.peek(id) or {} for _, id in table.range("by_number", (domain,), (domain, TOP_NUMBER))]
        for place in found:
            if place["archived"]:
                continue
            known = {name: place[name] for name in PLACE_OWN if place[name] not in (None, "", {})}
            above = {"parent_location_id": place["parent_id"]} if place["parent_id"] else {}
            yield {"domain": domain, "location_id": place["location_id"], **known, **above,
                   "location_type_code": kinds[domain, place["type_id"]]}


# --- applications and forwarding ---


def take_app(world: World, record: Record) -> None:
    check(record, APP, "domain", "name")
    domain, id = domain_of(world, record), record.get("id") or world.hex()
    if id in world.table("commcare.apps") and owned(world, "commcare.apps", id, domain) is None:
        raise Wrong("another domain has an application of this id", "id")
    world.table("commcare.apps").put(id, {
        "id": id, "domain": domain, "created": dates.now(world), "name": record["name"],
        "version": record.get("version", 1), "is_released": False, "built_on": None, "build_comment": None,
        "built_from_app_id": None, "langs": record.get("langs", ["en"]), "modules": record.get("modules", [])})
    records.forward_app(world, domain, id)


def take_repeater(world: World, record: Record) -> None:
    if problem := configured.fault(record):
        raise Wrong(problem, *(name for name in [problem.partition(" ")[0]] if name in record))
    domain, id = domain_of(world, record), record.get("id") or world.hex()
    world.table(configured.TABLE).put(id, {**record, "id": id, "domain": domain})
