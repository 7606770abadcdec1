"""Failures of offline users to replicate, from release 5.2 on."""

from __future__ import annotations

import pytest

PASSWORD = "Kisumu_2024"
FAILURE = {"date", "status_code", "duration", "request_id", "roles", "subjects_count", "docs_count",
           "unpurged_docs_count"}


@pytest.fixture
def worker(newer, places, unique):
    """An offline user's name."""
    newer.ok("POST", "/api/v1/users", {"username": unique, "password": PASSWORD, "roles": ["chw"],
                                       "place": places.area, "contact": places.person})
    return unique


@pytest.mark.mock_only  # it breaks the settings
def test_failures_are_logged_until_the_user_replicates(newer, worker):
    own = newer.as_user(worker, PASSWORD)
    newer.configure(replication_depth={"role": "chw"})
    assert own.get("/api/v1/replication/get-ids").status_code == 500
    assert own.get("/api/v1/replication/get-ids").status_code == 500
    (log,) = newer.ok("GET", f"/api/v1/replication-failure-logs?user={worker}")["data"]
    assert (log["total_failures"], len(log["failures"]), sum(log["daily_failures"].values())) == (2, 2, 2)
    assert all(one.keys() == FAILURE and one["status_code"] == 500 for one in log["failures"])
    (found,) = newer.ok("GET", "/api/v1/replication-health/failed")["users"]
    assert found == {"user": worker, "last_replication_date": None, "failures_since_last_replication": None,
                     "failures_in_window": 2}
    assert newer.ok("GET", "/api/v1/replication-health/failed?min_failures=3") == {"users": []}
    assert newer.ok("GET", "/api/v2/monitoring")["replication_failure"] == {"count": 1}
    newer.configure(replication_depth=[])
    assert own.get("/api/v1/replication/get-ids").status_code == 200
    assert newer.ok("GET", "/api/v1/replication-health/failed") == {"users": []}
    count = newer.ok("GET", f"/api/v1/users-doc-count?user={worker}")["users"]
    assert count["count"] == count["all_docs_count"]


def test_pages_of_a_month(newer, unique):
    for name in "abc":
        newer.ok("PUT", f"/medic-logs/replication-fail-{unique}-{name}", {"user": name, "daily_failures": {}})

    def page(**params):
        found = newer.ok("GET", "/api/v1/replication-failure-logs", params={"reporting_period": unique} | params)
        return [log["user"] for log in found["data"]], found["cursor"]

    assert page() == (["a", "b", "c"], None)
    assert page(limit=2) == (["a", "b"], "2")
    assert page(limit=3) == (["a", "b", "c"], None)
    assert page(cursor=2) == (["c"], None)
    assert page(user="b", limit=1) == (["b"], None)
    assert page(user="z") == ([], None)


@pytest.mark.parametrize(("path", "message"), [
    ("/api/v1/replication-failure-logs?limit=x&cursor=y",
     'The cursor must be a non-negative integer or null for first page: ["y"].'),
    ("/api/v1/replication-failure-logs?limit=0", 'The limit must be a positive integer: ["0"].'),
    ("/api/v1/replication-health/failed?days=x&min_failures=x", '"days" must be a positive integer'),
    ("/api/v1/replication-health/failed?min_failures=1.5", '"min_failures" must be a positive integer'),
])
def test_what_is_refused(newer, path, message):
    answer = newer.get(path)
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": message})


@pytest.mark.parametrize("path", ["/api/v1/replication-failure-logs", "/api/v1/replication-health/failed",
                                  "/api/v1/users-doc-count"])
def test_these_are_for_server_admins(newer, worker, path):
    answer = newer.as_user(worker, PASSWORD).get(path)
    assert (answer.status_code, answer.json()["error"]) == (403, "User is not an admin")
    answer = newer.anonymous().get(path)
    assert (answer.status_code, answer.text) == (401, "not logged in")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'
