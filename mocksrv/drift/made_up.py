"""Texts without what a server or a caller made up, so that two servers' texts can be compared, and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MADE = re.compile(  # what a server makes up: revisions, ids, uuids, login tokens, session cookies
    r"(?:(?<![\w-])|(?<=%2F))(?:\d+-[0-9a-f]{32}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])"
    r"|^[\w.,:!$=-]{64}$|(?<=login/token/)[\w.,:!$=-]{64}|(?<=token:login:)[\w.,:!$=-]{64}|(?<=AuthSession=)[\w-]+")
VOLATILE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|(?<!\d)1[5-9]\d{11}(?!\d)")

LONGEST = 500  # characters of a text that are kept
# What may be somebody's, in the order in which it is taken out of an error text.
PERSONAL = tuple((re.compile(pattern), placeholder) for pattern, placeholder in (
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})", "<time>"),
    (r"(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)|(?<!\d)\d{1,2}/\d{1,2}/\d{4}(?!\d)", "<date>"),
    (r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", "<email>"),
    (r"\b[a-zA-Z][a-zA-Z+.-]*://[^\s\"'<>]+", "<url>"),
    (r"org\.couchdb\.user:[\w.@+-]+", "org.couchdb.user:<name>"),
    (r"(?<![\w-])(?=[\w-]*[a-zA-Z])(?=[\w-]*\d)[a-zA-Z0-9_-]{20,}(?![\w-])|\b[0-9a-f]{16,}\b", "<made>"),
    (r"(?<![\w<])\+?\d[\d ().-]{6,}\d(?!\w)", "<number>"),
    (r"(?<!\w)\d{5,}(?!\w)", "<number>"),
))
QUOTED = re.compile(r"""(?<!\w)(["'`])([^"'`\n]*)\1(?!\w)""")
# What is quoted is kept if it can be a field's name, but not a person's.
NAMES = re.compile(r"(?![A-Z][a-z]+$)[\w.:/\[\]{}()<>@$%*#?&=+,;|-]+")


def blank(text: str) -> str:
    """A text without what servers make up, and without times."""
    return VOLATILE.sub("<time>", MADE.sub("<made>", text))


def erase(text: str, own: Iterable[str] = ()) -> str:
    """A vendor's own words: without what is made up, `own` (texts and numbers that the caller sent) and what may be
    personal. Placeholders stand where it stood."""
    text = blank(without(text, own))
    for pattern, placeholder in PERSONAL:
        text = pattern.sub(placeholder, text)
    text = QUOTED.sub(lambda found: found[0] if NAMES.fullmatch(found[2]) or not found[2].strip()
                      else f"{found[1]}<text>{found[1]}", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def without(text: str, own: Iterable[str]) -> str:
    """`<own>` in place of each whole word, or words, that the caller sent: as they were, or quoted for a URL."""
    words = {form for word in own if word.strip() for form in (word, quote(word, safe=""), quote_plus(word))}
    if not words:
        return text
    either = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.sub(rf"(?<!\w)(?:{either})(?!\w)", "<own>", text)
