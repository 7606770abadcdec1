"""Own answers as they are declared: status, headers and a body, whose texts may be templates."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from mimetypes import MimeTypes
from typing import Any, NamedTuple

import orjson
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates, validates_schema

from mocksrv.answers import EMPTY, Body, Changes
from mocksrv.answers.seen import Known, Real, Request
from mocksrv.call import Call
from mocksrv.faults import HEADER_NAME, HEADER_VALUE
from mocksrv.templates import Templates, Unfit, is_template
from mocksrv.templates.members import Provider
from mocksrv.vendor import Vendor
from mocksrv.world import World

WHEN = ("instead", "after")
BODIES = ("json", "text", "file")
TEMPLATED = ("status", "headers", "json", "text")
STATUS = "status takes a whole number from 200 to 599, or a template that makes one"
MOST_TEMPLATES = 500  # in one answer
MOST_HEADERS = 100
LONGEST_TEXT = 1024 * 1024  # characters of a text, and of JSON
LONGEST_HEADER = 8_000  # characters of a value
LARGEST_FILE = 8 * 1024 * 1024  # bytes
# What the server itself says of a connection and of a body's length.
SERVERS_OWN = frozenset(("connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"))


def header_value(value: str) -> None:
    """Raises ValidationError for what no header can hold."""
    if not HEADER_VALUE.match(value) or len(value) > LONGEST_HEADER:
        raise ValidationError(f"A header takes at most {LONGEST_HEADER} characters of Latin-1, on one line.")


def header_name(name: str) -> None:
    if not HEADER_NAME.match(name):
        raise ValidationError("This is no name of a header.")
    if name.lower() in SERVERS_OWN:
        raise ValidationError("The server says this itself, by the body that there is.")


class File(NamedTuple):
    """A file: its name, whose ending says what it is, and its bytes."""

    name: str
    data: bytes


class FileSchema(Schema):
    """A file as the control plane takes it."""

    error_messages = {"type": 'A file is {"name": "photo.png", "base64": "..."}: it is not read from here.'}

    name = fields.String(required=True, validate=validate.Length(1, 255))
    base64 = fields.String(required=True, validate=validate.Length(max=LARGEST_FILE * 4 // 3 + 4))

    @validates("base64")
    def check_base64(self, value: str, **_kwargs: Any) -> None:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError(f"This is no base64: {error}.") from None

    @post_load
    def made(self, data: dict[str, str], **_kwargs: Any) -> File:
        return File(data["name"], base64.b64decode(data["base64"]))


class ChangesSchema(Schema):
    """What is answered: a status, headers, and one body."""

    status = fields.Raw()
    headers = fields.Dict(fields.String(validate=header_name), fields.String(validate=header_value),
                          validate=validate.Length(max=MOST_HEADERS))
    json = fields.Raw(allow_none=True)
    text = fields.String(validate=validate.Length(max=LONGEST_TEXT))
    file = fields.Nested(FileSchema)

    @validates("status")
    def check_status(self, value: Any, **_kwargs: Any) -> None:
        right_status(value)

    @validates("json")
    def check_json(self, value: Any, **_kwargs: Any) -> None:
        try:
            orjson.dumps(value)  # which refuses deep nesting, halves of surrogate pairs and numbers beyond 64 bits
            text = json.dumps(value, allow_nan=False)
        except (ValueError, TypeError, RecursionError) as error:
            raise ValidationError(f"This cannot be written as JSON: {error}.") from None
        if len(text) > LONGEST_TEXT:
            raise ValidationError(f"Use at most {LONGEST_TEXT} characters.")

    @validates("text")
    def check_text(self, value: str, **_kwargs: Any) -> None:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValidationError(f"This cannot be written as UTF-8: {error.reason}.") from None

    @validates_schema
    def check_body(self, data: dict[str, Any], **_kwargs: Any) -> None:
        bodies = [name for name in BODIES if name in data]
        if len(bodies) > 1:
            raise ValidationError(f"There is one body: {bodies[0]} or {bodies[1]}.", bodies[1])
        if bodies and data.get("status") in EMPTY:
            raise ValidationError(f"An answer of status {data['status']} has no body.", bodies[0])


class AnswerSchema(ChangesSchema):
    """An own answer as the control plane takes it."""

    error_messages = {"type": 'An answer is an object, such as {"json": {"name": "Ada"}}; what is no valid JSON counts '
                              "as a text."}

    when = fields.String(validate=validate.OneOf(WHEN))

    @validates("status")
    def check_status(self, value: Any, **_kwargs: Any) -> None:
        if not is_template(value):
            right_status(value)

    @validates_schema
    def check_sense(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data.keys() - {"when"}:
            raise ValidationError(f"Say what is answered: status, headers, {', '.join(BODIES)}.")

    @post_load
    def made(self, data: dict[str, Any], **_kwargs: Any) -> Declared:
        return Declared(data)


def right_status(value: Any) -> int:
    """Raises ValidationError for what is no status of a whole answer."""
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise ValidationError(f"{STATUS}, not {str(value)[:80]!r}.")
    return value


class Declared:
    """An own answer by its fields, with compiled templates; those of one answer draw from one Faker.

    Raises ValidationError, with the field, for templates that are not allowed.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.when: str = given.get("when", "instead")
        self.fields: dict[str, Any] = {"when": self.when, **given}
        file: File | None = given.get("file")
        names = ("n", "faker", "request", "world", *(["answer"] if self.when == "after" else []))
        self._values = Templates(names, most=MOST_TEMPLATES)
        self._texts = Templates(names, keeps_types=False, most=MOST_TEMPLATES)
        self._faker: Provider | None = None
        try:
            self._templated = [name for name in TEMPLATED if self._of(name).check(given.get(name), (name,))]
        except Unfit as error:
            raise ValidationError(str(error), dotted(error)) from None
        self._always = None if self._templated else changes_of(given)
        self.size = (len(json.dumps(self.describe())) + (len(file.data) if file else 0)  # bytes in memory, roughly
                     + self._values.weight + self._texts.weight)

    def _of(self, name: str) -> Templates:
        return self._values if name in ("status", "json") else self._texts

    def describe(self) -> dict[str, Any]:
        """The fields; of a file its name and how many bytes it has."""
        file: File | None = self.fields.get("file")
        return self.fields | ({"file": {"name": file.name, "bytes": len(file.data)}} if file else {})

    def changes(self, world: World, vendor: Vendor[Any], call: Call, number: int, real: Real | None) -> Changes:
        """What to answer to the call of that number. Raises ValueError for templates that cannot be filled."""
        if self._always:
            return self._always
        self._faker = self._faker or Provider(world)
        given = {"n": number, "faker": self._faker, "request": Request(vendor, call), "world": Known(world, call),
                 "answer": real}
        try:
            filled = self.fields | {name: self._of(name).fill(self.fields[name], given, (name,))
                                    for name in self._templated}
        except Unfit as error:
            raise ValueError(f"{dotted(error)}: {error}") from None
        if "status" in filled:
            right_status(filled["status"])
        for name, value in filled.get("headers", {}).items():
            try:
                header_value(value)
            except ValidationError as error:
                raise ValueError(f"headers.{name}: {error}") from None
        return changes_of(filled)


def dotted(error: Unfit) -> str:
    """Where a template stands, such as `json.items[0].name`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path).removeprefix(".")


def changes_of(fields: Mapping[str, Any]) -> Changes:
    """What checked fields say."""
    body = None
    if "json" in fields:
        data = fields["json"]
        body = Body(data) if isinstance(data, dict | list) else Body(json.dumps(data).encode(), "application/json")
    elif "text" in fields:
        body = Body(fields["text"].encode(), "text/plain; charset=utf-8")
    elif "file" in fields:
        kind, packed = MimeTypes().guess_type(fields["file"].name)
        body = Body(fields["file"].data, kind if kind and not packed else "application/octet-stream")
    if body and fields.get("status") in EMPTY:
        raise ValueError(f"an answer of status {fields['status']} has no body")
    return Changes(fields.get("status"), fields.get("headers", {}), body)
