"""Every example of the API page of the CHT documentation on settings, exports, forms, records, SMS, monitoring,
upgrades and credentials, as it stands there and in its order, on a server with made-up data.

Where the page and the 4.15.0 server differ, the example holds in conformance `page`; what the server does instead is
tested beside it. Examples of contacts, users and bulk operations: `test_contacts`, `test_creating`, `test_users`,
`test_token_login`, `test_hydrate`, `test_bulk_delete`.
"""

from __future__ import annotations

import csv
import hashlib
import io

import pytest
import requests

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
XML = {"Content-Type": "application/xml"}
YEAR_2012 = 1352399720000
FIRST_EXPORT = "/api/v2/export/messages?options[humanReadable]=true"
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def page(api, mocksrv):
    """The server as the page describes it."""
    mocksrv.set(cht_conformance="page")
    return api


def table(text):
    return list(csv.DictReader(io.StringIO(text), escapechar="\\", doublequote=False))


def curl(method, url, **options):
    """A call as the page's command makes it, with the credentials in the address."""
    return requests.request(method, url, timeout=30, **options)


def with_login(api, path):
    return api.url.replace("://", "://{}:{}@".format(*api.auth), 1) + path


# --- timestamps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "ms"), [
    ("2011-10-10T14:48:00-0300", 1318268880000), ("2016-07-01T13:48:24+00:00", 1467380904000),
    ("2016-07-01T13:48:24Z", 1467380904000), (1467383343484, 1467383343484), ("1467383343484", 1467383343484)])
@pytest.mark.writes
def test_timestamps(api, given, ms):
    made = api.ok("POST", "/api/v2/records", {"nurse": "Sam", "_meta": {"form": "YYYZ", "reported_date": given}})
    assert api.doc(made["id"])["reported_date"] == ms


# --- settings ---------------------------------------------------------------------------------------------------


def test_settings_in_json(api):
    found = api.get("/api/v1/settings")
    assert found.headers["Content-Type"] == "application/json; charset=utf-8"
    assert found.json() == api.doc("settings")["settings"]


@pytest.mark.mock_only
def test_put_settings_answers_two_fields(page):
    changed = page.put("/api/v1/settings", {"x_new": {"a": 1}})
    assert changed.json() == {"success": True, "upgraded": True}
    assert page.put("/api/v1/settings", {"x_new": {"a": 1}}).json() == {"success": True, "upgraded": False}


@pytest.mark.mock_only
def test_put_settings_merges_replaces_and_overwrites(page):
    page.ok("PUT", "/api/v1/settings", {"x_new": {"a": 1}})
    for query, left in (("", {"a": 1, "b": 2}), ("?replace=false", {"a": 1, "b": 2}), ("?replace=true", {"b": 2})):
        page.ok("PUT", f"/api/v1/settings{query}", {"x_new": {"b": 2}})
        assert page.get("/api/v1/settings").json()["x_new"] == left
    page.ok("PUT", "/api/v1/settings?overwrite=true&replace=true", {"x_new": {"c": 3}})
    assert set(page.get("/api/v1/settings").json()) == {"x_new", "permissions"}


# --- exports ----------------------------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_export_with_dates_that_people_read(api):
    by_query = curl("GET", with_login(api, FIRST_EXPORT))
    assert by_query.headers["Content-Type"] == "text/csv; charset=utf-8"
    dates = [line["reported_date"] for line in table(by_query.text)]
    assert dates
    assert all(date.endswith("Z") and "T" in date for date in dates)
    by_body = api.post("/api/v2/export/messages", {"options": {"humanReadable": "true"}})
    assert [line["reported_date"] for line in table(by_body.text)] == dates
    assert all(line["reported_date"].isdecimal() for line in table(api.get("/api/v2/export/messages").text))


@pytest.mark.mock_only
@pytest.mark.parametrize("by_body", [True, False])
def test_export_dhis(api, by_body):
    """The month of the page's time stamp is February 2000."""
    area = api.ok("POST", "/api/v1/places", {"name": "Area", "type": "district_hospital"})["id"]
    api.ok("PUT", f"/medic/{area}", api.doc(area) | {"dhis": {"orgUnit": "KbY9DJ8mBkx"}})
    element = next(one["dhis"] for one in api.get("/api/v1/settings").json()["tasks"]["targets"]["items"]
                   if isinstance(one.get("dhis"), dict) and one["dhis"]["dataSet"] == "VMuFODsyWaO")
    target = next(one["id"] for one in api.get("/api/v1/settings").json()["tasks"]["targets"]["items"]
                  if one.get("dhis") == element)
    for month, total in (("2000-02", 7), ("2000-03", 100)):
        api.ok("PUT", f"/medic/target~{month}~{area}", {"type": "target", "owner": area, "targets": [
            {"id": target, "value": {"pass": 0, "total": total}}]})
    filters = {"filters": {"dataSet": "VMuFODsyWaO", "date": {"from": 949392000000}, "orgUnit": "KbY9DJ8mBkx"}}
    query = "filters[dataSet]=VMuFODsyWaO&filters[date][from]=949392000000&filters[orgUnit]=KbY9DJ8mBkx"
    made = (api.ok("POST", "/api/v2/export/dhis", filters) if by_body
            else api.ok("GET", f"/api/v2/export/dhis?{query}"))
    assert (made["dataSet"], made["period"]) == ("VMuFODsyWaO", "200002")
    values = {one["dataElement"]: one["value"] for one in made["dataValues"] if one["orgUnit"] == "KbY9DJ8mBkx"}
    assert values[element["dataElement"]] == 7
    assert len(values) == len(made["dataValues"])


@pytest.mark.mock_only
@pytest.mark.parametrize("ask", [
    lambda api: api.post("/api/v2/export/reports",
                         {"filters": {"forms": {"selected": [{"code": "immunization_visit"}]}}}),
    lambda api: api.get(
        "/api/v2/export/reports?filters[search]=&filters[forms][selected][0][code]=immunization_visit"),
], ids=["POST", "GET"])
def test_export_reports_of_a_form(api, ask):
    report = {"type": "data_record", "form": "immunization_visit", "reported_date": 5, "fields": {"dose": 2}}
    id = api.ok("POST", "/medic", report)["id"]
    (line,) = table(ask(api).text)
    assert (line["_id"], line["form"], line["dose"]) == (id, "immunization_visit", "2")


# What the page calls the columns, and what the server does; nothing is called "Contact Name" there.
MESSAGES = {"Record UUID": "id", "Patient ID": "patient_id", "Reported Date": "reported_date", "From": "from",
            "Message Type": "type", "Message State": "state", "Received Timestamp": "received",
            "Other Timestamps": "scheduled,pending,sent,cleared,muted,message_id", "Sent By": "sent_by",
            "To Phone": "to_phone", "Message Body": "content"}


def test_export_messages(api):
    header, *lines = api.get("/api/v2/export/messages").text.splitlines()
    assert header == ",".join(MESSAGES.values())
    assert lines


@pytest.fixture
def feedback(page):
    page.ok("PUT", "/medic-users-meta/feedback-2031-01-01T00:00:00.000Z-x", {
        "type": "feedback", "info": {"message": "slow"},
        "meta": {"time": "2031-01-01T00:00:00.000Z", "user": {"name": "mary"}, "version": "4.15.0", "url": "u"}})
    return page


@pytest.mark.mock_only
@pytest.mark.parametrize(("query", "date"), [
    ("", "2031-01-01T00:00:00.000Z"), ("?format=csv&locale=en", "2031-01-01T00:00:00.000Z"),
    ("?tz=-120", "2030-12-31T22:00:00.000-02:00"), ("?tz=345", "2031-01-01T05:45:00.000+05:45"),
    ("?tz=x", "2031-01-01T00:00:00.000Z"), ("?tz=99999", "2031-01-01T00:00:00.000Z")])
def test_export_feedback_with_the_pages_parameters(feedback, query, date):
    first = table(feedback.get(f"/api/v2/export/feedback{query}").text)[0]
    assert (first["reported_date"], first["user"], first["app_version"]) == (date, "mary", "4.15.0")


@pytest.mark.mock_only
def test_export_feedback_without_a_header(feedback):
    path = "/api/v2/export/feedback?skip_header_row={}"
    assert feedback.get(path.format("false")).text.startswith("id,reported_date,user,app_version,url,info\n")
    assert feedback.get(path.format("true")).text.startswith('"feedback-2031-')


@pytest.mark.mock_only
def test_the_server_knows_no_parameters_of_feedback(feedback, mocksrv):
    mocksrv.set(cht_conformance="server")
    plain = feedback.get("/api/v2/export/feedback").text
    assert feedback.get("/api/v2/export/feedback?skip_header_row=true&tz=-120&format=xml").text == plain


@pytest.fixture
def jim(page):
    return page.ok("POST", "/api/v1/people", {"name": "Jimena", "type": "person"})["id"]


@pytest.mark.mock_only
@pytest.mark.parametrize("ask", [
    lambda api: api.post("/api/v2/export/contacts", {"filters": {"search": "jim"}}),
    lambda api: api.get("/api/v2/export/contacts?filters[search]=jim")], ids=["POST", "GET"])
def test_export_contacts_by_a_word(page, jim, mocksrv, ask):
    columns = ["id", "rev", "name", "patient_id", "type", "contact_type", "place_id"]
    found = ask(page)
    assert found.headers["Content-Type"] == "application/json; charset=utf-8", "so the page"
    (contact,) = found.json()
    assert set(contact) <= set(columns)
    assert (contact["id"], contact["name"], contact["type"]) == (jim, "Jimena", "person")
    mocksrv.set(cht_conformance="both")
    (line,) = table(ask(page).text)
    assert list(line) == columns
    assert (line["id"], line["rev"]) == (jim, contact["rev"])


def test_export_user_devices(api):
    found = api.ok("GET", "/api/v2/export/user-devices")
    assert found
    for device in found:
        assert list(device)[:4] == ["user", "deviceId", "date", "browser"]
        assert set(device) <= {"user", "deviceId", "date", "browser", "apk", "android", "cht", "settings"}
        assert set(device["browser"]) <= {"name", "version"}
    assert {"apk", "android", "cht", "settings"} <= {key for device in found for key in device}
    pairs = [(device["user"], device["deviceId"]) for device in found]
    assert len(pairs) == len(set(pairs))


# --- forms ------------------------------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_forms_in_json(page):
    answer = page.get("/api/v1/forms")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert {"anc_visit.xml", "anc_registration.xml", "off.xml", "off.json"} <= set(answer.json())


PAGE_FORMS = {
    "anc_visit": ("Visit", "ANCVisit"), "anc_registration": ("Registration with LMP", "PregnancyRegistration"),
    "off": ("Stop", "Stop")}


@pytest.mark.mock_only
def test_forms_in_xml(page):
    answer = page.get("/api/v1/forms", headers={"X-OpenRosa-Version": "1.0", "Host": "medic.local"})
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    prefix = page.url.split("/", 3)[3:]
    for id, (title, form) in PAGE_FORMS.items():
        data = page.get(f"/api/v1/forms/{id}.xml").content
        link = "/".join(["http://medic.local", *prefix, "api/v1/forms", f"{id}.xml"])
        (entry,) = [one for one in answer.text.split("</xform>") if f"<formID>{form}</formID>" in one]
        assert f"<name>{title}</name>" in entry
        assert f"<hash>md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}</hash>" in entry
        assert f"<downloadUrl>{link}</downloadUrl>" in entry
    assert answer.text.count("<xform>") == len(PAGE_FORMS)


@pytest.mark.mock_only
@pytest.mark.parametrize("name", ["pregnancyregistration.xml", "anc_visit.xml", "off.xml"])
def test_a_form_in_xml(page, name):
    assert b"<h:html" in page.get(f"/api/v1/forms/{name}").content


@pytest.mark.mock_only
def test_a_form_in_json(page):
    answer = page.get("/api/v1/forms/NPYY.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["meta"]["code"] == "NPYY"


PAGE_LIST = """<?xml version="1.0" encoding="UTF-8"?>
<xforms xmlns="http://openrosa.org/xforms/xformsList">
""" + "".join(f"""  <xform>
    <name>{title}</name>
    <formID>{form}</formID>
    <hash>md5:1f0f096602ed794a264ab67224608cf4</hash>
    <downloadUrl>http://medic.local/api/v1/forms/{id}.xml</downloadUrl>
  </xform>
""" for id, (title, form) in PAGE_FORMS.items()) + "</xforms>\n"


def test_validation_that_passes(api):
    answer = api.post("/api/v1/forms/validate", data=PAGE_LIST.encode(), headers=XML)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_validation_that_fails(api):
    answer = api.post("/api/v1/forms/validate", data=PAGE_LIST.replace("</xforms>", "").encode(), headers=XML)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Error transforming xml. xsltproc return")


# --- records ----------------------------------------------------------------------------------------------------


@pytest.mark.writes
def test_a_record_from_a_message(api):
    answer = api.post("/api/v1/records", headers=FORM,
                      data="message=1!YYYZ!Sam#23#2015#ANC&from=+5511943348031&sent_timestamp=1352399720000")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    made = answer.json()
    assert list(made) == ["success", "id"]
    doc = api.doc(made["id"])
    assert (doc["form"], doc["reported_date"]) == ("YYYZ", YEAR_2012)
    assert doc["fields"] == {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}


@pytest.mark.writes
def test_a_record_from_json(api):
    body = {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC",
            "_meta": {"form": "YYYZ", "reported_date": YEAR_2012}}
    made = api.ok("POST", "/api/v1/records", body)
    assert list(made) == ["success", "id"]
    doc = api.doc(made["id"])
    assert (doc["form"], doc["reported_date"]) == ("YYYZ", YEAR_2012)
    assert doc["fields"] == {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}


@pytest.mark.mock_only
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_records_that_are_errors(page, version):
    path = f"/api/{version}/records"
    refused = {
        "a required field is not found": page.post(path, {"week": 23, "_meta": {"form": "YYYZ"}}),
        "the request lacks a field": page.post(path, data="from=%2B1", headers=FORM),
        "invalid JSON": page.post(path, data=b'{"nurse"', headers={"Content-Type": "application/json"}),
        "an unknown form": page.post(path, {"_meta": {"form": "nope"}})}
    assert {why: answer.status_code for why, answer in refused.items()} == dict.fromkeys(refused, 500)


# --- SMS --------------------------------------------------------------------------------------------------------


@pytest.mark.writes
def test_the_gateway(api):
    assert api.ok("GET", "/api/sms") == {"medic-gateway": True}
    handed = api.ok("POST", "/api/sms", {"messages": [{"id": "g-1", "from": "+254700000001", "content": "hello"}]})
    assert list(handed) == ["messages"]


@pytest.mark.parametrize(("path", "credential", "send"), [
    ("/api/v1/sms/africastalking/incoming-messages", "africastalking.com:incoming",
     {"params": {"key": "s3cret"}, "data": {"id": "a-1", "from": "+254700000001", "text": "hello"}}),
    pytest.param(
        "/api/v1/sms/rapidpro/incoming-messages", "rapidpro:incoming",
        {"headers": {"Authorization": "Token s3cret"}, "json": {"id": "r-1", "from": "+254700000001", "content": "hi"}},
        marks=pytest.mark.mock_only),  # the page has it, the server does not
    ("/api/v2/sms/rapidpro/incoming-messages", "rapidpro:incoming",
     {"headers": {"Authorization": "Token s3cret"}, "json": {"id": "r-2", "from": "+254700000001", "content": "hi"}}),
])
@pytest.mark.writes
def test_aggregators(api, path, credential, send):
    api.put(f"/api/v1/credentials/{credential}", data=b"s3cret", headers={"Content-Type": "text/plain"})
    assert curl("POST", api.url + path, **send).json() == {"saved": 1}


# --- monitoring -------------------------------------------------------------------------------------------------


COMMON = ["version.app", "version.node", "version.couchdb", "date.current", "date.uptime", "sentinel.backlog",
          "outbound_push.backlog", "feedback.count", "conflict.count", "replication_limit.count",
          "connected_users.count"]
DATABASE = ["name", "update_sequence", "doc_count", "doc_del_count", "fragmentation"]
GROUPS = ["due", "scheduled", "muted", "delivered", "failed"]
LAST = {"pending": ["pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway"],
        "final": ["sent", "delivered", "failed", "denied", "cleared", "muted", "duplicate"]}
PATHS = {
    "v1": [f"messaging.outgoing.state.{name}" for name in GROUPS],
    "v2": [f"messaging.outgoing.{span}.{name}" for span in ("total", "seven_days") for name in GROUPS]
    + [f"messaging.outgoing.last_hundred.{group}.{state}" for group, states in LAST.items() for state in states]}


@pytest.mark.mock_only
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_path_of_monitoring(page, version):
    """Also the four that the page has under `final`, where the server has them under `muted`."""
    found = curl("GET", f"{page.url}/api/{version}/monitoring").json()
    databases = [f"couchdb.{name}.{key}" for name in ("medic", "sentinel", "usersmeta", "users") for key in DATABASE]
    for path in COMMON + databases + PATHS[version]:
        value = found
        for key in path.split("."):
            value = value[key]
        assert isinstance(value, str if path.startswith("version") or path.endswith("name") else int | float), path
        assert value not in ("", -1), f"{path} says that it could not be found out"
    assert [found["couchdb"][name]["name"] for name in ("medic", "sentinel", "usersmeta", "users")] == [
        "medic", "medic-sentinel", "medic-users-meta", "_users"]


@pytest.mark.mock_only
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_monitoring_of_other_days(api, mocksrv, version):
    days = 86_400_000
    now = api.ok("GET", "/api/v2/monitoring")["date"]["current"]
    api.ok("PUT", "/medic-logs/connected-user-ten-days", {"user": "ten-days", "timestamp": now - 10 * days})
    seven = curl("GET", f"{api.url}/api/{version}/monitoring").json()["connected_users"]["count"]
    fourteen = curl("GET", f"{api.url}/api/{version}/monitoring?connected_user_interval=14").json()
    assert fourteen["connected_users"]["count"] == seven + 1


def test_express_metrics_for_prometheus(api):
    from prometheus_client.parser import text_string_to_metric_families

    answer = curl("GET", f"{api.url}/api/v1/express-metrics")
    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"cht_api_http_request_duration_seconds", "cht_api_process_cpu_user_seconds",
            "cht_api_nodejs_gc_duration_seconds"} <= names


# --- upgrades ---------------------------------------------------------------------------------------------------


BUILD = {"build": {"namespace": "medic", "application": "medic", "version": "3.0.0-beta.1"}}


@pytest.fixture
def still(page, mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    return page


@pytest.mark.mock_only
def test_a_complete_upgrade(still, mocksrv):
    assert still.ok("POST", "/api/v1/upgrade", BUILD) == {"ok": True}
    assert still.doc("horti-upgrade")["log"]
    mocksrv.clock.advance(60)
    assert still.get("/medic/horti-upgrade").status_code == 404
    assert still.ok("GET", "/api/deploy-info")["version"] == "3.0.0-beta.1", "an earlier version, which is not stopped"


@pytest.mark.mock_only
def test_an_upgrade_in_two_steps(still, mocksrv):
    assert still.post("/api/v1/upgrade/complete").status_code == 404
    assert still.ok("POST", "/api/v1/upgrade/stage", BUILD) == {"ok": True}
    mocksrv.clock.advance(60)
    staged = still.doc("horti-upgrade")
    assert (staged["action"], staged["staging_complete"]) == ("stage", True)
    assert still.ok("POST", "/api/v1/upgrade/complete") == {"ok": True}
    assert still.ok("GET", "/api/deploy-info")["version"] == "3.0.0-beta.1"


# --- credentials ------------------------------------------------------------------------------------------------


@pytest.mark.writes
def test_a_credential(api):
    answer = curl("PUT", with_login(api, "/api/v1/credentials/mykey"), data="my pass",
                  headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert "my pass" not in str(api.doc("credential:mykey", "medic-vault"))


@pytest.mark.writes
def test_a_credential_of_cht_3(api):
    answer = curl("PUT", with_login(api, "/_node/_local/_config/medic-credentials/mykey"), data='"my pass"')
    assert (answer.status_code, answer.json()) == (200, "")
