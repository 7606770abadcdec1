"""Conditions that are a JSON Schema: whatever the schema, nothing is fetched, and `tick` may end it at each step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

from mocksrv.journal.matchers import NOTHING, canonical, shown
from mocksrv.journal.paths import Names
from mocksrv.patterns import BadPattern, compiled

DRAFT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = re.compile(r"#(/(\$defs|definitions)/[^/]+)?")  # to what is a schema for certain
SHOWN = 5  # errors


Wrong = tuple[Names, str, Any]  # where, by which rule of the schema, and what is there


class BadSchema(ValueError):
    """What is no schema, or one that is not taken; the text says why."""


def json_schema(schema: Any, tick: Callable[[], None]) -> Callable[[Any], Iterator[Wrong]]:
    """What finds what is wrong with JSON by a schema of draft 2020-12.

    Raises BadSchema, now and when it is asked; RecursionError for JSON that is nested too deeply.
    """
    from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if not isinstance(schema, dict | bool):
        raise BadSchema("takes an object, a JSON Schema")
    if isinstance(schema, dict) and schema.get("$schema", DRAFT) == DRAFT:
        schema = {name: value for name, value in schema.items() if name != "$schema"}
    try:
        check_keywords(schema)
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))
    except SchemaError as error:
        raise BadSchema(f"{error.json_path} of the schema: {error.message[:200]}") from None
    except RecursionError:
        raise BadSchema("the schema is nested too deeply") from None
    validator = ticking(Draft202012Validator, tick)(schema, registry=Registry())  # a registry that fetches nothing

    def find(data: Any) -> Iterator[Wrong]:
        try:
            for error in islice(validator.iter_errors(data), SHOWN):
                if error.validator is None:  # `false`, for which the library knows no path: it might lead to a secret
                    yield (), NOTHING, "what the schema rules out"
                else:
                    yield tuple(error.absolute_path), shown({error.validator: error.validator_value}), error.instance
        except Unresolvable as error:
            raise BadSchema(f"it refers to {error.ref!r}, which is not in it") from None
        except BadPattern as error:
            raise BadSchema(f"a pattern in it: {error}") from None
        except TimeoutError:
            raise BadSchema("a pattern in it takes too long") from None

    return find


def check_keywords(schema: Any) -> None:
    """Raises BadSchema for what the library would do without `tick`, or with `re`, which has no limit of time."""
    todo = [schema]
    while todo:
        one = todo.pop()
        if isinstance(one, dict) and "patternProperties" in one:
            raise BadSchema("patternProperties is not taken; use propertyNames with a pattern")
        if isinstance(one, dict) and isinstance(one.get("$schema"), str):
            raise BadSchema(f"$schema may be {DRAFT}, and at the top alone")
        reference = one.get("$ref", "#") if isinstance(one, dict) else "#"
        if isinstance(reference, str) and not REFERENCE.fullmatch(reference):
            raise BadSchema(f"$ref {reference!r} is not taken; use # or #/$defs/name")
        if isinstance(one, dict) and isinstance(one.get("$dynamicRef"), str):
            raise BadSchema("$dynamicRef is not taken; use $ref")
        todo += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def ticking(validator: Any, tick: Callable[[], None]) -> Any:
    """The same kind of validator, which calls `tick` at each keyword and gives patterns to the bounded engine."""
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend  # type: ignore[import-untyped]

    def pattern(_validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not fitting(wanted)(instance):
            yield ValidationError(f"{instance!r} does not match {wanted!r}")

    def unique_items(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[Any]:
        """As the library has it, which compares each with each."""
        if wanted and isinstance(instance, list) and len(set(map(canonical, instance))) < len(instance):
            yield ValidationError("some are equal")

    fitting = cache(compiled)

    def watched(check: Any) -> Any:
        def checked(*given: Any) -> Any:
            tick()
            return check(*given)

        return checked

    keywords = {**validator.VALIDATORS, "pattern": pattern, "uniqueItems": unique_items}
    return extend(validator, {name: watched(check) for name, check in keywords.items()})
