"""What Flask promises of a route holds for the vendors' routes too: hooks, error handlers, url_for, mounting."""

import pytest
from click.testing import CliRunner
from flask import request, url_for
from flask.cli import FlaskGroup
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config

ADMIN = ("admin", "pass")
HQ = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
CALLS = [  # method, path, what the test client takes besides
    ("GET", "/api/v2/monitoring", {}),
    ("GET", "/api/v1/place?type=clinic&limit=2", {"auth": ADMIN}),
    ("POST", "/api/v1/people", {"auth": ADMIN, "json": {"name": "Ada", "type": "person"}}),
    ("POST", "/api/v1/people", {"auth": ADMIN, "data": b"{", "content_type": "application/json"}),
    ("POST", "/api/v1/bulk-delete", {"auth": ADMIN, "json": {"docs": [{"_id": "nobody"}]}}),
    ("HEAD", "/medic/_all_docs", {"auth": ADMIN}),
    ("GET", "/medic/a%2Fb", {"auth": ADMIN}),
    ("DELETE", "/api/v2/monitoring", {"auth": ADMIN}),
    ("GET", "/api/v1/nowhere", {"auth": ADMIN}),
    ("GET", "/a/demo/api/v0.5/case/?limit=2", {"headers": HQ}),
    ("GET", "/a/demo/api/v0.5/case", {}),
    ("PUT", "/a/demo/api/v0.5/case/", {}),
    ("GET", "/v1/locations", {}),
    ("GET", "/v1/nothing", {}),
    ("GET", "/~other/cht/api/v2/monitoring", {}),
    ("GET", "/carehq/v2/locations", {}),
]
MOVING = {"date", "x-couch-request-id"}


@pytest.fixture(scope="module")
def short():
    return simulator()


@pytest.fixture(scope="module")
def seen():
    return []


@pytest.fixture(scope="module")
def hooked(seen):
    app = simulator()
    app.before_request(lambda: seen.append(request.endpoint))
    return app


def simulator():
    app = create_app(Config(seed=1, size=20))
    with app.worlds["default"].lock:
        app.worlds["default"].clock.freeze(True)
    return app


def asked(app, method, path, how):
    answer = app.test_client().open(path, method=method, **how)
    return answer.status_code, [(k, v) for k, v in answer.headers if k.lower() not in MOVING], answer.data


@pytest.mark.parametrize(("method", "path", "how"), CALLS, ids=[f"{call[0]} {call[1]}" for call in CALLS])
def test_the_short_way_and_flasks_give_the_same_answer(short, hooked, method, path, how):
    hooked.worlds["default"].clock.set(short.worlds["default"].clock.now())
    status, headers, body = asked(hooked, method, path, how)
    expected = asked(short, method, path, how)
    assert status == expected[0]
    if "monitoring" not in path:  # it tells of time and traffic
        assert (headers, body) == expected[1:]


def test_a_hook_sees_the_vendors_endpoint(hooked, seen):
    seen.clear()
    hooked.test_client().get("/api/v1/place?type=clinic", auth=ADMIN)
    hooked.test_client().get("/api/v1/nowhere", auth=ADMIN)
    assert seen == ["cht.get_places", None]


def test_a_hook_may_answer_itself_or_change_an_answer():
    app = simulator()

    @app.before_request
    def closed():
        return ("closed", 503) if request.endpoint == "commcare.list_cases" else None

    @app.after_request
    def mark(response):
        response.headers["X-Seen"] = "yes"
        return response

    client = app.test_client()
    refused = client.get("/a/demo/api/v0.5/case/")
    assert (refused.status_code, refused.text, refused.headers["X-Seen"]) == (503, "closed", "yes")
    answer = client.get("/api/v2/monitoring")
    assert (answer.status_code, answer.headers["X-Seen"]) == (200, "yes")


def test_an_error_handler_of_ones_own_comes_before_the_vendors_answer():
    app = simulator()
    app.register_error_handler(404, lambda error: ("mine", 404))
    assert app.test_client().get("/api/v1/nowhere", auth=ADMIN).text == "mine"
    assert app.test_client().get("/api/v2/monitoring").status_code == 200


def test_urls_are_made_from_endpoints(short):
    with short.test_request_context():
        assert url_for("cht.get_person", uuid="a b") == "/cht/api/v1/person/a%20b"
        assert url_for("control.read_clock") == "/_mocksrv/clock"


def test_flask_lists_the_vendors_routes(short):
    listed = CliRunner().invoke(FlaskGroup(create_app=lambda: short), ["routes"])
    assert listed.exit_code == 0, listed.output
    assert "cht.get_person" in listed.output


def test_it_can_be_mounted_below_another_application(short):
    outer = Client(DispatcherMiddleware(lambda environ, start: [start("404 Not Found", []) and b""], {"/mock": short}))
    page = outer.get("/mock/a/demo/api/v0.5/case/?limit=1", headers=HQ)
    assert page.status_code == 200
    assert outer.get("/mock/_mocksrv/ready").status_code == 200
    sent = outer.get("/mock/~w/cht/api/v1/person", headers={"Accept": "text/html", "User-Agent": "Mozilla"})
    assert sent.headers["Location"].startswith("/mock/~w/cht/medic/login")
