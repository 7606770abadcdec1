"""OpenAPI 3.1 documents, made from the operations and their marshmallow schemas."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mocksrv.operation import PARAMETER, Operation, Vendor

if TYPE_CHECKING:
    from apispec import APISpec


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
    for operation in vendor.operations:
        for number, path in enumerate(operation.paths):
            spec.path(path=PARAMETER.sub(r"{\1}", path), operations={
                operation.method.lower(): describe(spec, vendor, operation, path, number)})
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
        "parameters": [{"name": found[1], "in": "path", "required": True, "schema": {"type": "string"}}
                       for found in PARAMETER.finditer(path)],
        "responses": {str(status): response(operation, status) for status in operation.statuses},
        "x-mocksrv-proof": {"level": operation.proof, "date": operation.proved},
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


def response(operation: Operation, status: int) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else f"Status {status}"
    schema = operation.schema("response") if status < 300 else None
    return {"description": phrase, **({"content": {operation.produces: {"schema": schema}}} if schema else {})}
