"""What each route of the control plane takes and answers, declared beside it with `@told`: OpenAPI is made of it.

Schemas are JSON Schema (2020-12, as in OpenAPI 3.1) in plain dicts; a name refers to one of `schemas.COMPONENTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Schema = dict[str, Any]

JSON = "application/json"
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
TRUTH: Schema = {"type": "boolean"}
ANY: Schema = {}


@dataclass(frozen=True)
class Told:
    """What is declared of a route besides its rule and its docstring."""

    gives: str | Schema | None  # None: an empty answer
    status: int
    kind: str  # media type of the answer
    takes: Mapping[str, Schema] | str | None  # members of the JSON object in the body, or the name of a schema
    needs: tuple[str, ...]  # required members
    query: Mapping[str, Schema] = field(default_factory=dict)
    open: bool = False  # open to callers from elsewhere without a token, too


TOLD: dict[str, Told] = {}  # by the name of the view


def told(gives: str | Schema | None, status: int = 200, *, kind: str = JSON,
         takes: Mapping[str, Schema] | str | None = None, needs: tuple[str, ...] = (),
         query: Mapping[str, Schema] | None = None, open: bool = False) -> Callable[[View], View]:
    """Declare what a view takes and answers; stands below its route."""
    def tell(view: View) -> View:
        TOLD[view.__name__] = Told(gives, status, kind, takes, needs, query or {}, open)
        return view

    return tell


def listed(schema: str | Schema) -> Schema:
    """The schema of an array of these."""
    return {"type": "array", "items": referred(schema)}


def some_of(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> Schema:
    """An object with no other members than these."""
    made: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return made | ({"required": list(required)} if required else {})


def all_of(**properties: Any) -> Schema:
    """An object with exactly these members."""
    return some_of(properties, tuple(properties))


def null_or(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def referred(schema: str | Schema) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
