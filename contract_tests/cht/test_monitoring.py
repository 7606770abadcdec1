"""Monitoring: what is counted, and what clients see of it."""

from __future__ import annotations

import pytest

from mocksrv.vendors.cht.server import monitoring_schemas

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


@pytest.mark.release(until="5.0")
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
