"""What a text looks like: the name of its format, never the text itself."""

from __future__ import annotations

import re

CLOCK = r"\d\d:\d\d(?::\d\d)?(?P<fraction>[.,]\d+)?(?P<zone>Z|[+-]\d\d:?\d\d|[+-]\d\d| UTC)?"
DATE_TIME = re.compile(rf"\d{{4}}-\d\d-\d\d[T ]{CLOCK}")
TIME = re.compile(CLOCK)
FORMATS = tuple((name, re.compile(pattern)) for name, pattern in (
    ("date", r"\d{4}-\d\d-\d\d"),
    ("RFC 1123", r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})"),
    ("uuid", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("UUID", r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}"),
    ("revision", r"\d+-[0-9a-f]{32}"),
    ("email", r"[^\s@/:]+@[^\s@][^\s@.]*\.[^\s@]+"),
    ("url", r"[a-zA-Z][a-zA-Z+.-]*://\S+"),
    ("path", r"/[\w.~%-]+(?:[/?]\S*)?|/"),
    ("query", r"\?[\w.~%-]+=\S*"),
    ("integer", r"-?\d+"),
    ("decimal", r"[+-]?\d+\.\d+"),
    ("phone", r"(?=(?:\D*\d){7})\+?\d[\d ().-]+\d"),
    ("word", r"[a-z0-9]+(?:[_-][a-z0-9]+)*"),
))
HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
HEX_SIZES = {24, 32, 40, 64}
# Formats of times are facts wherever they stand; those of ids, names and free texts also depend on the data.
FREE = {"empty", "word", "text", "integer", "decimal", "email", "phone"}
# Keys of an object that look like this are data too.
KEYS = {"date", "RFC 1123", "uuid", "UUID", "revision", "email", "url", "path", "query", "integer", "decimal", "phone"}
COUNTED_KEY = re.compile(r"(?=[a-z]{0,80}[0-9])[0-9a-f]{8,}")  # a piece of a made-up name
PLAIN_KEY = re.compile(r"[A-Za-z_@#$!.][\w@#$:.*/\[\]-]{0,79}")


def text_format(text: str) -> str:
    """Such as `date`, `YYYY-MM-DDThh:mm:ss.SSSZ`, `uuid`, `hex 24`, `integer`, `word`, `text`."""
    if not text:
        return "empty"
    if DATE_TIME.fullmatch(text):
        return f"YYYY-MM-DD{text[10]}{clock_format(text[11:])}"
    if TIME.fullmatch(text):
        return clock_format(text)
    if len(text) in HEX_SIZES and HEX.fullmatch(text):
        return f"hex {len(text)}"
    return next((name for name, pattern in FORMATS if pattern.fullmatch(text)), "text")


def clock_format(text: str) -> str:
    found = TIME.fullmatch(text)
    assert found is not None
    zone = found["zone"] or ""
    clock = text[:len(text) - len(zone)]
    fraction = found["fraction"] or ""
    whole = "hh:mm:ss" if clock.count(":") == 2 else "hh:mm"
    shown = {3: "+hh", 5: "+hhmm", 6: "+hh:mm"}[len(zone)] if zone[:1] in ("+", "-") and zone else zone
    return whole + fraction[:1] + "S" * len(fraction[1:]) + shown


FIELD_NAME = re.compile(r"_?[a-z]+(?:_[a-z]+)*")


def is_time(format: str) -> bool:
    return "hh:mm" in format or format == "RFC 1123"


def key_name(key: str, own: frozenset[str] = frozenset()) -> str:
    """A key as it may be kept: `<uuid>` for one that is data. What the caller sent may also be a field's name."""
    if key in own and not FIELD_NAME.fullmatch(key):
        return "<own>"
    format = text_format(key)
    if format in KEYS or format.startswith("hex") or is_time(format) or format.startswith("YYYY"):
        return f"<{format}>"
    if key.startswith("org.couchdb.user:") or not PLAIN_KEY.fullmatch(key) or COUNTED_KEY.search(key):
        return "<key>"
    return key


def is_placeholder(key: str) -> bool:
    return key.startswith("<")
