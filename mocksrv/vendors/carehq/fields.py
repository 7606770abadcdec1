"""Arguments as marshmallow fields: from the texts of a form to values, with CareHQ's error texts.

What is accepted is ours where the developer pages are silent; the texts follow the habits of WTForms, which other
published software of the same author uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.catalogue import Argument, Attribute, Filter

ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)Z?)?", re.ASCII)
EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
                   re.IGNORECASE | re.ASCII)
PHONE = re.compile(r"\+?[\d ()-]+", re.ASCII)
TRUTH = dict.fromkeys(("true", "1", "yes", "y", "on"), True) | dict.fromkeys(("false", "0", "no", "n", "off"), False)
SHORT, LONG = 255, 65_535  # characters of a string and of a free text
TRISTATE = ("unset", "yes", "no")


class Word(fields.String):
    """A text that is turned into a value by `read`, which raises ValueError with the error text."""

    default_error_messages = {"required": errors.REQUIRED}

    def __init__(self, read: Callable[[str], Any] = str, **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return self.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


def pattern(form: re.Pattern[str], complaint: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(complaint)
        return text

    return read


def an_integer(text: str) -> int:
    if not INTEGER.fullmatch(text.strip()):
        raise ValueError(errors.NOT_AN_INTEGER)
    return int(text)


def a_number(text: str) -> float:
    if not NUMBER.fullmatch(text.strip()):
        raise ValueError(errors.NOT_A_NUMBER)
    return float(text)


def a_truth(text: str) -> bool:
    if text.lower() not in TRUTH:
        raise ValueError(errors.NOT_A_CHOICE)
    return TRUTH[text.lower()]


def a_date(text: str) -> str:
    try:
        if not DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(errors.NOT_A_DATE) from None


def a_datetime(text: str) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC; a `T`, a trailing `Z` and a bare date are taken as well."""
    found = DATETIME.fullmatch(text)
    try:
        if not found:
            raise ValueError
        return datetime.fromisoformat(f"{found[1]} {found[2] or '00:00:00'}").isoformat(" ")
    except ValueError:
        raise ValueError(errors.NOT_A_DATETIME) from None


def a_phone(text: str) -> str:
    """An optional plus, digits, spaces, brackets and hyphens: 7 to 15 digits."""
    if not PHONE.fullmatch(text) or not 7 <= sum(c.isdigit() for c in text) <= 15:
        raise ValueError(errors.NOT_A_PHONE)
    return text


an_id = pattern(ID, errors.NOT_A_CHOICE)
READERS: dict[str, Callable[[str], Any]] = {
    "id": an_id,
    "ref": an_id,
    "email": pattern(EMAIL, errors.NOT_AN_EMAIL),
    "phone": a_phone,
    "integer": an_integer,
    "pence": an_integer,
    "number": a_number,
    "boolean": a_truth,
    "date": a_date,
    "datetime": a_datetime,
}


def one_of(options: tuple[str, ...]) -> Word:
    # In the OpenAPI document: an empty text counts as missing.
    return Word(validate=validate.OneOf(options, error=errors.NOT_A_CHOICE), metadata={"enum": [*options, ""]})


def at_most(length: int) -> validate.Length:
    return validate.Length(max=length, error=errors.TOO_LONG)


def single(attribute: Attribute, argument: Argument) -> Word:
    """The field for one value of an attribute."""
    if attribute.kind == "enum":
        return one_of(attribute.of)
    if attribute.kind in ("string", "text"):
        return Word(validate=at_most(argument.max_length or (LONG if attribute.kind == "text" else SHORT)))
    if attribute.kind == "integer" and argument.min is not None:
        return Word(an_integer, validate=validate.Range(argument.min, argument.max, error=errors.BETWEEN))
    return Word(READERS[attribute.kind])


def of_attribute(attribute: Attribute, argument: Argument) -> fields.Field[Any]:
    """The field for an attribute as an argument of create or update."""
    field = single(attribute, argument)
    made: fields.Field[Any] = fields.List(field) if attribute.many else field
    made.required = argument.required
    made.metadata = {**made.metadata, **({"description": attribute.about} if attribute.about else {})}
    return made


def of_filter(wanted: Filter, options: tuple[str, ...]) -> fields.Field[Any]:
    """The field for a filter; `options` are those of its attribute."""
    if wanted.kind == "ids":
        return fields.List(Word(READERS["id"]))
    if wanted.kind == "options":
        return fields.List(one_of(options))
    if wanted.kind == "tristate":
        return one_of(TRISTATE)
    if wanted.kind == "keyword":
        return Word(validate=at_most(SHORT))
    return Word(READERS[wanted.kind])
