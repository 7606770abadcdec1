"""OpenAPI 3.1 documents, made from the operations and their marshmallow schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from http import HTTPStatus
from types import FunctionType
from typing import TYPE_CHECKING, Any

from mocksrv import clock, proof
from mocksrv.operation import PARAMETER, Content, Declared, Operation, Vendor

if TYPE_CHECKING:
    from apispec import APISpec

PROBLEM = "application/problem+json"


def document(vendor: Vendor, base_url: str = "http://127.0.0.1:8080") -> dict[str, Any]:
    """The API of a vendor as far as it is simulated. `x-mocksrv-proof` says how sure each operation is."""
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    spec = APISpec(
        title=vendor.title or vendor.name,
        version="1",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=namer())],
        servers=[{"url": base_url}],
        info={"description": f"{vendor.title} as mocksrv simulates it."},
    )
    for name, scheme in vendor.security.items():
        spec.components.security_scheme(name, dict(scheme))
    findings = proof.read(vendor.name)
    for operation in vendor.operations:
        proved = {"x-mocksrv-proof": proof.shown(operation, findings, clock.today())}
        for number, path in enumerate(operation.paths):
            spec.path(path=PARAMETER.sub(r"{\1}", path), operations={
                operation.method.lower(): describe(spec, vendor, operation, path, number) | proved})
    result: dict[str, Any] = spec.to_dict()
    return result


def namer() -> Callable[[Any], str]:
    """Every schema is a component under its class name; a second class of that name gets its module before it."""
    names: dict[str, type] = {}

    def name(schema: Any) -> str:
        cls = schema if isinstance(schema, type) else type(schema)
        short = cls.__name__
        if names.setdefault(short, cls) is cls:
            return short
        return f"{cls.__module__.rpartition('.')[2].title()}{short}"

    return name


def describe(spec: APISpec, vendor: Vendor, operation: Operation, path: str, number: int) -> dict[str, Any]:
    """One operation under one of its paths."""
    permission = operation.permission
    described: dict[str, Any] = {
        "operationId": operation.name if number == 0 else f"{operation.name}_{number + 1}",
        "summary": operation.summary,
        "tags": [operation.run.__module__.rpartition(".")[2]],
        "parameters": [in_path(vendor, found[1], found[2]) for found in PARAMETER.finditer(path)],
        "responses": responses(vendor, operation),
        "x-mocksrv-source": operation.source,
    }
    if permission:
        described["x-mocksrv-permission"] = list(permission) if isinstance(permission, tuple) else [permission]
    if query := operation.schema("query"):
        described["parameters"].append({"in": "query", "schema": query})
    if body := operation.schema("body"):
        described["requestBody"] = {"content": {operation.consumes: {"schema": body}}}
    if not operation.simulated:
        described["x-mocksrv-simulated"] = False
    described["security"] = [] if operation.traits.get("anonymous") else [{name: []} for name in vendor.security]
    return described


def in_path(vendor: Vendor, name: str, kind: str | None) -> dict[str, Any]:
    """A path parameter; `kind` is what the path's template says of it."""
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if kind and re.fullmatch(r"[\w-]+(\|[\w-]+)+", kind):
        schema = {"type": "string", "enum": kind.split("|")}
    elif kind and kind != "path":
        schema["pattern"] = f"^(?:{kind})$"
    made = {"name": name, "in": "path", "required": True, "schema": schema}
    return made | ({"example": vendor.examples[name]} if name in vendor.examples else {})


def responses(vendor: Vendor, operation: Operation) -> dict[str, Any]:
    """By status: what the operation answers, and the vendor for it."""
    if not operation.simulated:
        return {"501": {"description": "A real route that is not simulated: mocksrv's own answer",
                        "content": {PROBLEM: {"schema": {"type": "object"}}}}}
    found: dict[int, dict[str, Any]] = {status: dict(success(operation, status)) for status in operation.statuses}
    for status, content in vendor.answers(operation).items():
        found.setdefault(status, {}).update(content)
    return {str(status): response(status, found[status]) for status in sorted(found)}


def success(operation: Operation, status: int) -> Content:
    if status >= 300 or status == HTTPStatus.NO_CONTENT or not operation.produces:
        return {}
    return {operation.produces.partition(";")[0]: operation.response}


def response(status: int, content: Content) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else f"Status {status}"
    made = {kind: {"schema": schema} if (schema := shape(declared)) else {} for kind, declared in content.items()}
    return {"description": phrase, **({"content": made} if made else {})}


def shape(declared: Declared) -> Any:
    """As apispec takes it: it changes dicts in place."""
    made: Any = declared() if isinstance(declared, FunctionType) else declared
    return deepcopy(dict(made)) if isinstance(made, Mapping) else made
