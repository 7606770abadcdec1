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

MUTED, ENDED = ("denied", "cleared", "muted", "duplicate"), ("sent", "delivered", "failed")
STATES = (*MUTED, *ENDED, "pending", "forwarded-to-gateway", "received-by-gateway", "scheduled", "odd", None)
DAY = 86_400_000

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
