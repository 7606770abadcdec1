"""The server as a whole: health, readiness, credentials, operations, OpenAPI."""

from __future__ import annotations

from flask import Response, request

from mocksrv.clock import today
from mocksrv.control.base import INSTANCE, ControlError, answer, app, control, world, worlds
from mocksrv.control.describe import TEXT, listed, told
from mocksrv.serving.tls import CA


@control.get("/health")
@told("Health", open=True)
def health() -> Response:
    """Whether the server runs."""
    return answer({"status": "ok"})


@control.get("/ready")
@told("Ready", open=True)
def ready() -> Response:
    """Whether the server is seeded and serves; `instance` is new with each start."""
    return answer({"ready": True, "instance": INSTANCE, "vendors": list(app().vendors)})


@control.get("/vendors")
@told(listed("Vendor"))
def vendors() -> Response:
    """The vendors that are simulated, each with a first call to try, as this caller sees the server."""
    return answer([{"name": vendor.name, "title": vendor.title or vendor.name, "operations": len(vendor.operations),
                    "curl": vendor.first_call(here())} for vendor in app().vendors.values()])


@control.get("/credentials")
@told("Credentials")
def credentials() -> Response:
    """Ready-made credentials, with base URLs as this caller sees the server."""
    return answer({vendor.name: vendor.credentials(world(), here()) for vendor in app().vendors.values()})


@control.get("/operations")
@told(listed("Operation"))
def operations() -> Response:
    """What is simulated, with permission, source and proof."""
    from mocksrv.described import proof

    every = [operation for vendor in app().vendors.values() for operation in vendor.operations]
    return answer(proof.describe(every, today()))


@control.get("/metrics")
@told(TEXT, kind="text/plain")
def metrics() -> Response:
    """Counts and durations of answers, and the number of worlds, for Prometheus."""
    text = app().meter.exposition(len(list(worlds())))
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@control.get("/ca.pem")
@told(TEXT, kind="application/x-pem-file", open=True)
def certificate_authority() -> Response:
    """The certificate of the CA that signed this server's, when it serves TLS."""
    folder = app().settings.tls
    if folder is None:
        raise ControlError("no-tls", 404, "this server speaks plain HTTP; start it with --tls")
    return Response((folder / CA).read_bytes(), content_type="application/x-pem-file")


@control.get("/openapi.json")
@told("OpenAPI")
def own_openapi() -> Response:
    """The OpenAPI 3.1 document of the control plane: this one."""
    from mocksrv.control.openapi import document

    return answer(document(f"{request.scheme}://{request.host}"))


@control.get("/openapi/<vendor>.json")
@told("OpenAPI")
def openapi(vendor: str) -> Response:
    """The OpenAPI 3.1 document of a vendor, of the release that this world runs."""
    from mocksrv.described.openapi import document

    if vendor not in app().vendors:
        raise ControlError("no-such-vendor", 404, f"vendor is one of {', '.join(app().vendors)}")
    one = app().vendors[vendor]
    return answer(document(one, here(), one.running(world())))


def here() -> str:
    """The base URL of this world as the caller sees it."""
    return f"{request.scheme}://{request.host}{request.environ.get('SCRIPT_NAME', '')}"
