"""The repeaters of a project: where HQ forwards what, under the names of HQ's models.

HQ has no API for them: they are records of the table `commcare.repeaters`, or stand in the setting of that name, as
JSON by domain: `{"demo": [{"repeater_type": "FormRepeater", "url": "http://127.0.0.1:3000/"}]}`.
HQ source: corehq/motech/repeaters/models.py; ConnectionSettings in corehq/motech/models.py has `url` and the login.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.store import Index, TableSpec, on

if TYPE_CHECKING:
    from mocksrv.world import World

TABLE, RECORDS = "commcare.repeaters", "commcare.repeat_records"
TABLES = (
    TableSpec(TABLE, {"by_domain": on("domain")}),
    TableSpec(RECORDS, {"by_next_check": Index(lambda doc: [doc["next_check"]] if doc["next_check"] else [],
                                               ordered=True)}),
)
FORMATS: dict[str, tuple[str, ...]] = {  # of each type, the default first
    "FormRepeater": ("form_xml", "form_json"), "CaseRepeater": ("case_xml", "case_json"),
    "CreateCaseRepeater": ("case_xml", "case_json"), "UpdateCaseRepeater": ("case_xml", "case_json"),
    "ShortFormRepeater": ("short_form_json",), "AppStructureRepeater": ("app_structure_xml",),
    "LocationRepeater": ("",),
}
TEXTS = "list of texts"
FIELDS: dict[str, Any] = {
    "repeater_type": tuple(FORMATS), "url": str, "name": str, "format": str, "is_paused": bool,
    "request_method": ("POST", "PUT", "DELETE"), "auth_type": ("", "basic"), "username": str, "password": str,
    "include_app_id_param": bool, "white_listed_form_xmlns": TEXTS, "user_blocklist": TEXTS,
    "white_listed_case_types": TEXTS, "black_listed_users": TEXTS, "version": ("2.0", "3.0"),
    "id": str, "domain": str,
}
WRONG = 'JSON by domain: {"demo": [{"repeater_type": "FormRepeater", "url": "http://127.0.0.1:3000/"}]}'


def check(text: str) -> None:
    """Raise ValueError if a setting's text is no list of repeaters by domain."""
    try:
        domains = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise ValueError(WRONG) from None
    if not isinstance(domains, dict) or not all(isinstance(one, list) for one in domains.values()):
        raise ValueError(WRONG)
    for repeaters in domains.values():
        for one in repeaters:
            if problem := fault(one):
                raise ValueError(f"{WRONG}; {problem}")


def fault(repeater: Any) -> str:
    """What is wrong with a repeater; "" if nothing."""
    if not isinstance(repeater, Mapping):
        return "a repeater is an object"
    for name in ("repeater_type", "url"):
        if name not in repeater:
            return f"a repeater needs {name}"
    for name, value in repeater.items():
        if problem := wrong(name, value):
            return problem
    if not repeater["url"].startswith(("http://", "https://")):
        return f"url {repeater['url']!r} begins with neither http:// nor https://"
    formats = FORMATS[repeater["repeater_type"]]
    if repeater.get("format") and repeater["format"] not in formats:
        return f"format of a {repeater['repeater_type']} is one of {', '.join(formats)}"
    return ""


def wrong(name: str, value: Any) -> str:
    """What is wrong with one field; "" if nothing."""
    kind = FIELDS.get(name)
    if kind is None:
        return f"a repeater has no {name!r}; it has {', '.join(FIELDS)}"
    if isinstance(kind, tuple):
        return "" if value in kind else f"{name} is one of {', '.join(filter(None, kind))}"
    if kind is TEXTS:
        fine = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if fine else f"{name} is a list of texts"
    return "" if type(value) is kind else f"{name} is a {'text' if kind is str else 'truth'}"


def every(world: World, domain: str, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A domain's repeaters of these types, with their ids."""
    for id, known in all_of(world, domain):
        if known["repeater_type"] in types:
            yield id, known


def find(world: World, domain: str, id: str) -> Mapping[str, Any] | None:
    """A domain's repeater by its id; None if it is gone."""
    return next((known for key, known in all_of(world, domain) if key == id), None)


def all_of(world: World, domain: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    table = world.table(TABLE)
    for id in table.by("by_domain", domain):
        yield id, table.peek(id) or {}
    text: str = world.setting(TABLE)
    if text:
        for one in json.loads(text).get(domain, ()):
            yield one.get("id") or hashlib.md5(f"{domain} {json.dumps(one)}".encode()).hexdigest(), one
