"""The order of JSON values in views: by kind, and texts as ICU sorts them, not by code point.

null < false < true < numbers < texts < arrays < objects. CouchDB documentation, "Views Collation"; the order of
characters is ICU's root collation, complete for ASCII and for Latin letters with accents. Letters of other
scripts follow in the order of their code points.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

Key = tuple[Any, ...]
NULL, FALSE, TRUE, NUMBER, TEXT, ARRAY, OBJECT = range(7)

# Characters in their order; those of one group differ only if nothing else does.
ORDER = ("\t", "\n", "\v", "\f", "\r", " ", *"_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789",
         *(letter + letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"))
OTHERS = b"\xfa"  # the first byte of what is not in the table
# Accents in their order: acute, grave, breve, circumflex, caron, ring, diaeresis, double acute, tilde, dot, ...
ACCENTS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304"
LAST = "\uffff"  # ICU puts it behind all else

PRIMARY = {char: bytes((place,)) for place, group in enumerate(ORDER, 1) for char in group}
IGNORED = {chr(code): b"" for code in (*range(9), *range(14, 32), 127)}  # control characters do not count at all
ASCII = bytes(((PRIMARY | IGNORED).get(chr(code)) or b"\0")[0] for code in range(128)) + bytes(128)
WITHOUT = bytes(ord(char) for char in IGNORED)
CAPITALS = bytes(2 if 65 <= code <= 90 else 1 for code in range(256))


def key(value: Any) -> Key:
    """What a JSON value is compared by."""
    if isinstance(value, str):
        return (TEXT, *text(value))
    if value is None:
        return (NULL,)
    if value is False or value is True:
        return (TRUE if value else FALSE,)
    if isinstance(value, int | float):
        return (NUMBER, value)
    if isinstance(value, list | tuple):
        return (ARRAY, tuple([key(one) for one in value]))
    return (OBJECT, tuple((text(name), key(one)) for name, one in value.items()))


@lru_cache(maxsize=10_000)
def text(value: str) -> tuple[bytes, bytes, bytes]:
    """Three levels: the characters, then their accents, then capitals, which come last."""
    if value.isascii():
        plain = value.encode().translate(None, WITHOUT)
        return plain.translate(ASCII), b"", plain.translate(CAPITALS)
    primary, accents, capitals = [], [], []
    for char in unicodedata.normalize("NFD", value):
        if unicodedata.category(char) == "Mn":
            place = ACCENTS.find(char)
            accents.append(bytes((2 + place,)) if place >= 0 else OTHERS + ord(char).to_bytes(3))
        elif char not in IGNORED:
            primary.append(weight(char))
            accents.append(b"\x01")
            capitals.append(b"\x02" if char.isupper() else b"\x01")
    # Without accents this level is empty, as it is for ASCII.
    second = b"".join(accents).rstrip(b"\x01")
    return b"".join(primary), second, b"".join(capitals)


def weight(char: str) -> bytes:
    """The first level of one character."""
    known = PRIMARY.get(char)
    if known is not None:
        return known
    return b"\xff" if char == LAST else OTHERS + ord(char.lower()[0]).to_bytes(3)
