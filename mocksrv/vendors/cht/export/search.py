"""Which reports and contacts an export's filters select. CHT 4.15 source, shared-libs/search, freetext views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.ddocs.freetext_views import SHORTEST, contact_tokens, report_tokens
from mocksrv.vendors.cht.export.options import BadFilter, Options
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import contact_types

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]

SUBJECTS = ("patient_id", "place_id", "case_id")
FIELD_SUBJECTS = (*SUBJECTS, "patient_uuid", "place_uuid")


def tests_of_reports(options: Options, now: int) -> list[Test]:
    """The conditions that a report must meet; none at all if there is no filter."""
    tests: list[Test] = []
    forms = options.selected("forms")
    if forms and not isinstance(forms, list):
        raise BadFilter("forms.map is not a function")
    known = options.filters.get("forms", {}).get("options") if forms else None
    if forms and not (isinstance(known, list) and len(known) == len(forms)):
        codes = codes_of(forms)
        tests.append(lambda doc: doc.get("form") in codes)
    if options.date_from is not None or options.date_to is not None:
        low, high = options.date_from or 0, now if options.date_to is None else options.date_to
        tests.append(lambda doc: is_number(doc.get("reported_date")) and low <= doc["reported_date"] <= high)
    if options.valid is not None:
        tests.append(lambda doc: bool(doc.get("errors")) is not options.valid)
    if options.verified is not None:
        wanted = options.verified
        tests.append(lambda doc: doc.get("verified") in wanted)
    if places := texts(options.selected("facilities")):
        tests.append(lambda doc: not places.isdisjoint(ancestors(doc.get("contact"))))
    if subjects := texts(options.filters.get("subjectIds")):
        tests.append(lambda doc: not subjects.isdisjoint(subjects_of(doc)))
    return tests + tests_of_words(options.filters.get("search"), report_tokens)


def tests_of_contacts(options: Options) -> list[Test]:
    """The conditions that a contact must meet."""
    tests: list[Test] = []
    if kinds := texts(options.selected("types")):
        tests.append(lambda doc: javascript.text(contact_types.type_id(doc)) in kinds)
    if isinstance(parent := options.filters.get("parent"), str) and parent:
        tests.append(lambda doc: isinstance(doc.get("parent"), dict) and doc["parent"].get("_id") == parent)
    return tests + tests_of_words(options.filters.get("search"), contact_tokens)


def codes_of(forms: Any) -> list[Any]:
    """The codes of the selected forms."""
    return [one.get("code") for one in forms if isinstance(one, dict)] if isinstance(forms, list) else []


def tests_of_words(search: Any, tokens: Callable[[Doc], set[str]]) -> list[Test]:
    """Each word must be in the document: `key:value` exactly, anything else as the beginning of a token."""
    words = search.lower().split() if isinstance(search, str) else []
    words = [word for word in words if ":" in word or len(word) >= SHORTEST]
    if not words:
        return []

    def found(doc: Doc) -> bool:
        known = tokens(doc)
        return all(word in known if ":" in word else any(token.startswith(word) for token in known) for word in words)

    return [found]


def ancestors(contact: Any) -> Iterator[str]:
    """The ids of the places that a contact stub lies in, nearest first."""
    if isinstance(contact, dict) and isinstance(contact.get("parent"), dict):
        yield from contact_types.lineage_ids(contact["parent"])


def subjects_of(doc: Doc) -> set[Any]:
    fields = doc.get("fields")
    inner = [fields.get(name) for name in FIELD_SUBJECTS] if isinstance(fields, dict) else []
    return {one for one in (*(doc.get(name) for name in SUBJECTS), *inner) if isinstance(one, str)}


def texts(value: Any) -> set[str]:
    listed = value if isinstance(value, list) else [value]
    return {one for one in listed if isinstance(one, str) and one}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
