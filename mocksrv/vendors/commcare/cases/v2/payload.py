"""What case API v2 takes to create and update cases: checks, the texts of their errors, and the case blocks.

The rules are a table of JSON types, as HQ has them (commcare-hq corehq/apps/hqcase/api/updates.py on jsonobject,
whose own messages name Python types); a payload is read field by field in the order in which it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import view_failed
from mocksrv.vendors.commcare.form_processor import casexml
from mocksrv.vendors.commcare.form_processor.stores import owned

if TYPE_CHECKING:
    from mocksrv.world import World

Payload = dict[str, Any]

MAX_ROWS = 100
TEXTS = ("case_id", "case_name", "case_type", "external_id", "owner_id", "user_id")
FIELDS = {"update": {*TEXTS, "properties", "indices", "close"}}
FIELDS["upsert"] = FIELDS["update"]
FIELDS["create"] = FIELDS["update"] | {"temporary_id"}
REQUIRED = ("case_name", "case_type", "owner_id")  # of "create" and "upsert"
INDEX_IDS = ("case_id", "external_id", "temporary_id")
INDEX_TEXTS = (*INDEX_IDS, "case_type", "relationship")
RELATIONSHIPS = ["child", "extension"]
# How HQ's case block sorts what it writes: these first, then by name.
ORDER = ("case_type", "case_name", "external_id", "owner_id")
PLAIN = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.\-]*")
XML_BLANKS = " \t\r\n"
# Characters that XML cannot contain: HQ fails on them.
NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NOT_POSTGRES = re.compile(r"[\x00\ud800-\udfff]")


class Invalid(Exception):
    """The payload is refused with this text."""


def check(data: Any, kind: str) -> Payload:
    """Check one case of a payload of `kind` "create", "update" or "upsert". Raises Invalid, or HQ's 500."""
    if not isinstance(data, dict):
        raise view_failed("each case is a JSON object")
    if kind == "create" and "case_id" in data:
        raise Invalid("You cannot specify case_id when creating a new case")
    if kind == "upsert" and "case_id" in data:
        raise Invalid("UPSERT does not allow case_id to be specified")
    if kind == "upsert" and not data.get("external_id"):
        raise Invalid("UPSERT requires external_id to be specified")
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
            if value is None and kind != "update" and name in REQUIRED:
                raise Invalid(f"Property {name} is required.")
    missing = next((name for name in REQUIRED if kind != "update" and name not in data), None)
    if missing:
        raise Invalid(f"Property {missing} is required.")
    return data


def check_text(value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{value!r} not of type {(str, str)}")


def check_object(value: Any, kind: str) -> None:
    if value is not None and not isinstance(value, dict):
        raise Invalid(f"{kind} must wrap a dict or None. Found object of type: {type(value)}")


def check_properties(value: Any) -> None:
    check_object(value, "JsonDict")
    for name, text in (value or {}).items():
        if not is_identifier(name):
            raise Invalid(f"Error with case property '{name}'. Case property names must be valid XML identifiers.")
        if not isinstance(text, str):
            raise Invalid(f"Error with case property '{name}'. Values must be strings, received '{text}'")
        if name in REQUIRED:
            raise Invalid(f"Error with case property '{name}'. This must be specified at the top level.")


def check_indices(value: Any) -> None:
    check_object(value, "JsonDict")
    for index in (value or {}).values():
        check_index_fields(index)
    for name in value or {}:
        if not is_identifier(name):
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


def is_identifier(name: str) -> bool:
    """Whether an XML parser takes an element of this name: HQ asks one. Raises HQ's 500."""
    if PLAIN.fullmatch(name):
        return True
    if not name or name.startswith("xml"):
        return False
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        fromstring(f"<{name} />".encode())
    except ParseError:
        return False
    except UnicodeEncodeError:
        raise view_failed("the name holds half a character") from None
    except DefusedXmlException as error:
        raise view_failed(f"the name declares entities: {error}") from None
    return True


# --- many cases ---------------------------------------------------------------------------------------------


def check_rows(rows: list[Any]) -> list[Payload]:
    """The cases of a bulk request, each with its `kind`. Raises Invalid with the errors of all rows."""
    if len(rows) > MAX_ROWS:
        raise Invalid(f"You cannot submit more than {MAX_ROWS} updates in a single request")
    checked, errors = [], []
    for number, row in enumerate(rows, start=1):
        try:
            checked.append(check_row(row))
        except Invalid as error:
            errors.append(f"Error in row {number}: {error}")
    if errors:
        raise Invalid("; ".join(errors))
    return checked


def check_row(row: Any) -> Payload:
    """HQ looks for the flag before it looks at what a row is: Python finds "create" in a text or a list, too."""
    if not isinstance(row, dict | str | list):
        raise view_failed("each case is a JSON object")
    if "create" not in row:
        raise Invalid("A 'create' flag is required for each update.")
    if not isinstance(row, dict):
        raise view_failed("each case is a JSON object")
    row = dict(row)
    flag = row.pop("create")
    kind = "upsert" if flag is None else "create" if flag else "update"
    return check(row, kind) | {"kind": kind}


def looked_up(id: str) -> str:
    """An id that HQ's database is asked for. Raises HQ's 500."""
    if NOT_POSTGRES.search(id):
        raise view_failed("PostgreSQL cannot be asked for such a text")
    return id


def by_external_ids(world: World, domain: str, external_ids: Iterable[str]) -> dict[str, str]:
    """The cases with these external ids. Raises Invalid if one has several."""
    found: dict[str, str] = {}
    for external_id in external_ids:
        ids = world.table("commcare.cases").by("by_external_id", (domain, looked_up(external_id)))
        if len(ids) > 1:
            raise Invalid(f"There are multiple cases with external_id {external_id}")
        if ids:
            found[external_id] = ids[0]
    return found


# --- case blocks --------------------------------------------------------------------------------------------


class Resolver:
    """Finds the case ids that the rows of one request mean.

    HQ finds all external ids at once, when the first one is asked for; a case that an upsert makes is not among them.
    """

    def __init__(self, world: World, domain: str, rows: list[Payload]) -> None:
        self.world = world
        self.domain = domain
        self.rows = rows
        self.temporary = {row["temporary_id"]: row["case_id"] for row in rows
                          if row.get("temporary_id") and row.get("case_id")}

    @cached_property
    def external(self) -> dict[str, str]:
        here = {row["external_id"]: row["case_id"] for row in self.rows
                if row.get("external_id") and row.get("case_id")}
        wanted = [row.get("external_id") for row in self.rows if not row.get("case_id")]
        indices = (index or {} for row in self.rows for index in part(row, "indices").values())
        wanted += [index.get("external_id") for index in indices]
        missing = dict.fromkeys(external_id for external_id in wanted if external_id and external_id not in here)
        return here | by_external_ids(self.world, self.domain, missing)

    def case_id(self, row: Payload) -> str:
        """The id of a row's case, a new one if an upsert finds none. Raises Invalid."""
        if row["kind"] == "upsert":
            return self.external.get(row["external_id"]) or self.world.uuid()
        if not row.get("case_id"):
            return self.by_external_id(row.get("external_id"))
        id: str = row["case_id"]
        if row["kind"] == "update" and owned(self.world, "commcare.cases", looked_up(id), self.domain) is None:
            raise Invalid(f"No case found with ID '{id}'")
        return id

    def index_id(self, index: Mapping[str, Any]) -> str:
        """The id of the case that an index refers to; "" to remove the index. Raises Invalid."""
        if index.get("temporary_id"):
            if index["temporary_id"] not in self.temporary:
                raise Invalid(f"Could not find a case with temporary_id '{index['temporary_id']}'")
            id: str = self.temporary[index["temporary_id"]]
            return id
        if index.get("external_id"):
            return self.by_external_id(index["external_id"])
        return str(index.get("case_id"))  # without any id HQ looks for the case "None"

    def by_external_id(self, external_id: str | None) -> str:
        if external_id is None or external_id not in self.external:
            raise Invalid(f"Could not find a case with external_id '{external_id}'")
        return self.external[external_id]


def blocks(world: World, domain: str, user_id: str, rows: list[Payload]) -> list[dict[str, Any]]:
    """The case blocks of checked cases; new cases get their ids. Raises Invalid, or HQ's 500."""
    for row in rows:
        if row["kind"] == "create":
            row["case_id"] = world.uuid()
    resolver = Resolver(world, domain, rows)
    return [as_xml(made) for made in [block(world, user_id, row, resolver) for row in rows]]


def part(row: Payload, name: str) -> dict[str, Any]:
    """The properties or indices of a row. Raises HQ's 500 for null, which the checks let pass."""
    found: dict[str, Any] | None = row.get(name, {})
    if found is None:
        raise view_failed(f"{name} must be an object; null makes HQ fail")
    return found


def block(world: World, user_id: str, row: Payload, resolver: Resolver) -> dict[str, Any]:
    case_id = resolver.case_id(row)
    properties = part(row, "properties")
    resolved = [(name, index or {}, resolver.index_id(index or {})) for name, index in part(row, "indices").items()]
    indices = {name: index_of(index, id) for name, index, id in resolved}
    made: dict[str, Any] = {"@case_id": case_id, "@date_modified": dates.now(world), "@user_id": user_id,
                            "@xmlns": casexml.NAMESPACE}
    own = {name: row[name] for name in REQUIRED if row.get(name) is not None}
    # HQ's case block writes these two itself, over what properties say.
    update = {name: text for name, text in properties.items() if name not in ("external_id", "date_opened")}
    if row.get("external_id") is not None:
        update["external_id"] = row["external_id"]
    if owned(world, "commcare.cases", case_id, resolver.domain) is None:
        made["create"] = written(dict.fromkeys(REQUIRED, "") | own)
    else:
        update |= own
    if update:
        made["update"] = written(update)
    if row.get("close"):
        made["close"] = ""
    if indices:
        made["index"] = written(indices)
    return made


def written(elements: dict[str, Any]) -> dict[str, Any]:
    """The elements that HQ's case block writes, in its order: names that begin with `_` are reserved.

    What a name has behind a blank were attributes, before a `<` a comment; both make XML that HQ cannot read.
    """
    order = {name: number for number, name in enumerate(ORDER)}
    kept = sorted((name for name in elements if name[0] != "_"), key=lambda name: (order.get(name, len(ORDER)), name))
    if any(set(XML_BLANKS + "<").intersection(name.rstrip(XML_BLANKS)) for name in kept):
        raise view_failed("the name of a property holds a blank or a <")
    return {name.rstrip(XML_BLANKS): elements[name] for name in kept}


def as_xml(value: Any, name: str = "") -> Any:
    """What comes out of the XML through which every change goes. Raises HQ's 500."""
    if isinstance(value, dict):
        return {name: as_xml(item, name) for name, item in value.items()}
    if NOT_XML.search(value):
        raise view_failed("a text holds a character that cannot stand in XML")
    return value if name.startswith("@") else value.replace("\r\n", "\n").replace("\r", "\n")


def index_of(index: Mapping[str, Any], id: str) -> dict[str, str]:
    """An index of a case block. Raises HQ's 500 if the relationship is missing."""
    if index.get("relationship") not in RELATIONSHIPS:
        raise view_failed("an index needs a relationship, even one that is to be removed")
    made = {"@case_type": index.get("case_type") or ""}
    if index["relationship"] == "extension":
        made["@relationship"] = "extension"
    return made | {"#text": id} if id else made
