"""The schemas of answers that have no class of their own: JSON Schema, for the documentation and the contract tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from marshmallow import INCLUDE, Schema, fields

from mocksrv.described.json_schema import NUMBER, OBJECT, TEXT, TRUTH, Shape, any_of, array, nullable, record


@cache
def echo(given: Callable[[], type[Schema]]) -> Callable[[], type[Schema]]:
    """A schema that also takes members that the client sent and HQ does not know."""
    made: list[type[Schema]] = []

    def make() -> type[Schema]:
        schema = given()

        class Echo(schema):  # type: ignore[misc,valid-type]
            class Meta:
                unknown = INCLUDE

        made[:] = made or [type(f"{schema.__name__}Echo", (Echo,), {})]  # one class, which the document names once
        return made[0]

    return make


def some(given: Callable[[], type[Schema]]) -> Callable[[], type[Schema]]:
    """The objects of a `set/`, and the ids that do not exist."""
    def make() -> type[Schema]:
        schema = given()
        return type(f"Some{schema.__name__}", (Schema,), {
            "objects": fields.List(fields.Nested(schema), required=True),
            "not_found": fields.List(fields.String())})

    return make


NOTHING: Shape = {"type": "object", "maxProperties": 0}
IDS = array(TEXT)
MODEL_SCHEMA = record({"allowed_detail_http_methods": IDS, "allowed_list_http_methods": IDS, "default_format": TEXT,
                       "default_limit": NUMBER, "fields": OBJECT, "filtering": OBJECT}, {"ordering": IDS})
OLD_CASE = record({"case_id": TEXT, "id": TEXT, "properties": OBJECT, "indices": OBJECT, "closed": TRUTH,
                   "date_closed": nullable("string"), "date_modified": nullable("string"), "resource_uri": TEXT},
                  closed=False)
OLD_CASES = record({"meta": record({"limit": NUMBER, "next": nullable("string"), "offset": NUMBER,
                                    "previous": nullable("string"), "total_count": NUMBER}),
                    "objects": array(OLD_CASE)})
UPLOADED = record({"code": NUMBER, "message": TEXT}, {"status_url": TEXT, "download_id": TEXT})
UPLOAD_STATUS = record({"state": NUMBER, "progress": record({"percent": NUMBER}), "result": record(
    {"match_count": NUMBER, "created_count": NUMBER, "num_chunks": NUMBER, "errors": array(OBJECT)}, closed=False)},
    closed=False)
TABLES_STATUS = record({"message": TEXT}, {"complete": TRUTH, "error": TRUTH, "progress": NUMBER})
LINES = array(any_of(TEXT, array(TEXT)))  # one for each object of a bulk request
USER = record({"id": TEXT, "email": TEXT, "phone_numbers": array(TEXT)}, closed=False)
__all__ = ["any_of"]
