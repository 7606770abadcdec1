"""GET and POST /api/v2/export/{type}."""

import csv
import io
import json
import socket
from urllib.parse import urlsplit

import jsonschema
import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

ADMIN = ("admin", "pass")
MESSAGES = ("id,patient_id,reported_date,from,type,state,received,scheduled,pending,sent,cleared,muted,message_id,"
            "sent_by,to_phone,content\n")
pytestmark = pytest.mark.mock_only  # they count on an empty server


@pytest.fixture
def api(mocksrv):
    mocksrv.plant(size=0)
    with requests.Session() as session:
        session.auth = ADMIN
        session.base = mocksrv.url
        session.world = mocksrv
        yield session


def export(api, kind, **params):
    answer = api.get(f"{api.base}/api/v2/export/{kind}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


def put(api, *docs, database="medic"):
    results = api.post(f"{api.base}/{database}/_bulk_docs", json={"docs": list(docs)}).json()
    assert all(one.get("ok") for one in results), results


def report(id, form="visit", date=1_700_000_000_000, **more):
    return {"_id": id, "type": "data_record", "form": form, "reported_date": date, **more}


def rows(text):
    """The lines of an export through Python's csv module."""
    return list(csv.reader(io.StringIO(text), escapechar="\\", doublequote=False))


@pytest.fixture
def hierarchy(api):
    put(api, {"_id": "d1", "type": "district_hospital", "name": "District", "dhis": {"orgUnit": "ou-d"}},
        {"_id": "h1", "type": "health_center", "name": "Center", "parent": {"_id": "d1"},
         "dhis": [{"orgUnit": "ou-h", "dataSet": "set"}, {"orgUnit": "ou-x", "dataSet": "other"}]},
        {"_id": "p1", "type": "person", "name": "Asha", "patient_id": "40012", "phone": "+254711000111",
         "parent": {"_id": "h1", "parent": {"_id": "d1"}}})
    return {"_id": "p1", "parent": {"_id": "h1", "parent": {"_id": "d1"}}}


# --- reports ---


def test_reports_as_lines_with_names_and_field_columns(api, hierarchy):
    put(api, report("r1", "VISIT", contact=hierarchy, patient_id="40012", **{"from": "+254711000111"},
                    fields={"bp": {"sys": 120}, "weight": 7.5, "list": [1, "a"], "note": 'say "hi", ok'}))
    text = export(api, "reports")
    assert text == (
        "_id,form,patient_id,reported_date,from,contact.name,contact.parent.name,contact.parent.parent.name,"
        "contact.parent.parent.parent.name,bp.sys,list,note,weight\n"
        '"r1","VISIT","40012",1700000000000,"+254711000111","Asha","Center","District",,120,"[1,\\"a\\"]",'
        '"say \\"hi\\", ok",7.5\n')
    assert rows(text)[1][-2] == 'say "hi", ok'
    human = export(api, "reports", **{"options[humanReadable]": "true"})
    assert '"2023-11-14T22:13:20.000Z"' in human


def test_no_reports_are_a_header_alone(api):
    assert export(api, "reports") == ("_id,form,patient_id,reported_date,from,contact.name,contact.parent.name,"
                                      "contact.parent.parent.name,contact.parent.parent.parent.name\n")


FILTERS = [
    ("filters[forms][selected][0][code]=a", "1 2"), ("filters[forms][selected][0][code]=none", ""),
    ("filters[date][from]=2&filters[date][to]=3", "2 3"), ("filters[date][from]=x", "4 3 2 1"),
    ("filters[valid]=true", "1 2 3"), ("filters[valid]=false", "4"), ("filters[verified]=true", "1"),
    ("filters[verified][]=true&filters[verified][]=false", "1 2"), ("filters[verified]=unknown", "3 4"),
    ("filters[verified]=", "3 4"), ("filters[verified][]=", "3 4"),
    ("filters[verified][]=&filters[verified][]=false", "2 3 4"),
    ("filters[facilities][selected][0]=d1", "1"), ("filters[facilities][selected][0]=p1", ""),
    ("filters[subjectIds][0]=s9", "2"), ("filters[search]=hello", "3"), ("filters[search]=hel+wor", "3"),
    ("filters[search]=ab", "4 3 2 1"), ("filters[search]=note:hello+world", ""), ("filters[search]=key:v", "4"),
    ("filters[search]=contact:p1", "1"), ("filters[search]=", "4 3 2 1"),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_filters_of_reports(api, hierarchy, query, found):
    put(api, report("1", "a", 1, contact=hierarchy, verified=True),
        report("2", "a", 2, verified=False, fields={"patient_uuid": "s9"}),
        report("3", "b", 3, fields={"note": "Hello world"}), report("4", "b", 4, errors=[{"code": "x"}], key="v"))
    answer = api.get(f"{api.base}/api/v2/export/reports?{query}")
    assert " ".join(line[0] for line in rows(answer.text)[1:]) == found


@pytest.mark.parametrize(("conformance", "found"), [("page", {"2"}), ("both", set()), ("server", set())])
def test_truth_in_a_json_body(api, conformance, found):
    api.world.set(cht_conformance=conformance)
    put(api, report("2", verified=True), report("3"))
    answer = api.post(f"{api.base}/api/v2/export/reports", json={"filters": {"verified": [True]},
                                                                 "options": {"humanReadable": True}})
    assert {line[0] for line in rows(answer.text)[1:]} == (found or {"3"})
    assert ("2023-11-14T22:13:20.000Z" in answer.text) == bool(found)


def test_a_filter_of_the_wrong_type_ends_the_stream_with_an_error(api):
    answer = api.post(f"{api.base}/api/v2/export/reports", json={"filters": {"forms": {"selected": "x"}}})
    assert answer.status_code == 200
    assert answer.text.splitlines()[-2:] == ["--ERROR--", "Error exporting data: forms.map is not a function"]


def test_pages_of_a_stream_hold_everything(api):
    put(api, *(report(f"{number:04}", date=number) for number in range(1, 251)))
    assert [line[0] for line in rows(export(api, "reports"))[1:]] == [f"{n:04}" for n in range(250, 0, -1)]
    filtered = [int(line[0]) for line in rows(export(api, "reports", **{"filters[valid]": "true"}))[1:]]
    assert filtered == [*range(151, 251), *range(51, 151), *range(1, 51)]  # ascending inside a page of 100


def test_a_limit_out_of_a_query_makes_pages_jump_as_on_the_server(api):
    put(api, *(report(f"{number:04}", date=number) for number in range(1, 31)))
    text = {"options[limit]": "1"}
    assert [int(line[0]) for line in rows(export(api, "reports", **text))[1:]] == [30, 29, 19]
    api.world.set(cht_conformance="page")
    assert len(rows(export(api, "reports", **text))) == 31


@pytest.mark.parametrize("limit", ["2", 2, " 3", "0100"])
def test_a_limit_of_messages_may_be_a_text(api, limit):
    put(api, *(report(f"{number:04}", tasks=[outgoing()]) for number in range(1, 12)))
    answer = api.post(f"{api.base}/api/v2/export/messages", json={"options": {"limit": limit}, "filters": {}})
    assert answer.text == export(api, "messages")


@pytest.mark.parametrize(("limit", "text"), [
    ("1.5", 'integer: "1.5"'), ("x1", 'integer: "x1"'), ("1e1", 'integer: "1e1"'), ("Infinity", 'integer: "Infinity"'),
    ("-1", 'positive integer: "-1"'), ("9" * 5000, 'integer: "' + "9" * 5000 + '"')])
@pytest.mark.parametrize("kind", ["reports", "contacts", "messages", "feedback"])
def test_a_limit_that_is_no_whole_number_ends_the_stream_with_an_error(api, kind, limit, text):
    put(api, *(report(f"{number:04}", tasks=[outgoing()]) for number in range(1, 111)))
    assert export(api, kind, **{"options[limit]": limit}).endswith(
        f"\n--ERROR--\nError exporting data: Invalid value for {text}\n")


@pytest.mark.parametrize("query", [
    "reports", "reports?options[humanReadable]=true", "reports?filters[search]=abc", "messages", "contacts",
    "messages?options[humanReadable]=true", "contacts?filters[types][selected][]=person",
    "contacts?filters[search]=abc", f"reports?filters[forms][selected][{'9' * 5000}][code]=x",
    f"reports?filters[date][from]={'9' * 5000}", "dhis?filters[dataSet]=VMuFODsyWaO&filters[date][from]=1e9"])
def test_documents_of_any_shape_are_exported(api, query):
    put(api, {"_id": "c1", "type": "contact", "contact_type": ["x"], "name": "abc"},
        {"_id": "p1", "type": "person", "name": ["x"], "patient_id": {"a": 1}, "contact": {"_id": ["x"]}, "dhis": [5]},
        report("r1", date=1e300, contact={"_id": "x", "parent": 5}, fields=[1]),
        report("r2", ["a"], "x", contact="x", fields={"patient_id": {"a": 1}}, patient_id=["x"], errors=5),
        report("r3", tasks=[{"state": ["x"], "messages": [{"uuid": [1], "to": 5, "message": {}}], "due": [1],
                             "state_history": [{"state": {"a": 1}, "timestamp": [1]}]}],
               scheduled_tasks=[{"message_key": ["a"]}, {"message": [{"locale": "en", "content": "x"}], "due": "z"}]),
        report("r4", date=[2], responses=[{"to": 1}], sms_message={"message": ["x"]}))
    answer = api.get(f"{api.base}/api/v2/export/{query}")
    assert answer.status_code == 200
    assert "Traceback" not in answer.text


def test_a_month_that_no_date_has(api, targets):
    query = {"filters[dataSet]": "set", "filters[date][from]": "9" * 20}
    assert json.loads(export(api, "dhis", **query))["period"] == "Invalid date"


# --- messages ---


def outgoing(state="pending", **more):
    return {"messages": [{"uuid": f"u-{state}", "to": "+1", "message": "Go"}], "state": state,
            "state_history": [{"state": state, "timestamp": "2024-01-01T00:00:00.000Z"}], **more}


def test_messages_each_once(api):
    """As on the page."""
    api.world.set(cht_conformance="page")
    put(api, {"_id": "in", "type": "data_record", "reported_date": 5, "from": "+2",
              "sms_message": {"message": "Hi, you"}},
        {"_id": "out", "type": "data_record", "reported_date": 6, "tasks": [outgoing()],
         "scheduled_tasks": [outgoing("scheduled", due="2030-01-01T00:00:00.000Z", type="reminder")],
         "responses": [{"to": "+3", "message": "Thanks"}]})
    assert export(api, "messages") == MESSAGES + (
        '"in",,5,"+2","Message","received",5,"","","","","",,"+2",,"Hi, you"\n'
        '"out",,6,,"Automated Reply","sent","","","",6,"","",,,"+3","Thanks"\n'
        '"out",,6,,"Task Message","pending","","",1704067200000,"","","","u-pending",,"+1","Go"\n'
        '"out",,6,,"reminder","scheduled","",1893456000000,"","","","","u-scheduled",,"+1","Go"\n')


def test_messages_as_the_server_repeats_them(api):
    put(api, {"_id": "in", "type": "data_record", "reported_date": 5, "sms_message": {"message": "Hi"}},
        {"_id": "out", "type": "data_record", "reported_date": 6, "tasks": [outgoing(), outgoing("sent")]})
    api.world.set(cht_conformance="server")
    found = [line[0] for line in rows(export(api, "messages"))[1:]]
    assert found == ["out"] * 6  # pending, pending-or-forwarded and sent, two messages each


def test_a_scheduled_message_without_text_gets_it_when_it_is_read(api):
    api.world.set(cht_conformance="page")
    put(api, {"_id": "s", "type": "data_record", "reported_date": 6, "from": "+5", "scheduled_tasks": [
        {"state": "scheduled", "due": "2030-01-01T00:00:00.000Z",
         "message": [{"locale": "en", "content": "Dear {{from}}"}]}]})
    assert rows(export(api, "messages"))[1][-2:] == ["+5", "Dear +5"]


# --- contacts, feedback, devices ---


def test_contacts(api, hierarchy):
    found = rows(export(api, "contacts"))
    assert found[0] == ["id", "rev", "name", "patient_id", "type", "contact_type", "place_id"]
    assert {line[0] for line in found[1:]} >= {"d1", "h1", "p1"}
    assert [line[0] for line in rows(export(api, "contacts", **{"filters[search]": "asha"}))[1:]] == ["p1"]
    children = {"filters[parent]": "d1", "filters[types][selected][0]": "health_center"}
    assert [line[0] for line in rows(export(api, "contacts", **children))[1:]] == ["h1"]
    assert rows(export(api, "contacts", **{"filters[parent]": "d1"}))[1:] == []  # as the server's view has no such key
    by_type = export(api, "contacts", **{"filters[types][selected][0]": "person"})
    assert [(line[0], line[2], line[3]) for line in rows(by_type)[1:]] == [("p1", "Asha", "40012")]


def test_feedback_newest_first(api):
    put(api, *({"_id": f"feedback-2024-03-0{day}T10:00:00.000Z-u", "type": "feedback", "info": info,
                "meta": {"time": f"2024-03-0{day}T10:00:00.000Z", "user": {"name": "mary"}, "version": "4", "url": "u"}}
               for day, info in ((1, {"message": 'a "b", c'}), (2, "plain"))), database="medic-users-meta")
    assert export(api, "feedback", skip_header_row="true") == (
        "id,reported_date,user,app_version,url,info\n"
        '"feedback-2024-03-02T10:00:00.000Z-u","2024-03-02T10:00:00.000Z","mary","4","u","\\"plain\\""\n'
        '"feedback-2024-03-01T10:00:00.000Z-u","2024-03-01T10:00:00.000Z","mary","4","u",'
        '"{\\"message\\":\\"a \\\\"b\\\\"\\, c\\"}"\n')
    api.world.set(cht_conformance="page")
    assert not export(api, "feedback", skip_header_row="true").startswith("id,")


def test_devices_by_their_latest_telemetry(api):
    def telemetry(day, user, agent, **more):
        return {"_id": f"telemetry-2024-3-{day}-{user}", "type": "telemetry", "device": {"userAgent": agent, **more},
                "metadata": {"year": 2024, "month": 3, "day": day, "user": user, "deviceId": "d",
                             "versions": {"app": f"4.{day}.0"}}}

    put(api, telemetry(9, "mary", "Chrome/120.0", deviceInfo={"app": {"version": "v1"}}),
        telemetry(10, "mary", "x Edg/7 Chrome/1"),
        telemetry(2, "ann", None), {"_id": "telemetry-odd", "type": "telemetry"}, database="medic-users-meta")
    answer = api.get(f"{api.base}/api/v2/export/user-devices")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json() == [
        {"user": "ann", "deviceId": "d", "date": "2024-03-02", "browser": {}, "cht": "4.2.0"},
        {"user": "mary", "deviceId": "d", "date": "2024-03-10", "browser": {"name": "Microsoft Edge", "version": "7"},
         "cht": "4.10.0"}]


# --- dhis ---


@pytest.fixture
def targets(api, hierarchy):
    items = [{"id": "births", "dhis": {"dataSet": "set", "dataElement": "de-b"}},
             {"id": "visits", "dhis": {"dataElement": "de-v", "categoryOptionCombo": "c"}}, {"id": "none"}]
    changed = api.put(f"{api.base}/api/v1/settings", json={
        "dhis_data_sets": [{"id": "set", "translation_key": "Monthly"}, {"id": "empty"}],
        "tasks": {"targets": {"items": items}}})
    assert changed.status_code == 200
    put(api, {"_id": "target~2024-03~p1~u", "type": "target", "owner": "p1", "targets": [
        {"id": "births", "value": {"total": 4}}, {"id": "none", "value": {"total": 9}}]},
        {"_id": "target~2024-03~h1~u", "type": "target", "owner": "h1",
         "targets": [{"id": "births", "value": {"total": 3}}]},
        {"_id": "target~2024-02~p1~u", "type": "target", "owner": "p1",
         "targets": [{"id": "births", "value": {"total": 1}}]})


def test_dhis_adds_up_the_hierarchy(api, targets):
    api.world.clock.freeze("2024-04-02T10:00:00Z")
    query = {"filters[dataSet]": "set", "filters[date][from]": "1710000000000"}
    made = json.loads(export(api, "dhis", **query))
    assert {key: made[key] for key in ("dataSet", "completeDate", "period")} == {
        "dataSet": "set", "completeDate": "2024-04-02", "period": "202403"}
    assert {(one["dataElement"], one["orgUnit"]): one["value"] for one in made["dataValues"]} == {
        ("de-b", "ou-d"): 7, ("de-b", "ou-h"): 7, ("de-v", "ou-d"): 0, ("de-v", "ou-h"): 0}
    assert all(one.get("categoryOptionCombo") == "c" for one in made["dataValues"] if one["dataElement"] == "de-v")
    one_unit = json.loads(export(api, "dhis", **query, **{"filters[orgUnit]": "ou-h"}))
    assert {one["orgUnit"] for one in one_unit["dataValues"]} == {"ou-h"}
    human = json.loads(export(api, "dhis", **query, **{"options[humanReadable]": "true"}))
    assert (human["dataSet"], human["dataValues"][0]["dataElement"]) == ("Monthly", "births")
    assert {one["orgUnit"] for one in human["dataValues"]} == {"District", "Center"}


# What DHIS2's developer guide documents for the payload of /api/dataValueSets.
UID = {"type": "string", "minLength": 1}
DATA_VALUE_SET = {
    "type": "object", "required": ["dataSet", "period", "dataValues"], "additionalProperties": False,
    "properties": {
        "dataSet": UID, "completeDate": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "period": {"type": "string", "pattern": r"^\d{6}$"}, "orgUnit": UID, "attributeOptionCombo": UID,
        "dataValues": {"type": "array", "items": {
            "type": "object", "required": ["dataElement", "value"], "additionalProperties": False,
            "properties": {"dataElement": UID, "orgUnit": UID, "period": UID, "categoryOptionCombo": UID,
                           "attributeOptionCombo": UID, "value": {"type": ["number", "string"]},
                           "storedBy": UID, "comment": UID}}}}}


def test_dhis_is_a_data_value_set(api, targets):
    made = json.loads(export(api, "dhis", **{"filters[dataSet]": "set", "filters[date][from]": "1710000000000"}))
    jsonschema.validate(made, DATA_VALUE_SET)
    assert len(made["dataValues"]) == 4


@pytest.mark.parametrize(("filters", "text"), [
    ({}, 'filter "dataSet" is required'), ({"dataSet": "set"}, 'filter "from" is required'),
    ({"dataSet": "set", "date": {"from": "x"}}, 'filter "from" is required'),
    ({"dataSet": "nope", "date": {"from": 1}}, 'dataSet "nope" is not defined'),
])
def test_dhis_refusals(api, targets, filters, text):
    answer = api.post(f"{api.base}/api/v2/export/dhis", json={"filters": filters},
                      headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": text})
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=dhis-")


def test_a_data_set_without_elements(api):
    api.put(f"{api.base}/api/v1/settings", json={"dhis_data_sets": [{"id": "bare"}]})
    answer = api.get(f"{api.base}/api/v2/export/dhis?filters[dataSet]=bare&filters[date][from]=1")
    assert (answer.status_code, answer.text) == (400, 'dataSet "bare" has no dataElements')


# --- who may, and what comes before ---


@pytest.mark.parametrize(("kind", "permission"), [
    ("reports", "can_export_messages"), ("messages", "can_export_messages"), ("contacts", "can_export_contacts"),
    ("feedback", "can_export_feedback"), ("user-devices", "can_export_devices_details")])
@pytest.mark.parametrize("holds", [True, False])
def test_permission_by_type(api, kind, permission, holds):
    roles = {"permissions": {permission: ["data_entry"] if holds else [], "can_export_all": []}}
    api.put(f"{api.base}/api/v1/settings?replace=true", json=roles)
    user = {"username": "ann", "password": "Secret_123", "roles": ["data_entry"]}
    assert api.post(f"{api.base}/api/v1/users", json=user).status_code == 200
    answer = requests.get(f"{api.base}/api/v2/export/{kind}", auth=("ann", "Secret_123"))
    assert answer.status_code == (200 if holds else 403)
    if not holds:
        assert answer.text == "Insufficient privileges"


@pytest.mark.parametrize(("conformance", "status"), [("page", 200), ("both", 500)])
def test_dhis_permission(api, targets, conformance, status):
    api.world.set(cht_conformance=conformance)
    user = {"username": "ann", "password": "Secret_123", "roles": ["national_admin"]}
    assert api.post(f"{api.base}/api/v1/users", json=user).status_code == 200
    query = "filters[dataSet]=set&filters[date][from]=1"
    answer = requests.get(f"{api.base}/api/v2/export/dhis?{query}", auth=("ann", "Secret_123"))
    assert answer.status_code == status


def test_the_type_is_looked_at_before_the_caller(mocksrv):
    answer = requests.get(f"{mocksrv.url}/api/v2/export/xyz", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "error": 'Invalid export type "xyz"'})
    assert requests.get(f"{mocksrv.url}/api/v2/export/reports",
                        headers={"Accept": "application/json"}).json() == {"code": 401, "error": "unauthorized"}


def test_headers_and_framing(api):
    api.world.clock.freeze("2024-11-30T14:05:59Z")
    url = urlsplit(api.base)
    with socket.create_connection((url.hostname, url.port)) as sock:
        sock.sendall(f"GET {url.path}/api/v2/export/reports HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     "Authorization: Basic YWRtaW46cGFzcw==\r\n\r\n".encode())
        seen = b"".join(iter(lambda: sock.recv(65536), b""))
    head = seen.partition(b"\r\n\r\n")[0].decode().splitlines()
    assert "Content-Type: text/csv; charset=utf-8" in head
    assert "Content-Disposition: attachment; filename=reports-202411301405.csv" in head
    assert "Transfer-Encoding: chunked" in head


# --- laws ---


EACH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def maybe(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def few(**filters):
    """Any combination, but mostly small ones, which more documents pass."""
    names = st.one_of(st.sets(st.sampled_from(sorted(filters)), max_size=2), st.sets(st.sampled_from(sorted(filters))))
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: filters[name] for name in sorted(chosen)}))


def filtered(api, kind, filters, by_query):
    """The ids of an export, asked for by a query or by a body."""
    if by_query:
        def flat(path, value):
            inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
            return {path: value} if inner is None else {
                key: leaf for name, one in inner for key, leaf in flat(f"{path}[{name}]", one).items()}

        return [line[0] for line in rows(export(api, kind, **flat("filters", filters)))[1:]]
    answer = api.post(f"{api.base}/api/v2/export/{kind}", json={"filters": filters})
    return [line[0] for line in rows(answer.text)[1:]]


def has_words(search, pairs):
    """Whether the words of a search are in keys and values, which are lower-case here."""
    tokens = [f"{key}:{value}" for key, value in pairs] + [word for _, value in pairs for word in value.split()]
    return all(word in tokens if ":" in word else any(token.startswith(word) for token in tokens if len(token) > 2)
               for word in search.lower().split() if ":" in word or len(word) > 2)


NOTES = st.lists(st.sampled_from(("hello", "world", "helmet", "ab")), min_size=1, max_size=3).map(" ".join)
SEARCHES = st.lists(st.sampled_from((
    "hel", "HELLO", "world", "ab", "note:hello", "note:hello world", "not", "patient_id:s1", "form:a", "contact:p1",
    "name:ab", "contact_type:chp", "type:person", "absent")), max_size=2).map(" ".join)
LINEAGES = [{"_id": "p1", "parent": {"_id": "h1", "parent": {"_id": "d1"}}}, {"_id": "p2", "parent": {"_id": "h2"}}]
SUBJECTS = ("s1", "s2", "s3")
REPORTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), maybe(
    errors=st.sampled_from(([], [{"code": "x"}])), verified=st.booleans(), contact=st.sampled_from(LINEAGES),
    patient_id=st.sampled_from(SUBJECTS), case_id=st.sampled_from(SUBJECTS),
    fields=maybe(patient_uuid=st.sampled_from(SUBJECTS), note=NOTES))), min_size=5, max_size=12)
SELECTED = few(
    forms=some("abcd").map(lambda codes: {"selected": [{"code": code} for code in codes]}),
    date=st.sampled_from(({"from": 2}, {"to": 3}, {"from": 2, "to": 3}, {})),
    valid=st.sampled_from(("true", "false")),
    verified=some(("true", "false", "unknown")), subjectIds=some(SUBJECTS), search=SEARCHES,
    facilities=some(("d1", "h1", "h2", "p1")).map(lambda ids: {"selected": ids}))


def matches(doc, filters):
    """What the filters of reports mean, one by one."""
    fields, contact, date = doc.get("fields", {}), doc.get("contact"), filters.get("date", {})
    places, above = set(), (contact or {}).get("parent")
    while above:
        places.add(above["_id"])
        above = above.get("parent")
    top = {"form": doc["form"], **{key: doc[key] for key in ("patient_id", "case_id") if key in doc}}
    pairs = [*top.items(), *fields.items(), *([("contact", contact["_id"])] if contact else [])]
    subjects = {doc.get("patient_id"), doc.get("case_id"), fields.get("patient_uuid")}
    verified = {True: "true", False: "false", None: "unknown"}[doc.get("verified")]
    return all((
        "forms" not in filters or {"code": doc["form"]} in filters["forms"]["selected"],
        date.get("from", 0) <= doc["reported_date"] <= date.get("to", 10),
        "valid" not in filters or (filters["valid"] == "true") == (not doc.get("errors")),
        "verified" not in filters or verified in filters["verified"],
        "facilities" not in filters or places & set(filters["facilities"]["selected"]),
        "subjectIds" not in filters or subjects & set(filters["subjectIds"]),
        has_words(filters.get("search", ""), pairs)))


@EACH
@given(REPORTS, SELECTED, st.booleans())
def test_rows_are_the_documents_that_match(api, reports, filters, by_query):
    api.world.plant(size=0)
    docs = [report(str(number), code, date, **more) for number, (code, date, more) in enumerate(reports)]
    put(api, *docs)
    assert sorted(filtered(api, "reports", filters, by_query)) == sorted(
        doc["_id"] for doc in docs if matches(doc, filters))


CONTACTS = st.lists(st.tuples(st.sampled_from(("person", "clinic", "health_center", "chp", "data_record")), maybe(
    name=NOTES, note=NOTES, parent=st.sampled_from(LINEAGES), muted=st.booleans(), patient_id=st.just("s1"))),
    min_size=5, max_size=12)
CHOSEN = few(types=some(("person", "clinic", "chp", "contact")).map(lambda ids: {"selected": ids}),
             parent=st.sampled_from(("p1", "p2", "h1")), search=SEARCHES)


@EACH
@given(CONTACTS, CHOSEN, st.booleans())
def test_rows_are_the_contacts_that_match(api, contacts, filters, by_query):
    assume("types" not in filters or ":" not in filters.get("search", ""))  # there the server fails
    api.world.plant(size=0)
    docs = [{"_id": f"c{number}", "type": kind, **more} | (
        {"type": "contact", "contact_type": kind} if kind == "chp" else {})
        for number, (kind, more) in enumerate(contacts)]
    put(api, *docs)
    wanted = [doc["_id"] for doc, (kind, _) in zip(docs, contacts, strict=True) if all((
        kind != "data_record",
        "types" not in filters or kind in filters["types"]["selected"],
        "parent" not in filters or ("types" in filters and doc.get("parent", {}).get("_id") == filters["parent"]),
        has_words(filters.get("search", ""), [(key, doc[key]) for key in ("name", "note", "patient_id", "contact_type")
                                              if key in doc])))]
    assert sorted(filtered(api, "contacts", filters, by_query)) == sorted(wanted)
