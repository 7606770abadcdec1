"""From the raw values of a message to the fields of a report, by the form's definition.

CHT 4.15 source, api/src/services/report/smsparser.js. Bikram Sambat dates are not converted: they become null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.node.regexps import number, without_zero_width
from mocksrv.vendors.cht.records import formats
from mocksrv.vendors.cht.shared_libs import phones, translations
from mocksrv.world import World

ID_FIELDS = ("patient_id", "place_id")
BIKRAM_SAMBAT = ("bsDate", "bsAggreDate")


@dataclass
class Parsed:
    """The content of a message: fields (a dotted key is nested), and whether there were more values than fields."""

    fields: dict[str, Any]
    extra: bool = False


@dataclass
class Reader:
    """Reads messages of one form."""

    world: World
    settings: dict[str, Any]
    definition: dict[str, Any]
    locale: Any = None
    strict: bool = False  # fail where the 4.15.0 server fails

    @cached_property
    def fields(self) -> dict[str, dict[str, Any]]:
        found = self.definition.get("fields")
        return {key: field if isinstance(field, dict) else {} for key, field in found.items()} \
            if isinstance(found, dict) else {}

    def read(self, message: Any) -> Parsed:
        """The fields of a message; those that are not given are absent. With `strict`, raises formats.Crash."""
        if not isinstance(message, str) or not message:
            return Parsed({})
        header = formats.muvuku_header(message)
        if header is None:
            return Parsed(self._nest(self._labelled(message), every=False))
        if header == "1":
            raw, extra = formats.muvuku(list(self.fields), message)
            return Parsed(self._nest(raw, every=True), extra)
        if header == "J1":
            labels = {key: label for key in self.fields if (label := self._label(key, "tiny", None))}
            return Parsed(self._nest(formats.javarosa(labels, message), every=True))
        return Parsed({})

    def _labelled(self, message: str) -> formats.Raw:
        """The raw values of a message in Textforms, compact or not."""
        meta = self.definition.get("meta")
        message = formats.strip_code(meta.get("code") if isinstance(meta, dict) else None, message)
        labels = [label for key in self.fields for size in ("tiny", "short")
                  if (label := self._label(key, size, self.locale))]
        if formats.is_compact(labels, message):
            keys = list(self.fields)
            last = bool(keys) and self.fields[keys[-1]].get("type") == "string"
            return formats.compact(keys, last, message, self.strict)
        raw = formats.textforms(message)
        for key, field in self.fields.items():
            if self.strict and not javascript.truthy(field.get("labels")):
                raise formats.Crash(f"field {key} has no labels")
            label = (self._label(key, "tiny", self.locale) or "").lower()
            if key != label and javascript.truthy(raw.get(label)):
                raw[key] = raw.pop(label)
        return raw

    def _label(self, key: str, size: str, locale: Any) -> str | None:
        labels = self.fields[key].get("labels")
        return translations.translate(self.world, labels.get(size), locale) if isinstance(labels, dict) else None

    def _nest(self, raw: formats.Raw, every: bool) -> dict[str, Any]:
        """Converted values; `every` visits fields without a value too, which leaves the objects of dotted keys."""
        out: dict[str, Any] = {}
        for key, field in self.fields.items():
            if not every and not javascript.truthy(raw.get(key)):
                continue
            *path, last = key.split(".")
            place: Any = out
            for step in path:
                if not javascript.truthy(place.get(step)):
                    place[step] = {}
                place = place[step]
                if not isinstance(place, dict):
                    break
            if isinstance(place, dict) and key in raw:
                place[last] = self.convert(field, raw[key], key)
        return out

    def convert(self, field: dict[str, Any], raw: Any, key: str) -> Any:
        """A raw value as its field's type has it; null if it cannot be read."""
        kind = field.get("type")
        if kind in BIKRAM_SAMBAT:
            return None
        converter = CONVERTERS.get(kind) if isinstance(kind, str) else None
        if converter is None or raw is None:
            return raw
        return None if raw == "" else converter(self, field, raw, key)


def choice(reader: Reader, field: dict[str, Any], cleaned: Any) -> list[Any] | None:
    """The entry of a field's `list` whose first element is the value."""
    entries = field["list"] if isinstance(field["list"], list) else []
    return next((one for one in entries if isinstance(one, list) and len(one) > 1
                 and javascript.text(one[0]) == javascript.text(cleaned)), None)


def to_integer(reader: Reader, field: dict[str, Any], raw: Any, key: str) -> Any:
    cleaned = without_zero_width(javascript.text(raw))
    if javascript.truthy(field.get("list")):
        found = choice(reader, field, cleaned)
        return translations.translate(reader.world, found[1]) if found else None
    return number(cleaned)


def to_string(reader: Reader, field: dict[str, Any], raw: Any, key: str) -> Any:
    if javascript.truthy(field.get("list")):
        if reader.strict:
            raise formats.Crash(f"field {key} is a string with a list")
        found = choice(reader, field, without_zero_width(raw))
        return found[1] if found else raw
    return digits(raw) if key in ID_FIELDS else raw


def to_boolean(reader: Reader, field: dict[str, Any], raw: Any, key: str) -> bool | None:
    return {1: True, 0: False}.get(number(without_zero_width(raw)))  # type: ignore[arg-type]


def digits(raw: Any) -> str:
    """Devanagari digits as ASCII ones, without invisible characters."""
    text: str = without_zero_width(javascript.text(raw)).translate(
        {ord("०") + digit: str(digit) for digit in range(10)})
    return text


CONVERTERS: dict[str, Callable[[Reader, dict[str, Any], Any, str], Any]] = {
    "integer": to_integer,
    "string": to_string,
    "boolean": to_boolean,
    "date": lambda reader, field, raw, key: timestamps.moment_value(without_zero_width(raw), reader.world.clock.ms()),
    "month": lambda reader, field, raw, key: number(without_zero_width(raw)),
    "phone_number": lambda reader, field, raw, key: phones.normalize(reader.settings, raw) or raw,
    "bsYear": lambda reader, field, raw, key: digits(raw),
    "bsMonth": lambda reader, field, raw, key: digits(raw),
    "bsDay": lambda reader, field, raw, key: digits(raw),
}
