"""What the response schema of an operation declares: enumerated values, which objects have fixed keys, and which of
these they may lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mocksrv.drift.json_shape import KEY, Declared, Path

if TYPE_CHECKING:
    from mocksrv.operation import Operation


@cache
def declared(operation: Operation) -> Declared:
    """What is declared of the operation's successes."""
    found = Finder()
    found.of_shape(operation.schema("response"), (), ())
    return Declared(found.choices, found.keys, operation.produces == "*/*", found.optional, found.needed)


def names(operations: Iterable[Operation]) -> frozenset[str]:
    """The names of all members that operations declare of what they take and answer: the API's own words."""
    found = Finder()
    for operation in operations:
        for part in ("query", "body", "response", "errors"):
            found.of_shape(operation.schema(part), (), ())
    return frozenset(found.names)


class Finder:
    """Walks through a schema; `above` are the schemas around it, because a schema may contain itself."""

    def __init__(self) -> None:
        self.choices: dict[Path, frozenset[str]] = {}
        self.keys: dict[Path, frozenset[str] | None] = {}
        self.optional: dict[Path, frozenset[str]] = {}
        self.needed: dict[Path, frozenset[str]] = {}
        self.names: set[str] = set()  # of all members

    def of_shape(self, shape: Any, path: Path, above: tuple[type, ...]) -> None:
        """A marshmallow schema, its class, or JSON Schema, whose members may be any of these."""
        if isinstance(shape, Mapping):
            self.of_json_schema(shape, path, above)
        elif shape is not None and not isinstance(shape, bool):
            self.of_schema(shape() if isinstance(shape, type) else shape, path, above)

    def of_json_schema(self, shape: Mapping[str, Any], path: Path, above: tuple[type, ...]) -> None:
        if "enum" in shape:
            self.choices[path] = texts(shape["enum"])
        members, others = shape.get("properties", {}), shape.get("additionalProperties")
        if others is not None and not isinstance(others, bool):
            self.keys[path] = frozenset(members)
            self.of_shape(others, (*path, KEY), above)
        elif members:
            self.keys[path] = None
            self.optional[path] = frozenset(members) - texts(shape.get("required", members))
        self.names.update(members)
        for name, member in members.items():
            self.of_shape(member, (*path, name), above)
        for form in ("anyOf", "oneOf", "allOf"):
            for one in shape.get(form, ()):
                self.of_shape(one, path, above)
        self.of_shape(shape.get("items"), (*path, "*"), above)

    def of_schema(self, schema: Any, path: Path, above: tuple[type, ...]) -> None:
        """Further members count as data where the schema excludes them (EXCLUDE), not where it includes or refuses
        them.
        """
        from marshmallow import EXCLUDE, INCLUDE

        if type(schema) in above:
            return
        names = {name: field.data_key or name for name, field in schema.fields.items()}
        self.keys[path] = frozenset(names.values()) if schema.unknown == EXCLUDE else None
        needed = frozenset(names[name] for name, field in schema.fields.items() if field.required)
        self.optional[path] = frozenset(names.values()) - needed
        if schema.unknown == INCLUDE:
            self.needed[path] = needed
        self.names.update(names.values())
        for name, field in schema.fields.items():
            self.of_field(field, (*path, names[name]), (*above, type(schema)))

    def of_field(self, field: Any, path: Path, above: tuple[type, ...]) -> None:
        from marshmallow import fields, validate

        for check in field.validators:
            if isinstance(check, validate.OneOf):
                many = isinstance(check, validate.ContainsOnly)
                self.choices[(*path, "*") if many else path] = texts(check.choices)
        if isinstance(field, fields.Nested):
            self.of_shape(field.schema, (*path, "*") if field.many or field.schema.many else path, above)
        elif type(field) is fields.Raw:
            self.keys[path] = frozenset()
        elif isinstance(field, fields.List):
            self.of_field(field.inner, (*path, "*"), above)
        elif isinstance(field, fields.Dict) and field.key_field is not None:
            own = any(isinstance(check, validate.OneOf) for check in field.key_field.validators)
            self.keys[path] = None if own else frozenset()
            if field.value_field is not None:
                self.of_field(field.value_field, (*path, KEY), above)


def texts(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str))
