"""OpenAPI 3.1 documents, made from the operations and their marshmallow schemas."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import FunctionType
from typing import TYPE_CHECKING, Any

from mocksrv import clock
from mocksrv.described import proof
from mocksrv.operation import PARAMETER, Content, Declared, Operation, period, plain
from mocksrv.vendor import Vendor

if TYPE_CHECKING:
    from apispec import APISpec

PROBLEM = "application/problem+json"
METHODS = frozenset(("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"))  # that OpenAPI 3.1 has


def document(vendor: Vendor[Any], base_url: str = "http://127.0.0.1:8080", release: str = "") -> dict[str, Any]:
    """The API of a vendor as far as it is simulated, of one release or ("") of all that there are.

    `x-mocksrv-proof` says how sure each operation is, `x-mocksrv-release` since and until when there is one that not
    all releases have and which it came instead of, `x-mocksrv-successor` the path that took a deprecated one's place,
    `x-mocksrv-differences` where the vendor's documentation and its server disagree, by the names that the pages of the
    documentation explain.
    """
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    spec = APISpec(
        title=vendor.title or vendor.name,
        version=vendor.releases.get(release, "1"),
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=namer())],
        servers=[{"url": base_url}],
        info={"description": f"{vendor.title} as mocksrv simulates it."},
    )
    for name, scheme in vendor.security.items():
        spec.components.security_scheme(name, dict(scheme))
    findings = proof.read(vendor.name)
    for operation in vendor.operations:
        if not operation.within(release):
            continue
        proved = {"x-mocksrv-proof": proof.shown(operation, findings, clock.today())}
        for number, path in enumerate(operation.paths):
            spec.path(path=plain(path), operations={
                method_key(operation.method): describe(spec, vendor, operation, path, number) | proved})
    made: dict[str, Any] = spec.to_dict()
    link(vendor, made["paths"])
    return shared(made)


def link(vendor: Vendor[Any], paths: dict[str, Any]) -> None:
    """Add OpenAPI links: from operations that answer with a record's id to operations on that record."""
    for path, item in paths.items():
        start = path if path.endswith("/") else f"{path}/"
        details = [(found[1], other) for other in paths
                   if (found := re.fullmatch(re.escape(start) + r"\{(\w+)\}/?", other))]
        for method, one in item.items():
            name = re.sub(r"_\d+$", "", one["operationId"])
            expression = vendor.links.get(name, vendor.links.get(method.upper()))
            success: dict[str, Any] = next(
                (answer for status, answer in one["responses"].items() if status < "300"), {})
            if not expression or "content" not in success:
                continue
            same = {given: f"$request.path.{given}" for given in re.findall(r"\{(\w+)\}", path)}
            links = {target["operationId"]: {"operationId": target["operationId"],
                                             "parameters": {**same, parameter: expression}}
                     for parameter, detail in details for target in paths[detail].values()}
            if links:
                success["links"] = links


def shared(made: dict[str, Any]) -> dict[str, Any]:
    """The document, with responses that several operations have as components."""
    named: dict[str, str] = {}  # by what they hold
    counts: Counter[str] = Counter()
    every = [item["responses"] for path in made["paths"].values() for item in path.values()]
    uses = Counter(json.dumps(one, sort_keys=True) for responses in every for one in responses.values())
    kept = made["components"].setdefault("responses", {})
    for responses in every:
        for status, one in responses.items():
            text = json.dumps(one, sort_keys=True)
            if uses[text] == 1 or "content" not in one:
                continue
            if text not in named:
                counts[status] += 1
                named[text] = f"Answer{status}" + (f"_{counts[status]}" if counts[status] > 1 else "")
                kept[named[text]] = one
            responses[status] = {"$ref": f"#/components/responses/{named[text]}"}
    return made


def method_key(method: str) -> str:
    """The key of a method in a path item: OpenAPI has eight of them, any other is an extension."""
    return method.lower() if method in METHODS else f"x-{method.lower()}"


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


def describe(spec: APISpec, vendor: Vendor[Any], operation: Operation, path: str, number: int) -> dict[str, Any]:
    """One operation under one of its paths."""
    permission = operation.permission
    described: dict[str, Any] = {
        "operationId": operation.name if number == 0 else f"{operation.name}_{number + 1}",
        "summary": operation.summary,
        "tags": [operation.run.__module__.rpartition(".")[2]],
        "parameters": [in_path(vendor, found[1], found[2]) for found in PARAMETER.finditer(path)],
        "responses": responses(spec, vendor, operation),
        "x-mocksrv-source": operation.source,
    }
    if when := period(operation.since, operation.until, operation.instead):
        described["x-mocksrv-release"] = when
    if later := vendor.successor(operation, path):
        described |= {"deprecated": True, "x-mocksrv-successor": plain(later)}
    if operation.differences:
        described["x-mocksrv-differences"] = operation.differences
    if permission:
        described["x-mocksrv-permission"] = list(permission) if isinstance(permission, tuple) else [permission]
    if query := operation.schema("query"):
        described["parameters"] += in_query(query)
    if body := shape(spec, operation.body):
        example = vendor.example(operation)
        described["requestBody"] = {"content": {operation.consumes: {"schema": body} | (
            {} if example is None else {"example": example})}}
    if not operation.simulated:
        described["x-mocksrv-simulated"] = False
    public = operation.traits.get("anonymous") is True
    described["security"] = [] if public else [{name: []} for name in vendor.security]
    return described


def in_path(vendor: Vendor[Any], name: str, kind: str | None) -> dict[str, Any]:
    """A path parameter; `kind` is what the path's template says of it."""
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if kind and re.fullmatch(r"[\w-]+(\|[\w-]+)+", kind):
        schema = {"type": "string", "enum": kind.split("|")}
    elif kind and kind != "path":
        schema["pattern"] = f"^(?:{kind})$"
    elif name in vendor.choices:
        schema = {"type": "string", "enum": list(vendor.choices[name])}
    made = {"name": name, "in": "path", "required": True, "schema": schema}
    return made | ({"example": vendor.examples[name]} if name in vendor.examples else {})


def in_query(query: Any) -> list[dict[str, Any]]:
    """The members of an object as parameters; apispec does it for a marshmallow schema."""
    if not isinstance(query, Mapping):
        return [{"in": "query", "schema": query}]
    made = []
    for name, schema in query["properties"].items():
        told = {key: value for key, value in schema.items() if key == "description"}
        bare = {key: value for key, value in schema.items() if key != "description"}
        made.append({"in": "query", "name": name, "required": name in query["required"], "schema": bare, **told})
    return made


def responses(spec: APISpec, vendor: Vendor[Any], operation: Operation) -> dict[str, Any]:
    """By status: what the operation answers, and the vendor for it.

    What is not simulated refuses callers all the same.
    """
    found: dict[int, dict[str, Any]] = {
        status: dict(success(operation, status)) for status in operation.statuses if operation.simulated}
    for status, content in vendor.answers(operation).items():
        found.setdefault(status, {}).update(content)
    made = {str(status): response(spec, status, found[status]) for status in sorted(found)}
    if not operation.simulated:
        made["501"] = {"description": "A real route that is not simulated: mocksrv's own answer",
                       "content": {PROBLEM: {"schema": {"type": "object"}}}}
    return made


def success(operation: Operation, status: int) -> Content:
    """The shape of the response is that of its JSON, if it has several forms."""
    if status >= 300 or status == HTTPStatus.NO_CONTENT or not operation.produces:
        return {}
    kinds = (operation.produces,) if isinstance(operation.produces, str) else operation.produces
    return {kind.partition(";")[0]: operation.response if "json" in kind else None for kind in kinds}


def response(spec: APISpec, status: int, content: Content) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else f"Status {status}"
    made = {kind: {"schema": found} if (found := shape(spec, declared)) else {} for kind, declared in content.items()}
    return {"description": phrase, **({"content": made} if made else {})}


def shape(spec: APISpec, declared: Declared) -> Any:
    """The declared schema in the form that apispec takes."""
    made: Any = declared() if isinstance(declared, FunctionType) else declared
    return resolved(spec, made) if isinstance(made, Mapping) else made


def resolved(spec: APISpec, part: Any) -> Any:
    """JSON Schema without marshmallow's schemas in it; what has a title is a component."""
    if isinstance(part, list):
        return [resolved(spec, one) for one in part]
    if isinstance(part, type):
        (plugin,) = spec.plugins
        return plugin.resolver.resolve_schema_dict(part)  # type: ignore[attr-defined]
    if not isinstance(part, Mapping):
        return part
    made = {name: resolved(spec, one) for name, one in part.items()}
    title = made.pop("title", None)
    if not isinstance(title, str):  # none, or a property of that name
        return made if title is None else {**made, "title": title}
    if title not in spec.components.schemas:
        spec.components.schema(title, made)
    return {"$ref": f"#/components/schemas/{title}"}
