"""Which reports and contacts an export's filters select. CHT 4.15 source, shared-libs/search, freetext views."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.ddocs import full_text
from mocksrv.vendors.cht.ddocs.freetext_views import SHORTEST, contact_tokens, report_tokens
from mocksrv.vendors.cht.export.options import BadFilter, Options
from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.node.regexps import SPACES, S
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.world import World

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]

NO_ROWS = "No rows can match your key range, reverse your start_key and end_key or set descending=true"
SUBJECTS = ("patient_id", "place_id", "case_id")
FIELD_SUBJECTS = (*SUBJECTS, "patient_uuid", "place_uuid")


def tests_of_reports(world: World, options: Options) -> list[Test]:
    """The conditions that a report must meet; none at all if there is no filter. Raises BadFilter."""
    filters = options.filters
    tests: list[Test] = list(dates(options, world.clock.ms()))
    if (keys := multidropdown(filters.get("forms"))) is not None:
        codes = codes_of(listed(keys, "forms.map"))
        tests.append(lambda doc: one_of(doc.get("form"), codes))
    if isinstance(valid := filters.get("valid"), bool):
        tests.append(lambda doc: (some(doc.get("errors")) is not None) is not valid)
    if (keys := some(filters.get("verified"))) is not None:
        wanted = listed(keys, "keys.map")
        tests.append(lambda doc: one_of(doc.get("verified"), wanted))
    if (keys := multidropdown(filters.get("facilities"))) is not None:
        places = listed(keys, "keys.map")
        tests.append(lambda doc: any(id in places for id in ancestors(doc.get("contact"))))
    tests += tests_of_words(world, filters.get("search"), report_tokens, full_text.of_report)
    if (subjects := some(filters.get("subjectIds"))) is not None:
        if not isinstance(subjects, list):
            raise BadFilter("`keys` must be an array of strings.")
        tests.append(lambda doc: any(one_of(subject, subjects) for subject in subjects_of(doc)))
    return tests


def dates(options: Options, now: int) -> Iterator[Test]:
    """A range of `reported_date`: from 1970 to now unless given; an invalid date sorts first."""
    low, high = options.date("from"), options.date("to")
    if not (javascript.truthy(low) or javascript.truthy(high)):
        return
    date = options.filters["date"]
    end = timestamps.moment_value(high, now) if "to" in date else now
    start = (timestamps.moment_value(low, now) if javascript.truthy(low) else 0) or 0
    if end is None or start > end:
        raise BadFilter(NO_ROWS)
    yield lambda doc: is_number(doc.get("reported_date")) and start <= doc["reported_date"] <= end


def tests_of_contacts(world: World, options: Options) -> list[Test]:
    """The conditions that a contact must meet. Raises BadFilter."""
    filters = options.filters
    parent, types = filters.get("parent"), filters.get("types")
    words = tests_of_words(world, filters.get("search"), contact_tokens, full_text.of_contact)
    tests: list[Test] = list(words)
    selected = types.get("selected") if isinstance(types, dict) else None
    if javascript.truthy(parent):
        kinds = listed(selected, "types.map") if javascript.truthy(selected) else None
        tests.append(lambda doc: kinds is not None and below(doc, parent) and contact_types.type_id(doc) in kinds)
    kinds_alone = multidropdown(types) if isinstance(types, dict) and javascript.truthy(selected) else None
    if kinds_alone is not None:
        wanted = listed(kinds_alone, "keys.map")
        if any(":" in word for word in words_of(filters.get("search"))):
            raise BadFilter("Cannot read properties of undefined (reading '0')")
        tests.append(lambda doc: one_of(contact_types.type_id(doc), wanted))
    return tests


def multidropdown(group: Any) -> Any:
    """The selected values; None if nothing or everything (`options`) is selected."""
    selected = group.get("selected") if isinstance(group, dict) else None
    if not javascript.truthy(selected):
        return None
    known = group.get("options")
    return None if javascript.truthy(known) and length(known) == length(selected) else some(selected)


def some(keys: Any) -> Any:
    """The keys, if there are any; an object has no length, and so is not empty."""
    return keys if javascript.truthy(keys) and length(keys) != 0 else None


def length(value: Any) -> int | None:
    """`value.length`."""
    return len(value) if isinstance(value, list | str) else None


def listed(keys: Any, called: str) -> list[Any]:
    """The keys as a list; the server fails at anything else."""
    if not isinstance(keys, list):
        raise BadFilter(f"{called} is not a function")
    return keys


def one_of(value: Any, keys: list[Any]) -> bool:
    """Whether a value of a document is one of the keys, which CouchDB compares as JSON: true is not 1."""
    return any(value == key and isinstance(value, bool) is isinstance(key, bool) for key in keys)


def below(doc: Doc, parent: Any) -> bool:
    return isinstance(doc.get("parent"), dict) and doc["parent"].get("_id") == parent


def codes_of(forms: Any) -> list[Any]:
    """The codes of the selected forms; an entry without a code selects forms without one."""
    if any(form is None for form in forms):
        raise BadFilter("Cannot read properties of null (reading 'code')")
    return [form.get("code") if isinstance(form, dict) else None for form in forms]


def columns_of(forms: Any) -> list[Any]:
    """The codes of the selected forms as the header looks for them: in a list, an object, or not at all."""
    forms = list(forms.values()) if isinstance(forms, dict) else forms if isinstance(forms, list) else []
    return [form.get("code") for form in forms if isinstance(form, dict)]


def words_of(search: Any) -> list[str]:
    """The words to look for; too short ones are ignored."""
    if not javascript.truthy(search):
        return []
    if not isinstance(search, str):
        raise BadFilter("filters.search.trim is not a function")
    words = re.split(f"{S}+", search.strip(SPACES).lower())
    return [word for word in words if ":" in word or len(word) >= SHORTEST]


def tests_of_words(world: World, search: Any, tokens: Callable[[Doc], set[str]],
                   indexed: Callable[[Doc], Iterable[tuple[str, Any]]]) -> list[Test]:
    """Each word must be in the document: `key:value` exactly, anything else as the beginning of a token.

    In later releases the full-text index decides, by what is `indexed`.
    """
    words = words_of(search)
    if not words:
        return []
    if releases.FULL_TEXT_SEARCH.holds(world):
        return [lambda doc: full_text.has_words({key for key, _ in indexed(doc)}, words)]

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


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
