"""The OpenAPI 3.1 document of the control plane: its routes, their docstrings, and the declarations of `@told`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from flask import Flask

from mocksrv.control.base import CONTROL, control
from mocksrv.control.describe import JSON, TOLD, Schema, Told, referred, some_of
from mocksrv.control.schemas import ANSWER_ORDER, COMPONENTS, FAULT
from mocksrv.problems import PROBLEM

ABOUT = """\
Worlds, clock, faults, journal and snapshots of a mocksrv. Each path is there twice: as it stands for the default world,
and below `/~name` for the world of that name, which is made when it is first asked for.

Without a token it answers direct calls from loopback only; with one (`MOCKSRV_TOKEN`) those that carry it."""
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
TYPES = {None: "string", "int": "integer"}
Route = tuple[str, str, Callable[..., Any]]  # rule, method, view


def document(base_url: str = "http://127.0.0.1:8080") -> dict[str, Any]:
    """The whole document, for the server at that base URL."""
    paths: dict[str, Any] = {}
    for rule, method, view in routes():
        paths.setdefault(PARAMETER.sub(r"{\2}", rule), {})[method.lower()] = describe(rule, view)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mocksrv: the control plane", "version": version("mocksrv"), "description": ABOUT},
        "servers": [{"url": base_url}, {"url": f"{base_url}/~{{world}}", "description": "A world by its name",
                                        "variables": {"world": {"default": "any-name"}}}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS | {"FaultOrder": fault_order()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "MOCKSRV_TOKEN"}},
            "responses": {"Problem": {"description": "Refused: `detail` says what to do",
                                      "content": {PROBLEM: {"schema": referred("Problem")}}}},
        },
        "security": [{}, {"token": []}],
    }


def routes() -> Iterator[Route]:
    """Every route of the control plane, once for each method but HEAD and OPTIONS."""
    app = Flask("mocksrv", static_folder=None)
    app.register_blueprint(control, url_prefix=CONTROL)
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.rule, method, app.view_functions[rule.endpoint]


def describe(rule: str, view: Callable[..., Any]) -> dict[str, Any]:
    """One operation. Raises KeyError for a view without `@told`."""
    told = TOLD[view.__name__]
    summary, _, more = (inspect.getdoc(view) or "").partition("\n\n")
    made: dict[str, Any] = {
        "operationId": view.__name__,
        "tags": [view.__module__.rpartition(".")[2]],
        "summary": " ".join(summary.split()),
        "parameters": [
            *({"name": found[2], "in": "path", "required": True, "schema": {"type": TYPES[found[1]]}}
              for found in PARAMETER.finditer(rule)),
            *({"name": name, "in": "query", "schema": schema} for name, schema in told.query.items())],
        "responses": {str(told.status): response(told), "default": {"$ref": "#/components/responses/Problem"}},
    }
    if more:
        made["description"] = " ".join(more.split())
    if told.takes is not None:
        schema = referred(told.takes) if isinstance(told.takes, str) else some_of(told.takes, told.needs)
        made["requestBody"] = {"required": isinstance(told.takes, str) or bool(told.needs),
                               "content": {JSON: {"schema": schema}}}
    if told.open:
        made["security"] = []
    return made


def response(told: Told) -> dict[str, Any]:
    """The answer of a call that succeeds."""
    if told.gives is None:
        return {"description": "Done"}
    return {"description": "What was asked for", "content": {told.kind: {"schema": referred(told.gives)}}}


def fault_order() -> Schema:
    """The JSON Schema of a new fault, from the marshmallow schema that checks it."""
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    from mocksrv.control.faults import EFFECTS, FaultSchema

    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("FaultOrder", schema=FaultSchema)
    made: Schema = spec.to_dict()["components"]["schemas"]["FaultOrder"]
    members = made["properties"]
    members["answer"] = ANSWER_ORDER
    members["delay"] = FAULT["properties"]["delay"]  # marshmallow's is raw: it is one of three shapes
    for schema in (members["content_type"], members["headers"]["additionalProperties"]):
        schema["pattern"] = "^" + schema["pattern"].replace(r"\Z", "$")  # as JSON Schema has it (ECMA-262)
    return made | {"additionalProperties": False, "anyOf": [{"required": [name]} for name in EFFECTS]}
