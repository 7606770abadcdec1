"""Which values an operation's answers may have, as the shape of its response declares them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mocksrv.drift.nodes import Choices

if TYPE_CHECKING:
    from mocksrv.operation import Operation

Path = tuple[str, ...]
Found = dict[Path, frozenset[str]]


@cache
def declared(operation: Operation) -> Choices:
    """The choices by the path of the member; `*` stands for any element of a list."""
    found: Found = {}
    of_shape(operation.schema("response"), (), found, ())
    return found


def of_shape(shape: Any, path: Path, found: Found, above: tuple[type, ...]) -> None:
    """Of a marshmallow schema, its class or JSON Schema, whose members may be any of these."""
    if isinstance(shape, Mapping):
        if "enum" in shape:
            found[path] = frozenset(value for value in shape["enum"] if isinstance(value, str))
        for name, member in shape.get("properties", {}).items():
            of_shape(member, (*path, name), found, above)
        for form in ("anyOf", "oneOf", "allOf"):
            for one in shape.get(form, ()):
                of_shape(one, path, found, above)
        of_shape(shape.get("items"), (*path, "*"), found, above)
    elif shape is not None and not isinstance(shape, bool):
        schema = shape() if isinstance(shape, type) else shape
        if type(schema) not in above:  # a schema may hold itself
            for name, field in schema.fields.items():
                of_field(field, (*path, field.data_key or name), found, (*above, type(schema)))


def of_field(field: Any, path: Path, found: Found, above: tuple[type, ...]) -> None:
    from marshmallow import fields, validate

    for check in field.validators:
        if isinstance(check, validate.ContainsOnly):
            found[(*path, "*")] = frozenset(map(str, check.choices))
        elif isinstance(check, validate.OneOf):
            found[path] = frozenset(map(str, check.choices))
    if isinstance(field, fields.Nested):
        of_shape(field.schema, (*path, "*") if field.many or field.schema.many else path, found, above)
    elif isinstance(field, fields.List):
        of_field(field.inner, (*path, "*"), found, above)
