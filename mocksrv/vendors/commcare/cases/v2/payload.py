"""What case API v2 takes to create and update cases: checks, the texts of their errors, and the case blocks.

The rules are a table of JSON types, as HQ has them (commcare-hq corehq/apps/hqcase/api/updates.py on jsonobject,
whose own messages name Python types); a payload is read field by field in the order in which it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.django.error_pages import SERVER_ERROR
from mocksrv.vendors.commcare.errors import Text
from mocksrv.vendors.commcare.form_processor import casexml
from mocksrv.vendors.commcare.form_processor.stores import owned

if TYPE_CHECKING:
    from mocksrv.world import World

Payload = dict[str, Any]

MAX_ROWS = 100
TEXTS = ("case_id", "case_name", "case_type", "external_id", "owner_id", "user_id")
FIELDS = {"update": {*TEXTS, "properties", "indices", "close"}}
FIELDS["create"] = FIELDS["update"] | {"temporary_id"}
REQUIRED = ("case_name", "case_type", "owner_id")
INDEX_IDS = ("case_id", "external_id", "temporary_id")
INDEX_TEXTS = (*INDEX_IDS, "case_type", "relationship")
RELATIONSHIPS = ["child", "extension"]
IDENTIFIER = re.compile(r"(?!xml)[^\W\d][\w.\-]*")
# What cannot stand in XML: HQ fails on it.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Invalid(Exception):
    """The payload is refused with this text."""


def crash(diagnosis: str) -> Refusal:
    """HQ's answer where its view fails."""
    return Refusal(500, Text(SERVER_ERROR), diagnosis=diagnosis)


def check(data: Any, kind: str) -> Payload:
    """One case of a payload, as `kind` "create" or "update". Raises Invalid, or the Refusal of a crash."""
    if not isinstance(data, dict):
        raise crash("each case is a JSON object")
    if kind == "create" and "case_id" in data:
        raise Invalid("You cannot specify case_id when creating a new case")
    for name in data:
        if name not in FIELDS[kind]:
            raise Invalid(f"'{name}' is not a valid field.")
    for name, value in data.items():
        if name == "properties":
            check_properties(value)
        elif name == "indices":
            check_indices(value)
        elif name == "close":
            if value is not None and not isinstance(value, bool):
                raise Invalid(f"{value!r} not of type {bool}")
        elif name != "user_id":
            check_text(value)
            if value is None and kind == "create" and name in REQUIRED:
                raise Invalid(f"Property {name} is required.")
    missing = next((name for name in REQUIRED if kind == "create" and name not in data), None)
    if missing:
        raise Invalid(f"Property {missing} is required.")
    if kind == "update" and not data.get("case_id") and not data.get("external_id"):
        raise Invalid("Case updates must provide either a case_id or external_id")
    for name in ("properties", "indices"):
        if name in data and data[name] is None:
            raise crash(f"{name} must be an object; null makes HQ fail")
    made: Payload = as_xml(data)
    return made


def check_text(value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{value!r} not of type {(str, str)}")


def check_object(value: Any, kind: str) -> None:
    if value is not None and not isinstance(value, dict):
        raise Invalid(f"{kind} must wrap a dict or None. Found object of type: {type(value)}")


def check_properties(value: Any) -> None:
    check_object(value, "JsonDict")
    for name, text in (value or {}).items():
        if not IDENTIFIER.fullmatch(name):
            raise Invalid(f"Error with case property '{name}'. Case property names must be valid XML identifiers.")
        if not isinstance(text, str):
            raise Invalid(f"Error with case property '{name}'. Values must be strings, received '{text}'")


def check_indices(value: Any) -> None:
    check_object(value, "JsonDict")
    for index in (value or {}).values():
        check_index_fields(index)
    for name in value or {}:
        if not IDENTIFIER.fullmatch(name):
            raise Invalid(f"Error with index '{name}'. Index names must be valid XML identifiers.")
    for index in (value or {}).values():
        check_index(index or {})


def check_index_fields(value: Any) -> None:
    check_object(value, "JsonObject")
    for name, text in (value or {}).items():
        if name in INDEX_TEXTS:
            check_text(text)
        if name == "relationship" and text is not None and text not in RELATIONSHIPS:
            raise Invalid(f"{text!r} not in choices: {RELATIONSHIPS!r}")


def check_index(index: Mapping[str, Any]) -> None:
    given = [name for name in INDEX_IDS if index.get(name)]
    if len(given) > 1:
        raise Invalid("Indices must specify case_id, external_id, or temporary ID, and only one")
    for name in ("case_type", "relationship"):
        if given and not index.get(name):
            raise Invalid(f"Property {name} is required when creating or updating case indices")


def as_xml(value: Any) -> Any:
    """Texts as they come out of XML, through which every change goes. Raises the Refusal of a crash."""
    if isinstance(value, str):
        if NOT_XML.search(value):
            raise crash("a text holds a character that cannot stand in XML")
        return value.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, dict):
        return {as_xml(name): as_xml(item) for name, item in value.items()}
    return value


# --- many cases ---------------------------------------------------------------------------------------------


def check_rows(world: World, domain: str, rows: list[Any]) -> list[Payload]:
    """The cases of a bulk request, each with `create` set. Raises Invalid with the errors of all rows."""
    if len(rows) > MAX_ROWS:
        raise Invalid(f"You cannot submit more than {MAX_ROWS} updates in a single request")
    checked, errors = [], []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise crash("each case is a JSON object")
        try:
            checked.append(check_row(world, domain, dict(row)))
        except Invalid as error:
            errors.append(f"Error in row {number}: {error}")
    if errors:
        raise Invalid("; ".join(errors))
    return checked


def check_row(world: World, domain: str, row: Payload) -> Payload:
    create = row.pop("create", None)
    if create is None:
        # Neither create nor update: by the external id whichever fits.
        if not isinstance(row.get("external_id"), str) or not row["external_id"] or "case_id" in row:
            raise Invalid("A 'create' flag is required for each update.")
        found = by_external_id(world, domain, row["external_id"])
        create = found is None
        if found is not None:
            row["case_id"] = found
    return check(row, "create" if create else "update") | {"create": bool(create)}


def by_external_id(world: World, domain: str, external_id: str) -> str | None:
    """The one case with an external id. Raises Invalid if there are more."""
    found = world.table("commcare.cases").by("by_external_id", (domain, external_id))
    if len(found) > 1:
        raise Invalid(f"There are multiple cases with external_id {external_id}")
    return found[0] if found else None


# --- case blocks --------------------------------------------------------------------------------------------


class Resolver:
    """The ids that the cases of one request stand for."""

    def __init__(self, world: World, domain: str, rows: Iterable[Payload]) -> None:
        self.world = world
        self.domain = domain
        self.temporary: dict[str, str] = {}
        self.external: dict[str, str] = {}
        for row in rows:
            if row.get("temporary_id") and row.get("case_id"):
                self.temporary[row["temporary_id"]] = row["case_id"]
            if row.get("external_id") and row.get("case_id"):
                self.external[row["external_id"]] = row["case_id"]

    def case_id(self, row: Payload) -> str:
        """Whom a row is about. Raises Invalid."""
        if not row.get("case_id"):
            return self.by_external_id(row["external_id"])
        id: str = row["case_id"]
        if not row["create"] and owned(self.world, "commcare.cases", id, self.domain) is None:
            raise Invalid(f"No case found with ID '{id}'")
        return id

    def index_id(self, index: Mapping[str, Any]) -> str:
        """Where an index leads; "" to remove it. Raises Invalid."""
        if index.get("temporary_id"):
            if index["temporary_id"] not in self.temporary:
                raise Invalid(f"Could not find a case with temporary_id '{index['temporary_id']}'")
            return self.temporary[index["temporary_id"]]
        if index.get("external_id"):
            return self.by_external_id(index["external_id"])
        return index.get("case_id") or ""

    def by_external_id(self, external_id: str) -> str:
        found = self.external.get(external_id) or by_external_id(self.world, self.domain, external_id)
        if found is None:
            raise Invalid(f"Could not find a case with external_id '{external_id}'")
        return found


def blocks(world: World, domain: str, user_id: str, rows: list[Payload]) -> list[dict[str, Any]]:
    """The case blocks of checked cases; those that are created get their ids. Raises Invalid."""
    for row in rows:
        if row["create"]:
            row["case_id"] = world.uuid()
    resolver = Resolver(world, domain, rows)
    return [block(world, user_id, row, resolver) for row in rows]


def block(world: World, user_id: str, row: Payload, resolver: Resolver) -> dict[str, Any]:
    made: dict[str, Any] = {"@case_id": resolver.case_id(row), "@date_modified": dates.now(world),
                            "@user_id": user_id, "@xmlns": casexml.NAMESPACE}
    own = {name: row[name] for name in REQUIRED if row.get(name) is not None}
    properties = row.get("properties") or {}
    if twice := next((name for name in own if name in properties), None):
        raise crash(f"{twice} stands both beside and in properties")
    # HQ's case block writes these two itself, over what properties say.
    update = {name: text for name, text in properties.items() if name not in ("external_id", "date_opened")}
    if row.get("external_id") is not None:
        update["external_id"] = row["external_id"]
    if row["create"]:
        made["create"] = own
        update["date_opened"] = made["@date_modified"]
    else:
        update |= own
    if update:
        made["update"] = update
    if row.get("close"):
        made["close"] = ""
    if row.get("indices"):
        made["index"] = {name: index_of(index or {}, resolver) for name, index in row["indices"].items()}
    return made


def index_of(index: Mapping[str, Any], resolver: Resolver) -> dict[str, str]:
    made = {"@case_type": index.get("case_type") or ""}
    if index.get("relationship") == "extension":
        made["@relationship"] = "extension"
    if id := resolver.index_id(index):
        made["#text"] = id
    return made
