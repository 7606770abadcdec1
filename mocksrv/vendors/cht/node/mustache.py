"""Message templates: mustache as the server renders it, without HTML escaping.

`{{#date}}` and `{{#datetime}}` format a time by the settings `date_format` and `reported_date_format`.
Source: CHT 4.15 source, shared-libs/message-utils.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.vendors.cht.node import javascript, time_limits
from mocksrv.vendors.cht.node.mustache_tags import TemplateError as TemplateError
from mocksrv.vendors.cht.node.timestamps import moment_value

# Characters of a template, and spaces in a row, which pystache takes the square of the time for; ours.
LONGEST, BLANKS = 10_000, " " * 500
WHOLE = re.compile(rf"[{javascript.SPACES}]*([+-]?[0-9]{{1,30}})")
ISO_FORMAT = "YYYY-MM-DDTHH:mm:ssZ"  # what moment prints without a format
# moment's format tokens, as far as CHT configurations use them; longest first
TOKENS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda when: f"{when:%Y}", "YY": lambda when: f"{when:%y}",
    "MMMM": lambda when: f"{when:%B}", "MMM": lambda when: f"{when:%b}",
    "MM": lambda when: f"{when:%m}", "M": lambda when: str(when.month),
    "dddd": lambda when: f"{when:%A}", "ddd": lambda when: f"{when:%a}",
    "DD": lambda when: f"{when:%d}", "Do": lambda when: ordinal(when.day), "D": lambda when: str(when.day),
    "HH": lambda when: f"{when:%H}", "H": lambda when: str(when.hour),
    "hh": lambda when: f"{when:%I}", "h": lambda when: str(when.hour % 12 or 12),
    "mm": lambda when: f"{when:%M}", "m": lambda when: str(when.minute),
    "ss": lambda when: f"{when:%S}", "s": lambda when: str(when.second),
    "A": lambda when: "AM" if when.hour < 12 else "PM", "a": lambda when: "am" if when.hour < 12 else "pm",
    "ZZ": lambda when: "+0000", "Z": lambda when: "+00:00",
    "X": lambda when: str(int(when.timestamp())), "x": lambda when: str(int(when.timestamp() * 1000)),
}
TOKEN = re.compile(r"\[[^\]]*\]|" + "|".join(sorted(TOKENS, key=len, reverse=True)))


def render(template: str, view: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> str:
    """The template filled in. Raises TemplateError."""
    from mocksrv.vendors.cht.node.mustache_renderer import Renderer

    if len(template) > LONGEST or BLANKS in template.replace("\t", " "):
        raise TemplateError("the template is too long")
    formats = settings or {}

    def dates(key: str) -> Callable[[str], str]:
        def section(text: str = "") -> str:
            return format_time(moment(renderer.render(text, view)), formats.get(key))
        return section

    renderer = Renderer(len(template))
    helpers = {"date": dates("date_format"), "datetime": dates("reported_date_format")}
    try:
        with time_limits.counted():
            return str(renderer.render(template, {**view, **helpers}))
    except time_limits.Exhausted as error:
        raise TemplateError(str(error)) from None
    except RecursionError:
        raise TemplateError("Maximum call stack size exceeded") from None


def moment(text: str) -> int | None:
    """The time that a text tells: in milliseconds if it is a number, by `parseInt`."""
    if javascript.number(text) != javascript.number(text):
        return moment_value(text, 0)
    found = WHOLE.match(text)
    return moment_value(int(found[1]), 0) if found else None


def format_time(ms: float | None, form: Any) -> str:
    """A point in time by moment's format tokens, in UTC; `[text]` stands for itself. Raises TemplateError."""
    if not isinstance(form, str) and javascript.truthy(form):
        raise TemplateError("format.match is not a function")
    try:
        when = EPOCH + timedelta(milliseconds=math.nan if ms is None else ms)
    except (OverflowError, ValueError):
        return "Invalid date"

    def token(found: re.Match[str]) -> str:
        return found[0][1:-1] if found[0].startswith("[") else TOKENS[found[0]](when)

    return TOKEN.sub(token, form or ISO_FORMAT)


def ordinal(day: int) -> str:
    """1st, 2nd, 3rd, 4th ..."""
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
