"""Whether the fields of a report are as the rules of the settings want them.

CHT 4.15 source, shared-libs/validation/src.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from mocksrv import patterns
from mocksrv.vendors.cht.ddocs.mapping import each, has_no_errors, member, truthy
from mocksrv.vendors.cht.node import calendar, durations, javascript, json_text, time_limits, timestamps
from mocksrv.vendors.cht.shared_libs import phones
from mocksrv.vendors.cht.transitions import messages, rules
from mocksrv.vendors.cht.transitions.change import Change, Failed

Values = dict[str, Any]
UNDEFINED = math.nan  # an argument that is missing
BROKEN = "Error on pupil validations: "
NUMBER = re.compile(rf"[{javascript.SPACES}]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)", re.IGNORECASE)
LETTERS, WORDS = re.compile("[a-zA-Z]+"), re.compile("[a-zA-Z0-9]+")
EMAIL = re.compile(r"[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,4}", re.IGNORECASE)
MOST_CHARACTERS = 10_000  # of a text that a pattern is tried on


class Asked:
    """The functions that rules may call: each with the value of the field, and what its brackets hold. Raises Failed
    where JavaScript would throw."""

    def __init__(self, change: Change, values: Values) -> None:
        self.change, self.values = change, values
        self.functions: dict[str, Callable[[Any, Any, Any], bool]] = {
            "equals": lambda value, other, _: same(value, other),
            "sequals": lambda value, other, _: same(value, other),
            "iequals": lambda value, other, _: same_in_any_case(value, other),
            "siequals": lambda value, other, _: same_in_any_case(value, other),
            "lenmin": lambda value, least, _: length(value) >= to_number(least),
            "lenmax": lambda value, most, _: length(value) <= to_number(most),
            "lenequals": lambda value, wanted, _: javascript.units(shown(value)) == number(wanted),
            "min": lambda value, least, _: number(value) >= to_number(least),
            "max": lambda value, most, _: number(value) <= to_number(most),
            "between": lambda value, least, most: to_number(least) <= number(value) <= to_number(most),
            "in": lambda *_: False,  # the server looks into a list that never has the value
            "required": lambda value, *_: truthy(value),
            "optional": lambda *_: True,
            "numeric": lambda value, *_: math.isfinite(number(value)) and math.isfinite(to_number(value)),
            "alpha": lambda value, *_: LETTERS.fullmatch(shown(value)) is not None,
            "alphanumeric": lambda value, *_: WORDS.fullmatch(shown(value)) is not None,
            "email": lambda value, *_: EMAIL.fullmatch(shown(value)) is not None,
            "regex": fits,
            "integer": lambda value, *_: is_integer(value),
            "equalsto": lambda value, name, _: same(value, values.get(shown(name))),
            "exists": lambda _, form, name: self.exists([name], also=f"form:{shown(form)}"),
            "isafter": lambda value, span, _: self.compared(value, span, 1),
            "isbefore": lambda value, span, _: self.compared(value, span, -1),
            "isisoweek": lambda _, week, year: self.is_week(week, year),
            "validphone": lambda _, name, __: phones.validate(change.settings, values.get(shown(name))),
            "uniquephone": lambda _, name, __: not change.by_view(
                "medic-client", "contacts_by_phone", values.get(shown(name))),
        }

    def holds(self, block: rules.Block, key: str) -> bool:
        """Whether the conditions of a block hold for a field, from left to right."""
        result, any_of, negated = True, False, False
        for one in block:
            if one == "!":
                negated = True
                continue
            if isinstance(one, str):
                any_of = one == "||"
                continue
            if isinstance(one, rules.Choice):
                chosen = one.then if self.holds(one.condition, key) else one.otherwise
                found = chosen is None or self.holds(chosen, key)
            else:
                found = self.call(one, key) if isinstance(one, rules.Call) else self.holds(one, key)
            found, negated = found is not negated, False
            result = (result or found) if any_of else (result and found)
        return result

    def call(self, call: rules.Call, key: str) -> bool:
        """A function of the field, or behind `other` of the one that is named first; an unknown one holds."""
        name, given = call.name.lower(), list(call.given)
        if name in ("unique", "uniquewithin"):
            names, within = (given, None) if name == "unique" else (given[:-1], given[-1] if given else None)
            return not self.exists(names, within=within)
        if name.startswith("other"):
            name = name.removeprefix("other")
            key = shown(given.pop(0)) if given else "undefined"
        if (function := self.functions.get(name)) is None:
            return True
        one, other, *_ = [*given, UNDEFINED, UNDEFINED]
        return function(self.values.get(key), one, other)

    def exists(self, names: list[Any], also: str = "", within: Any = None) -> bool:
        """Whether there is another report without errors that has the same values in these fields."""
        words = [f"{shown(name)}:{shown(value).lower()}" for name in names
                 for value in [self.values.get(shown(name), "undefined")]]
        if not words:
            raise Failed('No arguments provided to "exists" validation function')
        found = [set(self.change.ids("medic-client", "reports_by_freetext", [word]))
                 for word in (*words, *([also.lower()] if also else []))]
        others = (self.change.database().peek(id) for id in set.intersection(*found) - {self.change.doc.get("_id")})
        since = self.since(within)
        return any(doc is not None and has_no_errors(doc)
                   and (since is None or number(doc.get("reported_date")) >= since) for doc in others)

    def since(self, within: Any) -> int | None:
        span = durations.parse(within)
        return durations.add(self.change.world.clock.ms(), span, -1) if span else None

    def compared(self, value: Any, span: Any, sign: int) -> bool:
        """Whether a date lies so long after, or before, the report, by days."""
        now, length = self.change.world.clock.ms(), durations.parse(span)
        when = timestamps.moment_value(value, now)
        reported = timestamps.moment_value(self.values.get("reported_date"), now)
        limit = durations.add(reported, length, sign) if length and reported is not None else None
        if when is None or limit is None:
            return False
        return sign * (when // calendar.DAY - limit // calendar.DAY) >= 0

    def is_week(self, week: Any, year: Any) -> bool:
        """Whether a field is the number of a week that a year has, this one unless another field says which."""
        names = [shown(name) for name in (week, year) if truthy(name)]
        if any(name not in self.values for name in names):
            return False
        count = self.values[names[0]] if names else None
        wanted = self.values[names[1]] if len(names) > 1 else self.change.world.clock.now().year
        if not (re.fullmatch("[0-9]{1,2}", shown(count)) and re.fullmatch("[0-9]{4}", shown(wanted))):
            return False
        last = date(max(1, int(shown(wanted))), 12, 28).isocalendar().week
        return 1 <= int(shown(count)) <= last


def shown(value: Any) -> str:
    return javascript.text(value)


def number(value: Any) -> float:
    """`parseFloat(value)`."""
    found = NUMBER.match(shown(value))
    return float(found[1]) if found else math.nan


def to_number(value: Any) -> float:
    return javascript.to_number(value)


def same(value: Any, other: Any) -> bool:
    """`value === other`."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return bool(value == other) and isinstance(value, str) == isinstance(other, str)


def same_in_any_case(value: Any, other: Any) -> bool:
    if not (isinstance(value, str) and isinstance(other, str)):
        raise Failed("value.toLowerCase is not a function")
    return value.lower() == other.lower()


def length(value: Any) -> float:
    """The length of a text or a list; a number has none."""
    return javascript.units(value) if isinstance(value, str) else len(value) if isinstance(value, list) else math.nan


def is_integer(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def fits(value: Any, pattern: Any, flags: Any) -> bool:
    """Whether a regular expression is found in a value."""
    try:
        search = patterns.compiled(shown(pattern), any_case="i" in shown(flags))
        with time_limits.counted():
            return search(shown(value)[:MOST_CHARACTERS])
    except (patterns.BadPattern, TimeoutError, time_limits.Exhausted) as error:
        raise Failed(str(error)) from None


def errors(change: Change, config: Any) -> list[Any]:
    """What is wrong with a report by the validations of a form: `{"code", "message"?}` for each field, or a text about
    rules that are none."""
    listed = [one for one in each(member(config, "validations", "list")) if isinstance(one, dict)]
    if not listed:
        return []
    doc, fields = change.doc, change.doc.get("fields")
    values: Values = {**doc, **(fields if isinstance(fields, dict) else {})}
    wanted = {shown(one["property"]): one for one in listed if truthy(one.get("property")) and truthy(one.get("rule"))}
    said = {shown(one.get("property")): one for one in listed if truthy(one.get("message"))
            or truthy(one.get("translation_key"))}
    found = []
    try:
        results = dict.fromkeys(values, True)
        for key, one in wanted.items():
            if values.get(key) is None:
                values[key] = ""
            results[key] = Asked(change, values).holds(rules.parsed(shown(one["rule"])), key)
    except rules.BadRule as error:
        return [BROKEN + json_text.text(error.shown)]
    except Failed:
        return [BROKEN + "{}"]
    for key, valid in results.items():
        if not valid:
            text = {"message": messages.text_of(change, said[key])} if key in said else {}
            found.append({"code": f"invalid_{key}"} | text)
    return found
