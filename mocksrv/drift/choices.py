"""Which values an operation's answers may have, as its response schema declares them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mocksrv.drift.nodes import Choices

if TYPE_CHECKING:
    from mocksrv.operation import Operation

Path = tuple[str, ...]


@cache
def declared(operation: Operation) -> Choices:
    """The choices by the path of the member; `*` stands for any element of a list."""
    schema = operation.schema("response")
    found: dict[Path, frozenset[str]] = {}
    if schema is not None:
        of_schema(schema(), (), found, ())
    return found


def of_schema(schema: Any, path: Path, found: dict[Path, frozenset[str]], above: tuple[type, ...]) -> None:
    if type(schema) in above:  # a schema that holds itself
        return
    for name, field in schema.fields.items():
        of_field(field, (*path, field.data_key or name), found, (*above, type(schema)))


def of_field(field: Any, path: Path, found: dict[Path, frozenset[str]], above: tuple[type, ...]) -> None:
    from marshmallow import fields, validate

    for check in field.validators:
        if isinstance(check, validate.ContainsOnly):
            found[(*path, "*")] = frozenset(map(str, check.choices))
        elif isinstance(check, validate.OneOf):
            found[path] = frozenset(map(str, check.choices))
    if isinstance(field, fields.Nested):
        of_schema(field.schema, (*path, "*") if field.many or field.schema.many else path, found, above)
    elif isinstance(field, fields.List):
        of_field(field.inner, (*path, "*"), found, above)
