"""HQ's JSONSchemaValidator (corehq/util/validation.py): a body held against a JSON schema by the library jsonschema.

The answer is the list of the library's texts, one line each; for the first failed `anyOf` or `oneOf` those of its
branches, and then no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.errors import failed

MOST_ERRORS = 1000  # that are reported
LONGEST = 100_000  # characters shown with an error: the library would need long to lay out more


class JsonSchema:
    """A JSON schema, draft 2020-12."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", **schema}

    @cached_property
    def validator(self) -> Any:
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

        return Draft202012Validator(self.schema)

    def check(self, data: Any) -> Any:
        """The data, if it fits the schema. Raises 400 with all errors."""
        try:
            errors = list(islice(texts(self.validator.iter_errors(data)), MOST_ERRORS))
        except RecursionError:
            raise failed("the body is nested too deeply to be shown in an error") from None
        if errors:
            raise Refusal(400, errors)
        return data


def texts(errors: Iterable[Any]) -> Iterator[str]:
    for error in errors:
        if error.context:
            yield from texts(error.context)
            return
        yield one_line(error)


def one_line(error: Any) -> str:
    if len(error.message) > LONGEST:
        return str(error.message)
    return str(error).replace("\n\n", ": ").replace("\n", "")
