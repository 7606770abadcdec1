"""The order of JSON values in views: by kind, and texts as ICU sorts them, not by code point.

null < false < true < numbers < texts < arrays < objects. CouchDB documentation, "Views Collation"; the order of
characters is ICU's root collation, complete for ASCII and for Latin letters with accents. Letters of other
scripts follow in the order of their code points.

A value is compared by bytes, which are fast to sort: a byte for its kind, then what orders it within the kind. An
array is its members one after the other, so what two arrays have in common at their beginning is a prefix of both.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import lru_cache
from typing import Any

NULL, FALSE, TRUE, NUMBER, TEXT, ARRAY, OBJECT = (bytes((kind,)) for kind in range(1, 8))
END = b"\0"  # ends a text's level, an array or an object: sorts before all that could follow
BEHIND = b"\xff"  # added to a prefix of an array: sorts after all arrays with that prefix

# Characters in their order; those of one group differ only if nothing else does.
ORDER = ("\t", "\n", "\v", "\f", "\r", " ", *"_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789",
         *(letter + letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"))
OTHERS = 0xFA  # first byte of characters that are not in the table
# Accents in their order: acute, grave, breve, circumflex, caron, ring, diaeresis, double acute, tilde, dot, ...
ACCENTS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304"
LAST = "\uffff"  # ICU puts it behind all else

PRIMARY = {char: bytes((place,)) for place, group in enumerate(ORDER, 1) for char in group}
IGNORED = {chr(code): b"" for code in (*range(9), *range(14, 32), 127)}  # control characters are ignored
ASCII = bytes(((PRIMARY | IGNORED).get(chr(code)) or b"\0")[0] for code in range(128)) + bytes(128)
WITHOUT = bytes(ord(char) for char in IGNORED)
CAPITALS = bytes(2 if 65 <= code <= 90 else 1 for code in range(256))
PLAIN = b"\x01"  # neither accent nor capital; omitted at the end of a level
LARGEST = float("inf")
TIES = 0x7FFF


def key(value: Any) -> bytes:
    """The sort key of a JSON value."""
    kind = type(value)
    if kind is str:
        return text(value)
    if kind is list:
        # In most views all keys are arrays, of texts: for a million of them it counts what is called once more.
        return b"".join([ARRAY, *[text(one) if type(one) is str else key(one) for one in value], END])
    if value is None:
        return NULL
    if kind is bool:
        return TRUE if value else FALSE
    if kind is int or kind is float:
        return number(value)
    return b"".join((OBJECT, *(text(name) + key(one) for name, one in value.items()), END))


def start(values: list[Any]) -> bytes:
    """The common prefix of the sort keys of all arrays that begin with these members."""
    return ARRAY + b"".join([text(one) if type(one) is str else key(one) for one in values])


@lru_cache(maxsize=10_000)
def number(value: float) -> bytes:
    """The nearest float with its bits in sorting order, then the difference of a large whole number from it."""
    try:
        near = value + 0.0  # makes 0.0 of -0.0, too
    except OverflowError:
        near = LARGEST if value > 0 else -LARGEST
    rest = 0
    if type(value) is int and not -(2**53) <= value <= 2**53:
        rest = max(-TIES, min(TIES, value - int(near))) if abs(near) != LARGEST else 0
    bits: int = struct.unpack(">Q", struct.pack(">d", near))[0]
    bits = bits ^ (2**64 - 1) if near < 0 else bits | 2**63
    return NUMBER + struct.pack(">QH", bits, TIES + rest)


@lru_cache(maxsize=10_000)
def text(value: str) -> bytes:
    """Three levels: the characters, then their accents, then capitals, which come last."""
    if value.isascii():
        plain = value.encode()
        cased = b"" if value.islower() else plain.translate(CAPITALS, WITHOUT).rstrip(PLAIN)
        return b"".join((TEXT, plain.translate(ASCII, WITHOUT), b"\0\0", cased, END))
    primary, accents, capitals = bytearray(), bytearray(), bytearray()
    for char in unicodedata.normalize("NFD", value):
        if unicodedata.category(char) == "Mn":
            place = ACCENTS.find(char)
            accents += bytes((2 + place,)) if place >= 0 else other(char)
        elif char not in IGNORED:
            primary += weight(char)
            accents += PLAIN
            capitals += b"\x02" if char.isupper() else PLAIN
    return b"".join((TEXT, primary, END, accents.rstrip(PLAIN), END, capitals.rstrip(PLAIN), END))


def weight(char: str) -> bytes:
    """The first level of one character."""
    known = PRIMARY.get(char)
    if known is not None:
        return known
    return b"\xff" if char == LAST else other(char.lower()[0])


def other(char: str) -> bytes:
    """A character by its code point, without the byte that ends a level."""
    code = ord(char)
    return bytes((OTHERS, 1 + (code >> 14), 1 + (code >> 7 & 127), 1 + (code & 127)))
