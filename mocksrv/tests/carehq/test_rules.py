"""What CareHQ's vendor does out of sight of the API: its outbox, its ids, its declarations."""

from dataclasses import asdict
from urllib.parse import urlencode

import pytest

from mocksrv import outbox as sent
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.carehq import auth, keys, records, schemas, vendor
from mocksrv.vendors.carehq.call import Call
from mocksrv.vendors.carehq.catalogue import ACTIONS, RESOURCES


@pytest.fixture(scope="module")
def app():
    return create_app(Config(vendor=("carehq",)))


@pytest.fixture
def world(app):
    return app.worlds["default"].fork("a test's own")


@pytest.fixture
def ask(app, world):
    """A call of the key that needs no signature, without a socket; returns status and JSON."""

    def call(method, path, args=(), **more):
        sent = urlencode(args, doseq=True)
        target = f"/v1/{path}" + (f"?{sent}" if method == "GET" and sent else "")
        headers = {"x-carehq-accountid": "MY_ACCOUNT_ID", "x-carehq-apikey": "UNSIGNED_KEY", **more}
        asked = Call(method=method, path=vendor.route(world, f"/v1/{path}"), target=target, headers=headers)
        asked.read_body = b"" if method == "GET" else sent.encode()
        world.settings["carehq.rate_limit"] = False
        reply = app.answering.answer(world, vendor, asked)
        return reply.status, reply.body

    return call


def test_a_confirmation_goes_to_the_outbox_unless_it_is_suppressed(world, ask):
    table, outbox = world.table("carehq.care-enquiries"), world.table("carehq.outbox")
    enquiry = next(e for e in table.all() if e["email"] and e["location"])
    visit = {"care_enquiry": enquiry["_id"], "date_time": "2030-01-01 10:00:00"}
    assert ask("PUT", "home-visits", visit | {"suppress_confirmation": "yes"})[0] == 200
    assert len(outbox) == 0
    assert ask("PUT", "home-visits", visit)[0] == 200
    assert [(mail["kind"], mail["to"]) for mail in outbox.all()] == [("email", enquiry["email"])]
    assert [(one["kind"], one["url"]) for _, one in sent.every(world)] == [("email", f"mailto:{enquiry['email']}")]
    table.update(enquiry["_id"], {"email": None})
    assert ask("PUT", "home-visits", visit)[0] == 200
    assert len(outbox) == 1


def test_an_empty_world_has_keys_and_nothing_else():
    app = create_app(Config(vendor=("carehq",), size=0))
    world = app.worlds["default"]
    assert len(world.table(keys.KEYS)) == 5
    assert {len(world.table(resource.table)) for resource in RESOURCES.values()} == {0}
    call = Call(method="GET", path="/v1/users", target="/v1/users", headers={
        "x-carehq-accountid": "MY_ACCOUNT_ID", "x-carehq-apikey": "UNSIGNED_KEY"})
    assert app.answering.answer(world, vendor, call).body == (
        b'{"item_count":0,"items":[],"page":1,"page_count":1,"per_page":10}')


def test_ids_ascend_with_time_and_within_a_second(world):
    world.clock.freeze()
    first = [records.new_id(world) for _ in range(300)]
    world.clock.advance(1)
    ids = [*first, records.new_id(world)]
    assert ids == sorted(set(ids))
    assert {len(id) for id in ids} == {24}
    assert max(record["_id"] for record in world.table("carehq.care-enquiries").all()) < ids[0]


def test_the_memory_of_nonces_is_bounded(world, monkeypatch):
    monkeypatch.setattr(auth, "NONCES_KEPT", 100)
    key = keys.Key("account", "key", "secret", "name")
    for number in range(500):
        auth.check_nonce(world, key, str(number))
    assert len(world.memory["carehq.nonces"]) <= 101
    world.clock.advance(601)
    auth.check_nonce(world, key, "499")


def test_a_key_may_be_limited_to_another_rate(world, ask):
    key = keys.Key("MY_ACCOUNT_ID", "SLOW", "x", "Slow", {"*": ["*"]}, require_signature=False, rate_limit=2)
    world.table(keys.KEYS).insert("MY_ACCOUNT_ID/SLOW", asdict(key))
    world.settings["carehq.rate_limit"] = True
    call = Call(method="GET", path="/v1/users", target="/v1/users", headers={
        "x-carehq-accountid": "MY_ACCOUNT_ID", "x-carehq-apikey": "SLOW"})
    world.clock.freeze()
    assert [auth.count(world, call, key) for _ in range(3)] == [1, 2, 3]
    assert call.limit[0] == ("X-CareHQ-RateLimit-Limit", "2")
    assert call.limit[2] == ("X-CareHQ-RateLimit-Remaining", "0")


@pytest.mark.parametrize(("seconds", "text"), [
    (1704728513.25, "1704728513.25"), (1704728513.0, "1704728513.0"), (1704728513.1234567, "1704728513.123457"),
    (100.5, "100.5"),
])
def test_points_in_time_have_no_exponent_and_are_never_early(seconds, text):
    assert auth.point_in_time(seconds) == text
    assert float(text) >= seconds - 1e-7


def test_every_operation_of_the_catalogue_is_declared_with_its_proof():
    declared = {(o.method, o.path): o for o in vendor.operations if "resource" in o.traits}
    expected = {(ACTIONS[action][0], f"/v1/{slug}{'/{id}' if ACTIONS[action][1] else ''}"): source
                for slug, resource in RESOURCES.items() for action, source in resource.methods.items()}
    assert declared.keys() == expected.keys()
    for route, operation in declared.items():
        assert operation.proof == ("docs" if expected[route] == "docs" else "assumed"), route
        assert operation.permission
        assert operation.source
    rest = [o for o in vendor.operations if "resource" not in o.traits]
    assert [(o.method, o.proof) for o in rest] == [("PUT", "assumed"), ("PATCH", "assumed"), ("DELETE", "assumed")]


def test_every_declared_schema_can_be_made():
    for operation in vendor.operations:
        for part in ("query", "body", "response"):
            made = operation.schema(part)
            assert made is None or isinstance(made, dict) or made()
    assert schemas.record_schema(RESOURCES["users"]) is schemas.record_schema(RESOURCES["users"])


def test_the_catalogue_has_what_the_developer_pages_have():
    documented = {slug: resource for slug, resource in RESOURCES.items() if resource.documented}
    assert len(documented) == 23
    assert list(RESOURCES)[23:] == ["care-fund-types", "location-contacts", "brands"]
    counts = {slug: len(resource.attributes) for slug, resource in documented.items()}
    assert counts == {
        "absences": 12, "assessments": 17, "billing-contracts": 23, "billing-rulesets": 17, "billing-schedules": 18,
        "bookings": 21, "care-enquiries": 41, "care-funds": 8, "comments": 11, "complaints": 12, "groups": 10,
        "home-visits": 14, "invoice-item-types": 8, "invoices": 31, "literature-items": 8, "locations": 26,
        "nominal-codes": 5, "room-rate-types": 12, "rooms": 12, "service-user-contacts": 27, "service-users": 37,
        "tax-rates": 6, "users": 26}


def test_faults_and_failures_speak_json(world):
    for status, hint in ((503, "An unexpected error occurred."), (429, "The limit of requests per second")):
        reply = vendor.render(world, Call(method="GET", path="/v1/users", target="/v1/users", headers={}),
                              vendor.failure(status))
        assert (reply.status, reply.headers) == (status, [("Content-Type", "application/json")])
        assert hint in reply.body.decode()
