"""Tastypie's description of a resource at `schema/`. Source: tastypie/resources.py, build_schema; tastypie/fields.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HELP = {
    "boolean": "Boolean data. Ex: True",
    "datetime": 'A date & time as a string. Ex: "2010-11-10T03:07:43"',
    "decimal": "Fixed precision numeric data. Ex: 26.73",
    "dict": "A dictionary of data. Ex: {'price': 26.73, 'name': 'Daniel'}",
    "integer": "Integer data. Ex: 2673",
    "related": "A single related resource. Can be either a URI or set of nested resource data.",
    "string": 'Unicode string data. Ex: "Hello World"',
}


def field(name: str, kind: str, *, nullable: bool = False, readonly: bool = False, unique: bool = False,
          primary_key: bool = False) -> dict[str, Any]:
    told = {"blank": False, "default": "No default provided.", "help_text": HELP[kind], "nullable": nullable,
            "primary_key": primary_key, "readonly": readonly, "type": kind, "unique": unique,
            "verbose_name": name.replace("_", " ")}
    return told | ({"related_schema": "", "related_type": "to_one"} if kind == "related" else {})


LOCATION: dict[str, dict[str, Any]] = {
    "created_at": field("created_at", "datetime"),
    "domain": field("domain", "string"),
    "external_id": field("external_id", "string", nullable=True),
    "id": field("id", "integer", readonly=True, unique=True, primary_key=True),
    "last_modified": field("last_modified", "datetime"),
    "latitude": field("latitude", "decimal", nullable=True),
    "location_data": field("location_data", "dict"),
    "location_id": field("location_id", "string", unique=True),
    "location_type": field("location_type", "related"),
    "longitude": field("longitude", "decimal", nullable=True),
    "name": field("name", "string", nullable=True),
    "parent": field("parent", "related", nullable=True),
    "resource_uri": field("resource_uri", "string", readonly=True),
    "site_code": field("site_code", "string"),
}
LOCATION_TYPE: dict[str, dict[str, Any]] = {
    "administrative": field("administrative", "boolean"),
    "code": field("code", "string", nullable=True),
    "domain": field("domain", "string"),
    "id": field("id", "integer", readonly=True, unique=True, primary_key=True),
    "name": field("name", "string"),
    "parent": field("parent", "related", nullable=True),
    "resource_uri": field("resource_uri", "string", readonly=True),
    "shares_cases": field("shares_cases", "boolean"),
    "view_descendants": field("view_descendants", "boolean"),
}


def schema(fields: Mapping[str, Any], filtering: Mapping[str, Any], on_list: tuple[str, ...] = ("get",),
           on_detail: tuple[str, ...] = ("get",), **more: Any) -> dict[str, Any]:
    """The body of a resource's `schema/`."""
    return {"allowed_detail_http_methods": list(on_detail), "allowed_list_http_methods": list(on_list),
            "default_format": "application/json", "default_limit": 20, "fields": dict(fields),
            "filtering": dict(filtering), **more}
