"""Which of two forms a client prefers, by its Accept header.

CHT 4.15 source: Express' `req.accepts(['text', 'json'])` (package accepts, on negotiator).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

MEDIA = re.compile(r"\s*([^\s/;]+)/([^;\s]+)\s*(?:;(.*))?$")
TEXT, HTML, JSON = "text/plain", "text/html", "application/json"


@lru_cache(maxsize=256)
def preferred(accept: str, offers: tuple[str, ...]) -> str | None:
    """The offer that the header prefers: highest quality, then most specific match, then order in the header,
    then order of the offers. None if nothing fits."""
    ranges = [parsed for number, part in enumerate(split(accept or "*/*", ","))
              if (parsed := parse(part, number)) is not None]
    best: list[tuple[float, int, int, int, str]] = []
    for number, offer in enumerate(offers):
        matches = [found for one in ranges if (found := match(offer, *one)) is not None]
        if matches:
            quality, specificity, order = max(matches, key=lambda m: (m[1], m[0], -m[2]))
            if quality > 0:
                best.append((-quality, -specificity, order, number, offer))
    return min(best)[4] if best else None


def split(text: str, separator: str) -> Sequence[str]:
    """Split outside of double quotes."""
    parts: list[list[str]] = []
    left = text.count('"')  # from here to the end: an odd number within quotes
    for piece in text.split(separator):
        if parts and left % 2:
            parts[-1].append(piece)
        else:
            parts.append([piece])
        left -= piece.count('"')
    return [separator.join(part) for part in parts]


def parse(part: str, order: int) -> tuple[str, str, dict[str, str], float, int] | None:
    """A media range: type, subtype, parameters, quality, place in the header."""
    found = MEDIA.match(part)
    if found is None:
        return None
    parameters, quality = {}, 1.0
    for pair in split(found[3], ";") if found[3] else ():
        key, _, value = pair.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"')
        if key == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
            break
        parameters[key] = value
    return found[1], found[2], parameters, quality, order


def match(offer: str, kind: str, subtype: str, parameters: dict[str, str], quality: float,
          order: int) -> tuple[float, int, int] | None:
    """Quality, specificity and order of a range that takes the offer; an offer has no parameters to match."""
    own_kind, _, own_subtype = offer.partition("/")
    specificity = 0
    if kind.lower() == own_kind:
        specificity |= 4
    elif kind != "*":
        return None
    if subtype.lower() == own_subtype:
        specificity |= 2
    elif subtype != "*":
        return None
    if parameters:
        if not all(value == "*" for value in parameters.values()):
            return None
        specificity |= 1
    return quality, specificity, order


def prefers_json(accept: str) -> bool:
    """Whether errors go out as JSON: only if it beats plain text."""
    return preferred(accept, (TEXT, JSON)) == JSON
