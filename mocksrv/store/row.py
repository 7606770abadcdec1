"""A stored document: JSON that survives a round trip through a file unchanged."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from mocksrv.store.index import Doc, Place

# orjson writes these by itself, but they are no JSON: refuse them.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Row:
    """A document as its JSON, and its place in the table; immutable.

    Reading the JSON makes a copy in half the time that walking a document takes. It needs a fifth of the
    memory, in one piece, and the garbage collector never looks into it.
    """

    __slots__ = ("_made", "json", "place", "seen")

    def __init__(self, place: Place, json: bytes) -> None:
        self.place = place
        self.json = json
        self.seen: Doc | None = None
        """The document, if somebody has looked at it."""
        self._made: tuple[Hashable, Any] | None = None

    @property
    def doc(self) -> Doc:
        """The parsed document, cached. Callers must not change it."""
        doc = self.seen
        if doc is None:
            self.seen = doc = orjson.loads(self.json)
        return doc

    def parse_once(self) -> Doc:
        """The parsed document, not cached: for callers that read it once."""
        doc = self.seen
        if doc is None:
            doc = orjson.loads(self.json)
        return doc

    def made(self, form: Hashable, make: Callable[[Doc], Any]) -> Any:
        """What `make` makes of the document, which must depend on nothing else than the document and `form`; the last
        result is cached.
        """
        made = self._made
        if made is None or made[0] != form:
            self._made = made = form, make(self.doc)
        return made[1]

    def copy(self) -> Doc:
        copy: Doc = orjson.loads(self.json)
        return copy


def fresh(place: Place, doc: Mapping[str, Any]) -> tuple[Row, Doc]:
    """The row of a document, and a copy of the document; what `clean` and `clean_id` raise."""
    clean_id(place[1])
    copy, json = clean(doc)
    return Row(place, json), copy


def following(old: Row, doc: Mapping[str, Any], *, whole: bool) -> tuple[Row, Doc, Doc]:
    """The row of what comes in the place of another, or with `whole` off of its top-level changes; and copies of the
    old and the new document."""
    before = old.copy()
    after, json = clean(doc)
    if not whole:
        after = {**before, **after}
        json = encode(after)
    return Row(old.place, json), before, after


def clean(doc: Mapping[str, Any]) -> tuple[Doc, bytes]:
    """A copy of the document, and its compact JSON.

    TypeError: not a dict, a key that is no text, a number beyond 64 bits, a text with half a surrogate pair,
    a value that JSON does not know. ValueError: NaN or an infinity.
    """
    if not isinstance(doc, dict):
        raise TypeError(f"a document is a dict, not {type(doc).__name__}")
    json = orjson.dumps(doc, option=_STRICT)
    copy: Doc = orjson.loads(json)
    if b"null" in json and copy != doc:
        _finite(doc)  # orjson turns NaN into null
    return copy, _fit(json)


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch garbage collection off: it would scan the objects being made again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def encode(doc: Mapping[str, Any]) -> bytes:
    return _fit(orjson.dumps(doc))


def _fit(json: bytes) -> bytes:
    """A copy that takes no more memory than it needs: orjson hands out its buffer, which has 4 kB or more."""
    return b"".join((json, b""))


def _finite(value: Any) -> None:
    if type(value) is float:
        if value - value != 0:
            raise ValueError(f"{value} is not JSON")
        return
    for part in value.values() if isinstance(value, dict) else value:
        if type(part) in _DEEP:  # most values are texts: they need no look
            _finite(part)


_DEEP = {float, dict, list, tuple}


def clean_id(id: str) -> str:
    """Raises TypeError if the id is not a text, ValueError if UTF-8 cannot hold it."""
    if type(id) is not str:
        raise TypeError(f"an id is a text, not {id!r}")
    if not id.isascii():
        id.encode()  # refuses half a surrogate pair
    return id
