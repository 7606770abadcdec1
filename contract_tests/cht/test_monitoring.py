"""Monitoring: every count is what a naive count over the documents says, after any writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.call import Call
from mocksrv.config import Config
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.server import monitoring, monitoring_schemas

KEYS = ["version", "couchdb", "date", "sentinel", "messaging", "outbound_push", "feedback", "conflict",
        "replication_limit", "connected_users"]
MUTED, ENDED = ("denied", "cleared", "muted", "duplicate"), ("sent", "delivered", "failed")
STATES = (*MUTED, *ENDED, "pending", "forwarded-to-gateway", "received-by-gateway", "scheduled", "odd", None)
DAY = 86_400_000


def both(api):
    first, second = api.ok("GET", "/api/v1/monitoring"), api.ok("GET", "/api/v2/monitoring")
    assert monitoring_schemas.Monitoring1().validate(first) == {}
    assert monitoring_schemas.Monitoring2().validate(second) == {}
    return first, second


def test_shape(api):
    first, second = both(api)
    assert list(first) == list(second) == KEYS
    assert list(second["couchdb"]) == ["medic", "sentinel", "usersmeta", "users"]
    assert list(second["couchdb"]["medic"]) == ["name", "update_sequence", "doc_count", "doc_del_count",
                                                "fragmentation", "sizes", "view_indexes"]
    assert [view["name"] for view in second["couchdb"]["medic"]["view_indexes"]] == [
        "medic", "medic-admin", "medic-client", "medic-conflicts", "medic-scripts", "medic-sms"]
    assert list(second["messaging"]["outgoing"]) == ["total", "seven_days", "last_hundred"]
    assert first["messaging"] == {"outgoing": {"state": second["messaging"]["outgoing"]["total"]}}


@pytest.mark.mock_only
def test_documents_are_counted(api, mocksrv):
    before = both(api)[1]["couchdb"]["medic"]
    for number in range(40):
        api.ok("POST", "/medic", {"_id": f"d{number}", "type": "other"})
    api.ok("DELETE", f"/medic/d0?rev={api.doc('d0')['_rev']}")
    after = both(api)[1]["couchdb"]["medic"]
    assert after["doc_count"] - before["doc_count"] == 39
    assert after["doc_count"] == api.ok("GET", "/medic/_all_docs?limit=0")["total_rows"]
    assert after["doc_del_count"] - before["doc_del_count"] == 1
    assert after["update_sequence"] - before["update_sequence"] == 41
    assert after["sizes"]["active"] > before["sizes"]["active"]
    assert after["sizes"]["file"] > after["sizes"]["active"]
    used = [after["sizes"], *(one["sizes"] for one in after["view_indexes"] if one["sizes"]["active"])]
    assert after["fragmentation"] == sum(s["file"] for s in used) / sum(s["active"] for s in used)


@pytest.mark.mock_only
def test_time(api, mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    first = both(api)[1]["date"]
    mocksrv.clock.advance(100.5)
    second = both(api)[1]["date"]
    assert second["current"] - first["current"] == 100_500
    assert second["uptime"] - first["uptime"] == pytest.approx(100.5)


@pytest.mark.mock_only
def test_other_databases(api, mocksrv):
    before = both(api)[1]
    for number in range(3):
        api.ok("POST", "/medic-users-meta", {"_id": f"feedback-2026-{number}", "type": "feedback"})
    api.ok("POST", "/medic-sentinel", {"_id": "task:outbound:1", "type": "task:outbound"})
    for number, count in enumerate((10_000, 10_001, 99_999, "many")):
        api.ok("POST", "/medic-logs", {"_id": f"replication-count-{number}", "count": count})
    api.ok("POST", "/medic-logs", {"_id": "odd-count", "count": 20_000})
    after = both(api)[1]
    assert after["feedback"]["count"] - before["feedback"]["count"] == 3
    assert after["outbound_push"]["backlog"] == 1
    assert after["replication_limit"]["count"] == 2


@pytest.mark.mock_only
def test_conflicts(api, mocksrv):
    def count():
        return both(api)[1]["conflict"]["count"]

    def replicate(rev, **more):
        doc = {"_id": "c", "_rev": rev, **more}
        api.ok("POST", "/medic/_bulk_docs", {"docs": [doc], "new_edits": False})

    assert count() == 0
    replicate("1-aaaa", n=1)
    replicate("1-bbbb", n=2)
    replicate("1-cccc", n=3)
    assert count() == 1, "documents are counted, not revisions"
    api.ok("DELETE", "/medic/c?rev=1-aaaa")
    assert count() == 1
    api.ok("DELETE", "/medic/c?rev=1-bbbb")
    assert count() == 0


@pytest.mark.mock_only
def test_a_backlog_while_the_background_process_waits(api, mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    api.ok("PUT", "/api/v1/settings", {"transitions": {"generate_shortcode_on_contacts": True}})
    assert both(api)[1]["sentinel"]["backlog"] == 0
    for number in range(3):
        api.ok("POST", "/medic", {"_id": f"p{number}", "type": "person", "name": "P"})
    assert both(api)[1]["sentinel"]["backlog"] == 3
    mocksrv.clock.advance(2)
    assert both(api)[1]["sentinel"]["backlog"] == 0


@pytest.mark.mock_only
@pytest.mark.parametrize(("query", "count"), [
    ("", 2), ("?connected_user_interval=", 2), ("?connected_user_interval=14", 3), ("?connected_user_interval=0", 0),
    ("?connected_user_interval=-1", 0), ("?connected_user_interval=abc", 0), ("?connected_user_interval=1.5", 2),
    ("?connected_user_interval=1.4", 1), ("?connected_user_interval=10000000000", 4), ("?other=1", 2),
])
def test_connected_users(api, mocksrv, query, count):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    now = 1_795_300_000_000
    for name, days in (("ann", 0.5), ("ben", 1.8), ("cleo", 10), ("dan", 1000)):
        api.ok("POST", "/medic-logs", {"_id": f"connected-user-{name}", "timestamp": now - int(days * DAY)})
    for version in ("v1", "v2"):
        assert api.anonymous().ok("GET", f"/api/{version}/monitoring{query}")["connected_users"] == {"count": count}


@pytest.mark.mock_only
def test_signing_in_counts_and_plain_calls_do_not(api, mocksrv):
    assert both(api)[1]["connected_users"]["count"] == 0
    api.as_user("officer", "Secret_123").get("/api/v1/settings")
    assert both(api)[1]["connected_users"]["count"] == 0
    for _ in range(2):
        api.as_user("officer", "Secret_123").get("/_session")
    assert both(api)[1]["connected_users"]["count"] == 1


@pytest.mark.mock_only
def test_the_page_shows_less(api, mocksrv):
    mocksrv.set(cht_conformance="page")
    _, second = both(api)
    assert "sizes" not in second["couchdb"]["medic"]
    last = second["messaging"]["outgoing"]["last_hundred"]
    assert list(last) == ["pending", "final"]
    assert list(last["final"]) == ["sent", "delivered", "failed", "denied", "cleared", "muted", "duplicate"]


def test_other_methods_are_no_monitoring(api):
    for path in ("/api/v1/monitoring", "/api/v2/monitoring"):
        assert api.post(path).json() == {"error": "not_found", "reason": "Database does not exist."}
    assert api.get("/api/v3/monitoring").status_code == 404


# --- laws ---

MESSAGE = st.fixed_dictionaries({}, optional={
    "uuid": st.sampled_from(("u1", "")), "to": st.just("+254711"), "message": st.sampled_from(("hi", None))})
WHEN = st.one_of(st.none(), st.integers(-20, 20).map(lambda days: 1_795_300_000_000 + days * DAY // 2),
                 st.sampled_from(("2026-11-20T10:00:00.000Z", "rubbish", [], {})))
TASK = st.fixed_dictionaries({"state": st.sampled_from(STATES)}, optional={
    "messages": st.one_of(st.lists(MESSAGE, max_size=3), st.none(), st.just("odd")), "due": WHEN,
    "state_history": st.lists(st.fixed_dictionaries({"timestamp": WHEN}), max_size=2)})
DOC = st.fixed_dictionaries({"reported_date": WHEN}, optional={
    "tasks": st.lists(TASK, max_size=3), "scheduled_tasks": st.lists(TASK, max_size=2)})
WRITES = st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), DOC)), max_size=10)


@pytest.fixture(scope="module")
def origin():
    app = create_app(Config(vendor=("cht",), size=0))
    yield app.worlds["default"]
    app.worlds.close()


def naive(docs):
    """Messages by queue, one after the other."""
    counts = dict.fromkeys(monitoring.QUEUES, 0)
    for doc in docs:
        for task in [*doc.get("tasks", ()), *doc.get("scheduled_tasks", ())]:
            messages = task.get("messages")
            ready = ([one for one in messages if one.get("uuid") and one.get("to") and one.get("message")]
                     if isinstance(messages, list) else [task])
            state = task["state"]
            queue = "scheduled" if state == "scheduled" else "muted" if state in MUTED else "due"
            counts[queue] += len(ready)
            if state in ENDED:
                counts["failed" if state == "failed" else "delivered"] += len(ready)
    return counts


@given(WRITES)
def test_messages_are_counted_as_one_by_one(origin, writes):
    world = origin.fork("law")
    world.clock.freeze()
    db, live = documents.database(world), {}
    for id, doc in writes:
        old = db.peek(id)
        if doc is None:
            if old:
                db.delete(id)
            live.pop(id, None)
        else:
            db.put({"_id": id, **doc} | ({"_rev": old["_rev"]} if old else {}))
            live[id] = doc
    call = Call(method="GET", path="/api/v2/monitoring", target="/api/v2/monitoring", headers={})
    answer = monitoring.get_monitoring_2(world, call)
    outgoing = answer["messaging"]["outgoing"]
    assert outgoing["total"] == naive(live.values())
    assert all(outgoing["seven_days"][queue] <= outgoing["total"][queue] for queue in monitoring.QUEUES)
    assert all(sum(group.values()) <= 100 for group in outgoing["last_hundred"].values())
    assert answer["couchdb"]["medic"]["doc_count"] == len(list(db.docs.ids()))
    deleted = sum(1 for history in db.revs.all() if history.get("deleted"))
    assert answer["couchdb"]["medic"]["doc_del_count"] == deleted
    assert monitoring_schemas.Monitoring2().validate(answer) == {}


def test_the_last_seven_days_and_the_last_hundred(origin):
    world = origin.fork("last")
    world.clock.freeze()
    now = world.clock.ms()
    midnight = now - now % DAY - 7 * DAY
    message = {"uuid": "u", "to": "+254711", "message": "hi"}
    db = documents.database(world)
    for number in range(150):
        due = (now, midnight, midnight - 1, now + 1, now - DAY)[number % 5]
        state = "sent" if number < 60 else "delivered"
        db.put({"_id": f"r{number}", "tasks": [{
            "messages": [message], "state": state, "due": due, "state_history": [{"timestamp": now - 1000 + number}]}]})
    assert monitoring.seven_days(world) == {"due": 90, "scheduled": 0, "muted": 0, "failed": 0, "delivered": 90}
    assert monitoring.last_hundred(world, "final", ENDED) == {"sent": 10, "delivered": 90, "failed": 0}
    assert monitoring.last_hundred(world, "pending", ()) == {}
