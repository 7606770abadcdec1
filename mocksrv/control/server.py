"""The server as a whole: health, readiness, credentials, operations, OpenAPI."""

from __future__ import annotations

from flask import Response, request

from mocksrv.control.base import INSTANCE, ControlError, answer, app, control, world


@control.get("/health")
def health() -> Response:
    return answer({"status": "ok"})


@control.get("/ready")
def ready() -> Response:
    """Seeded and serving; `instance` is new with each start of a server."""
    return answer({"ready": True, "instance": INSTANCE, "vendors": list(app().vendors)})


@control.get("/credentials")
def credentials() -> Response:
    """Ready-made credentials, with base URLs as this caller sees the server."""
    base = f"{request.scheme}://{request.host}{request.environ.get('SCRIPT_NAME', '')}"
    return answer({vendor.name: vendor.credentials(world(), base) for vendor in app().vendors.values()})


@control.get("/operations")
def operations() -> Response:
    return answer([operation.describe() for vendor in app().vendors.values() for operation in vendor.operations])


@control.get("/openapi/<vendor>.json")
def openapi(vendor: str) -> Response:
    """The OpenAPI 3.1 document of a vendor."""
    from mocksrv.openapi import document

    if vendor not in app().vendors:
        raise ControlError("no-such-vendor", 404, f"vendor is one of {', '.join(app().vendors)}")
    prefix = request.environ.get("SCRIPT_NAME", "")
    return answer(document(app().vendors[vendor], f"{request.scheme}://{request.host}{prefix}"))
