"""The made-up records: true to the hierarchy and to the year, and enough of them for every export and metric."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime

import pytest

pytestmark = pytest.mark.mock_only
PASSWORD = "Secret_123"
DAY = 86_400_000
YEAR = 365 * DAY
DAYS = ["2026-11-21T22:26:40Z", "2027-02-28T23:50:00Z", "2028-02-29T12:00:00Z", "2028-12-31T23:58:00Z"]
DATA_SET = "VMuFODsyWaO"
STATES = {"pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway", "sent", "delivered",
          "failed", "scheduled", "muted", "cleared", "denied", "duplicate"}


def rows(api, database, start, end):
    query = f"?include_docs=true&startkey=%22{start}%22&endkey=%22{end}%22"
    return [row["doc"] for row in api.ok("GET", f"/{database}/_all_docs{query}")["rows"]]


@pytest.fixture
def docs(api):
    return {row["doc"]["_id"]: row["doc"] for row in api.ok("GET", "/medic/_all_docs?include_docs=true")["rows"]}


@pytest.fixture
def records(docs):
    return [doc for doc in docs.values() if doc.get("type") == "data_record"]


def tasks(records):
    return [task for doc in records for task in [*doc.get("tasks", ()), *doc.get("scheduled_tasks", ())]]


def table(api, kind):
    return list(csv.DictReader(io.StringIO(api.get(f"/api/v2/export/{kind}").text)))


def test_reports_of_several_forms_by_workers(docs, records):
    forms = Counter(doc["form"] for doc in records if doc.get("form"))
    assert set(forms) == {"assessment", "anc_registration", "anc_visit", "YYYZ", "STOCK", "OFF"}
    for doc in records:
        if doc.get("form"):
            sender = docs[doc["contact"]["_id"]]
            assert (sender["role"], sender["phone"]) == ("chw", doc["from"])
            assert doc["contact"]["parent"] == sender["parent"]


def test_patients_live_where_the_worker_visits(docs, records):
    people = {doc["patient_id"]: doc for doc in docs.values() if doc.get("type") == "person"}
    about = [doc for doc in records if "patient_id" in doc.get("fields", {})]
    assert about
    for doc in about:
        household = people[doc["fields"]["patient_id"]]["parent"]
        assert household["parent"]["_id"] == doc["contact"]["parent"]["_id"]


@pytest.mark.parametrize("day", DAYS)
def test_they_lie_in_the_past_year(api, mocksrv, day):
    mocksrv.plant(size=200, at=day)
    now = datetime.fromisoformat(day).timestamp() * 1000
    found = api.ok("GET", "/medic/_all_docs?include_docs=true")["rows"]
    dates = [row["doc"]["reported_date"] for row in found if row["doc"].get("type") == "data_record"]
    midnight = now - now % DAY
    assert midnight - YEAR <= min(dates) < now - YEAR / 2 < max(dates) <= now


def test_messages_in_all_states(records):
    found = tasks(records)
    assert {task["state"] for task in found} == STATES
    for task in found:
        assert task["state_history"][-1]["state"] == task["state"]
        times = [one["timestamp"] for one in task["state_history"]]
        assert times == sorted(times)
    assert any(doc.get("sms_message") for doc in records), "and some came in"
    assert len({one["uuid"] for task in found for one in task["messages"]}) == len(found)


def test_an_sms_report_is_what_the_api_makes_of_its_message(api, records):
    sent = [doc for doc in records if doc.get("form") in ("YYYZ", "OFF", "STOCK")]
    assert any(doc["errors"] for doc in sent)
    for doc in sent[:12]:
        body = {"message": doc["sms_message"]["message"], "from": doc["from"]}
        made = api.doc(api.ok("POST", "/api/v2/records", None, data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded"})["id"])
        assert {key: made[key] for key in ("form", "fields", "errors", "from")} == {
            key: doc[key] for key in ("form", "fields", "errors", "from")}
        assert set(made) <= set(doc) | {"scheduled_tasks"}


def test_every_export_has_lines(api, records):
    assert len(table(api, "reports")) == len([doc for doc in records if doc.get("form")])
    assert {line["state"] for line in table(api, "messages")} >= STATES | {"received"}
    assert table(api, "feedback")
    assert table(api, "contacts")
    devices = api.ok("GET", "/api/v2/export/user-devices")
    assert {one["user"] for one in devices} == {"chw1", "chw2"} & {one["user"] for one in devices}
    assert all(one["cht"] == "4.15.0" and one["browser"]["name"] == "Chrome" for one in devices)


def test_targets_add_up_in_the_data_set(api, mocksrv):
    mocksrv.plant(size=200, at="2026-11-21T22:26:40Z")
    targets = rows(api, "medic", "target~2026-11~", "target~2026-11~z")
    assert targets
    births = sum(one["value"]["total"] for doc in targets for one in doc["targets"] if one["id"] == "births")
    filters = {"filters[dataSet]": DATA_SET, "filters[date][from]": 1_795_300_000_000}
    answer = api.ok("GET", "/api/v2/export/dhis", params=filters)
    assert (answer["dataSet"], answer["period"]) == (DATA_SET, "202611")
    units = {one["orgUnit"]: one["value"] for one in answer["dataValues"] if one["dataElement"] == "kB0ZBFisE0e"}
    assert sum(value for unit, value in units.items() if unit.startswith("Hc")) == births
    assert sum(value for unit, value in units.items() if unit.startswith("Ds")) == births


def test_every_metric_has_something_to_say(api, records):
    measures = api.ok("GET", "/api/v2/monitoring")
    outgoing = measures["messaging"]["outgoing"]
    assert all(outgoing["total"].values())
    assert sum(outgoing["total"][queue] for queue in ("due", "scheduled", "muted")) == len(tasks(records))
    assert outgoing["seven_days"]["due"]
    assert all(outgoing["last_hundred"][group] for group in ("pending", "final", "muted"))
    assert measures["feedback"]["count"]


def test_the_gateway_gets_what_waits(api, records):
    waiting = [task["messages"][0]["uuid"] for task in tasks(records) if task["state"] in (
        "pending", "forwarded-to-gateway")]
    handed = api.as_user("gateway", PASSWORD).ok("POST", "/api/sms", {})["messages"]
    assert {one["id"] for one in handed} == set(waiting)
    assert waiting


def test_the_same_seed_gives_the_same_records_at_one_moment(api, mocksrv):
    def planted(seed):
        mocksrv.plant(size=60, seed=seed, at="2027-02-28T23:50:00Z")
        found = api.ok("GET", "/medic/_all_docs")["rows"]
        return {row["id"]: row["value"]["rev"] for row in found if not row["id"].startswith("org.couchdb")}

    first = planted(1)
    assert planted(1) == first
    assert planted(2) != first


@pytest.mark.parametrize("size", [1, 3, 7, 12])
def test_small_worlds_hold_together_too(api, mocksrv, size):
    mocksrv.plant(size=size)
    docs = {row["doc"]["_id"]: row["doc"] for row in api.ok("GET", "/medic/_all_docs?include_docs=true")["rows"]}
    for doc in docs.values():
        if doc.get("type") == "data_record" and doc.get("form"):
            assert doc["contact"]["_id"] in docs
