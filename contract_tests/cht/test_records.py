"""Records: reports as text messages and as JSON, and what becomes of them in the database."""

from __future__ import annotations

import pytest

V1, V2 = "/api/v1/records", "/api/v2/records"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BRAZIL = "+5511943348031"
NOW = 1_795_300_000_000
LABELS = {"nurse": "n", "week": "w", "year": "y", "visit": "v"}
YYYZ = {
    "meta": {"code": "YYYZ"}, "public_form": True,
    "fields": {
        key: {"type": kind, "required": key == "nurse", "labels": {"tiny": {"en": LABELS[key]}}}
        for key, kind in (("nurse", "string"), ("week", "integer"), ("year", "integer"), ("visit", "string"))},
}
ALL = {
    "meta": {"code": "ALL"}, "facility_reference": "s",
    "fields": {
        "s": {"type": "string", "required": True, "labels": {"tiny": "s"}},
        "i": {"type": "integer", "labels": {"tiny": "i"}}, "b": {"type": "boolean", "labels": {"tiny": "b"}},
        "d": {"type": "date", "labels": {"tiny": "d"}}, "m.deep": {"type": "string", "labels": {"tiny": "m"}},
        "o": {"type": "complex", "labels": {"tiny": "o"}}},
}


@pytest.fixture
def records(strict):
    """A strict server that knows the forms YYYZ and ALL and what time it is."""
    strict.put("/api/v1/settings", {"forms": {"YYYZ": YYYZ, "ALL": ALL}, "transitions": {}})
    return strict


@pytest.fixture
def frozen(records, mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    return records


def send(api, message, sender=BRAZIL, path=V2, **more):
    """Post a text message; the document."""
    answer = api.post(path, data={"message": message, "from": sender, **more})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"success", "id"}
    return api.doc(answer.json()["id"])


def post(api, meta, path=V2, **fields):
    """Post a record as JSON; the document."""
    answer = api.post(path, fields | {"_meta": meta})
    assert answer.status_code == 200, answer.text
    return api.doc(answer.json()["id"])


def errors(doc):
    return [(error["code"], error["message"]) for error in doc["errors"]]


@pytest.mark.mock_only
@pytest.mark.parametrize("path", [V1, V2])
def test_the_pages_message(frozen, path):
    """`+` in the page's own example is a space once decoded, so the number is not valid."""
    answer = frozen.post(path, data="message=1!YYYZ!Sam#23#2015#ANC&from=+5511943348031&sent_timestamp=1352399720000",
                         headers=FORM)
    doc = frozen.doc(answer.json()["id"])
    assert answer.json() == {"success": True, "id": doc["_id"]}
    assert len(doc.pop("_id")) == 32
    assert doc.pop("_rev").startswith("1-")
    assert doc == {
        "type": "data_record", "from": " 5511943348031", "form": "YYYZ", "errors": [], "tasks": [],
        "fields": {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}, "reported_date": 1352399720000,
        "sms_message": {"type": "sms_message", "message": "1!YYYZ!Sam#23#2015#ANC", "form": "YYYZ",
                        "reported_date": "1352399720000", "from": " 5511943348031"},
    }
    assert list(doc) == ["type", "from", "form", "errors", "tasks", "fields", "reported_date", "sms_message"]


@pytest.mark.mock_only
@pytest.mark.parametrize("path", [V1, V2])
def test_the_pages_json(frozen, path):
    doc = post(frozen, {"form": "YYYZ", "reported_date": 1352399720000}, path,
               nurse="Sam", week=23, year=2015, visit="ANC")
    assert {key: value for key, value in doc.items() if key not in ("_id", "_rev")} == {
        "type": "data_record", "form": "YYYZ", "errors": [], "tasks": [],
        "fields": {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}, "reported_date": 1352399720000,
        "sms_message": {"form": "YYYZ", "reported_date": 1352399720000}}


@pytest.mark.writes
def test_the_pages_examples_work_on_a_seeded_mock(api):
    """Nothing has to be configured first."""
    doc = send(api, "1!YYYZ!Sam#23#2015#ANC", sent_timestamp="1352399720000")
    assert (doc["form"], doc["fields"]["nurse"], doc["errors"]) == ("YYYZ", "Sam", [])


@pytest.mark.writes
@pytest.mark.parametrize(
    ("message", "fields", "found"),
    [
        ("1!YYYZ!Sam#23#2015#ANC#x", {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"},
         [("extra_fields", "Extra fields.")]),
        ("1!YYYZ!#23", {"nurse": None, "week": 23}, [("sys.missing_fields", "Missing or invalid fields: nurse.")]),
        ("YYYZ n 5 # w 7", {"nurse": 5, "week": 7},
         [("sys.incorrect_type", "Incorrect type of field nurse, expected string.")]),
        ("YYYZ w 2.5", {"week": 2.5}, [("sys.incorrect_type", "Incorrect type of field week, expected integer."),
                                       ("sys.missing_fields", "Missing or invalid fields: nurse.")]),
        ("yyyz Sam 23 2015 ANC", {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}, []),
        ("1!Y\u200bYYZ!Sam", {"nurse": "Sam"}, []),
        ("1!all!x#5#1#2012-03-12", {"s": "x", "i": 5, "b": True, "d": 1331510400000, "m": {}}, []),
    ],
)
def test_reports_by_message(records, message, fields, found):
    doc = send(records, message)
    assert (doc["fields"], errors(doc)) == (fields, found)


@pytest.mark.writes
@pytest.mark.parametrize(
    ("message", "code", "found"),
    [
        ("hello there", "HELLO", []), ("1!ZZZZ!Sam#23", "ZZZZ", []),
        ("", None, [("sys.empty", "Message appears empty.")]),
        ("   ", None, [("sys.empty", "Message appears empty.")]),
    ],
)
def test_free_text(records, message, code, found):
    doc = send(records, message)
    assert "form" not in doc
    assert (doc["fields"], doc["sms_message"].get("form"), errors(doc)) == ({}, code, found)


@pytest.mark.writes
def test_forms_only_mode(records):
    records.put("/api/v1/settings", {"forms_only_mode": True})
    doc = send(records, "hello there")
    assert doc["form"] == "HELLO"
    assert errors(doc) == [("sys.form_not_found", "Form 'HELLO' not found.")]
    assert [code for code, _ in errors(send(records, ""))] == ["sys.empty", "sys.form_not_found"]
    assert "errors" in send(records, "YYYZ n Sam")


@pytest.mark.parametrize(
    ("path", "more", "kept", "text"),
    [
        (f"{V1}?locale=fr", {}, "fr", "Champs invalides ou manquants: nurse."),
        (f"{V2}?locale=fr", {}, None, "Missing or invalid fields: nurse."),
        (V2, {"locale": "es"}, "es", "Campo invalido o faltante: nurse."),
        (f"{V1}?locale=fr", {"locale": "es"}, "es", "Campo invalido o faltante: nurse."),
        (V2, {"locale": "xx"}, "xx", "Missing or invalid fields: nurse."),
    ],
)
@pytest.mark.writes
def test_the_language_of_errors(records, path, more, kept, text):
    doc = send(records, "YYYZ w 5", path=path, **more)
    assert doc["sms_message"].get("locale") == kept
    assert errors(doc) == [("sys.missing_fields", text)]


@pytest.mark.parametrize(
    ("locale", "message", "fields"),
    [
        ("sw", "OFF namba 12345 # sababu 1", {"patient_id": "12345", "reason": "Moved"}),
        ("en", "OFF id 12345 # r 2", {"patient_id": "12345", "reason": "Ended"}),
        ("en", "OFF namba 12345 # r 9", {"reason": None}),
    ],
)
@pytest.mark.writes
def test_labels_are_those_of_the_messages_language(api, locale, message, fields):
    assert send(api, message, locale=locale)["fields"] == fields


@pytest.mark.writes
def test_translations_of_the_installation_win(records):
    records.put("/medic/messages-luo", {"_id": "messages-luo", "type": "translations", "code": "luo", "enabled": True,
                                       "generic": {"sys.empty": "Ujumbe ni tupu."},
                                       "custom": {"sys.missing_fields": "Kosa: {{fields}}"}})
    records.put("/api/v1/settings", {"locale": "luo"})
    assert errors(send(records, "")) == [("sys.empty", "Ujumbe ni tupu.")]
    assert errors(send(records, "YYYZ")) == [("sys.missing_fields", "Kosa: nurse")]


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (None, NOW), ("1352399720000", 1352399720000), ("2011-10-10T14:48:00-0300", 1318268880000),
        ("2011-10-10T14:48:00-03", 1318268880000), ("2016-07-01T13:48:24+00:00", 1467380904000),
        ("2016-07-01T13:48:24.123Z", 1467380904123), ("2016-07-01T13:48:24+1245", 1467335004000),
        ("2016-07-01", 1467331200000), ("garbage", NOW), ("", NOW), ("1352399720", NOW), ("0", 946684800000),
    ],
)
def test_when_a_report_was_sent(frozen, sent, stored):
    doc = send(frozen, "hi", **({} if sent is None else {"sent_timestamp": sent}))
    assert doc["reported_date"] == stored
    assert doc["sms_message"].get("reported_date") == sent
    meta = {"form": "YYYZ"} | ({} if sent is None else {"reported_date": sent})
    assert post(frozen, meta, nurse="S")["reported_date"] == stored


@pytest.mark.mock_only
@pytest.mark.parametrize(("sent", "stored"), [(0, NOW), (-5, -5), (1352399720, 1352399720), (True, NOW), (None, NOW)])
def test_when_a_json_record_was_sent(frozen, sent, stored):
    assert post(frozen, {"form": "YYYZ", "reported_date": sent}, nurse="S")["reported_date"] == stored


@pytest.mark.parametrize(
    ("country", "sender", "stored"),
    [
        (1, "3125551212", "+13125551212"), (44, "07765902000", "+447765902000"), (None, BRAZIL, BRAZIL),
        (None, " 5511943348031", " 5511943348031"), (55, " 5511943348031", BRAZIL), (1, "555", "555"),
        (1, "ANON", "ANON"), (1, "", ""),
    ],
)
@pytest.mark.writes
def test_who_sent_it(records, country, sender, stored):
    records.put("/api/v1/settings", {"default_country_code": country})
    doc = send(records, "hi", sender)
    assert (doc["from"], doc["sms_message"]["from"]) == (stored, sender)


@pytest.mark.writes
@pytest.mark.parametrize(
    ("given", "stored", "found"),
    [
        ({"s": "x", "i": 7, "b": 1, "d": "2012-03-12"}, {"s": "x", "i": 7, "b": True, "d": 1331510400000}, []),
        ({"s": "x", "b": 0, "d": "2012-03-12T10:00:00Z"}, {"s": "x", "b": False, "d": 1331546400000}, []),
        ({"s": "x", "d": "12/03/2012"}, {"s": "x", "d": 1354492800000}, []),
        ({"s": "x", "d": "garbage"}, {"s": "x", "d": None}, []),
        ({"s": "x", "i": None, "m.deep": "y", "zzz": 1}, {"s": "x", "i": None}, []),
        ({"S": "x", "I": 3}, {"s": "x", "i": 3}, []),
        ({"s": "x", "o": {"a": 1}}, {"s": "x", "o": {"a": 1}}, []),
        ({"s": 5, "i": "5", "b": "1", "o": "x"}, {"s": 5, "i": "5", "b": "1", "o": "x"},
         [("s", "string"), ("i", "integer"), ("b", "boolean"), ("o", "complex")]),
        ({"s": ["a"], "i": True, "b": 2}, {"s": ["a"], "i": True, "b": 2},
         [("s", "string"), ("i", "integer"), ("b", "boolean")]),
        ({"s": "", "i": 2.5}, {"s": "", "i": 2.5}, [("i", "integer")]),
    ],
)
def test_fields_of_json_records(records, given, stored, found):
    doc = post(records, {"form": "all"}, **given)
    assert doc["fields"] == stored
    assert errors(doc) == [
        ("sys.incorrect_type", f"Incorrect type of field {key}, expected {kind}.") for key, kind in found]


@pytest.mark.writes
def test_meta_is_kept(records):
    doc = post(records, {"form": "yyyz", "from": "+254712345679", "locale": "fr", "foo": 1}, week=1)
    assert doc["sms_message"] == {"form": "YYYZ", "from": "+254712345679", "locale": "fr", "foo": 1}
    assert doc["from"] == "+254712345679"
    assert errors(doc) == [("sys.missing_fields", "Champs invalides ou manquants: nurse.")]


@pytest.mark.writes
def test_the_facility_that_a_report_refers_to(records):
    assert send(records, "1!ALL!ab#1")["refid"] == "AB"
    assert "refid" not in send(records, "YYYZ n Sam")


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("sent", "details"),
    [
        ({"data": {"message": "hi"}}, "Missing required value: from"),
        ({"data": {"from": "x"}}, "Missing required field: message"),
        ({"data": b"", "headers": FORM}, "Missing required value: from"),
        ({"json": {"nurse": "Sam"}}, "Missing _meta property."),
        ({"json": {"_meta": None}}, "Missing _meta property."),
        ({"json": {"_meta": ""}}, "Missing _meta property."),
        ({"json": [{"a": 1}]}, "Missing _meta property."),
        ({"json": {"_meta": {}}}, "Missing required field: form"),
        ({"json": {"_meta": {"form": ""}}}, "Missing required field: form"),
        ({"json": {"_meta": 5}}, "Missing required field: form"),
        ({"json": {"_meta": {"form": "nope"}}}, "Form not found: NOPE"),
        ({"json": {"_meta": {"form": 5}}}, None),
        ({"data": b'{"a":', "headers": {"Content-Type": "application/json"}}, None),
        ({"data": b'"x"', "headers": {"Content-Type": "application/json"}}, None),
        ({"data": b"message=a&from=b", "headers": {"Content-Type": "text/plain"}}, None),
        ({"data": b"<a/>", "headers": {"Content-Type": "application/xml"}}, None),
        ({}, None),
    ],
)
@pytest.mark.writes
def test_refusals(records, path, sent, details, accept):
    options = dict(sent)
    answer = records.taking(accept).post(path, options.pop("json", None), **options)
    assert answer.status_code == 500
    if accept == "application/json":
        assert answer.json() == {"code": 500, "error": "Server error"} | ({"details": details} if details else {})
    else:
        assert answer.text == "Server error" + (f': "{details}"' if details else "")
        assert answer.headers["Content-Type"] == "text/plain"


@pytest.mark.mock_only
def test_missing_fields_by_the_page(records, mocksrv):
    mocksrv.set(cht_conformance="page")
    assert records.post(V2, {"week": 1, "_meta": {"form": "YYYZ"}}).json() == {
        "code": 500, "error": "Server error", "details": "Missing or invalid fields: nurse."}
    assert records.post(V2, {"nurse": "S", "_meta": {"form": "YYYZ"}}).status_code == 200


@pytest.mark.writes
def test_who_may_post(api, unique):
    for role, status in (("data_entry", 200), ("national_admin", 403)):
        user = {"username": f"{unique}-{role.replace('_', '-')}", "password": "Kisumu_2024", "roles": [role]}
        assert api.post("/api/v1/users", user).status_code == 200
        assert api.as_user(user["username"]).post(V2, data={"message": "hi", "from": ""}).status_code == status
    assert api.anonymous().post(V2, data={"message": "hi", "from": ""}).json() == {"code": 401, "error": "unauthorized"}


@pytest.fixture
def sender(api, places, new_phone):
    """A person of the hierarchy with a phone, and that person's document."""
    doc = api.doc(places.person) | {"phone": new_phone()}
    api.ok("PUT", f"/medic/{places.person}", doc)
    return doc


@pytest.mark.writes
def test_update_clinics_names_the_sender(records, sender, places):
    records.put("/api/v1/settings", {"transitions": {"update_clinics": True}})
    doc = send(records, "YYYZ n Sam", sender["phone"])
    assert doc["contact"] == {
        "_id": places.person, "parent": {"_id": places.area, "parent": {"_id": places.district}}}
    assert doc["_id"].count("-") == 4, "with transitions on, the server makes the ids"


@pytest.mark.parametrize(("message", "found"), [("YYYZ n Sam", []), ("hello", ["sys.facility_not_found"])])
@pytest.mark.writes
def test_update_clinics_and_strangers(records, message, found):
    """A stranger is a problem, unless the form is for everybody."""
    records.put("/api/v1/settings", {"transitions": {"update_clinics": {"disable": False}}})
    doc = send(records, message, "+254700000000")
    assert "contact" not in doc
    assert [code for code, _ in errors(doc)] == found


@pytest.mark.writes
def test_update_clinics_by_reference(records, places, unique):
    code = unique[-8:]
    clinic = records.doc(places.clinic) | {"rc_code": code.upper(), "contact": {"_id": places.clinic_person}}
    records.ok("PUT", f"/medic/{places.clinic}", clinic)
    records.put("/api/v1/settings", {"transitions": {"update_clinics": True}})
    assert send(records, f"1!ALL!{code}", "+254700000000")["contact"]["_id"] == places.clinic_person


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("message", "begins", "answer"),
    [
        ("", "2020-01-01", "It looks like you sent an empty message"),
        ("hello", "2020-01-01", "SMS message received"),
        ("YYYZ n Sam", "2020-01-01", None),
        ("hello", "2100-01-01", None),
        ("hello", "", None),
    ],
)
def test_default_responses(frozen, message, begins, answer):
    frozen.put("/api/v1/settings", {"transitions": {"default_responses": True},
                                    "default_responses": {"start_date": begins}})
    tasks = send(frozen, message)["tasks"]
    assert len(tasks) == (0 if answer is None else 1)
    for task in tasks:
        assert task["messages"][0]["message"].startswith(answer)
        assert task["messages"][0]["to"] == BRAZIL
        assert task["state"] == "pending"
        assert task["state_history"] == [{"state": "pending", "timestamp": "2026-11-21T22:26:40.000Z"}]


@pytest.mark.parametrize(
    ("transitions", "dashed"),
    [({}, False), ({"generate_shortcode_on_contacts": True}, False), ({"death_reporting": False}, False),
     ({"update_sent_by": True}, True), ({"update_sent_by": {"disable": True}}, False),
     ({"death_reporting": True}, False), ({"update_sent_by": True, "muting": False}, True),
     ({"update_sent_by": True, "sms": False}, False)],
)
@pytest.mark.writes
def test_who_makes_the_ids(records, transitions, dashed):
    """The server, if transitions run; none does if one has no such name, or lacks its own settings."""
    records.put("/api/v1/settings?replace=1", {"transitions": transitions})
    assert ("-" in send(records, "hi")["_id"]) is dashed


ANSWERING = {"transitions": {"default_responses": True}, "default_responses": {"start_date": "2020-01-01"}}


def states_of(api, **message):
    """The states that the tasks of a message's record have been in."""
    sent = api.post("/api/v2/records", data={"message": "hello", "from": "+254712345678"} | message).json()
    return [[one["state"] for one in task["state_history"]] for task in api.doc(sent["id"])["tasks"]]


@pytest.mark.mock_only
@pytest.mark.parametrize(("settings", "sender"), [
    ({"outgoing_deny_list": "x, SAFARI"}, "safaricom"), ({"outgoing_deny_list": "x,+254712"}, "+254712345678"),
    ({"outgoing_deny_shorter_than": 6}, "20111"), ({"outgoing_deny_with_alphas": True}, "Info")])
def test_senders_that_get_no_answer(api, settings, sender):
    api.configure(**ANSWERING, **settings)
    assert states_of(api, **{"from": sender}) == [["denied"]]
    assert states_of(api, **{"from": "+254722000000"}) == [["pending"]]


@pytest.mark.mock_only
def test_a_gateway_is_not_answered(api):
    api.configure(**ANSWERING, gateway_number="0712345678", default_country_code="254")
    assert states_of(api, **{"from": "+254712345678"}) == []


@pytest.mark.mock_only
def test_the_same_answer_too_often(api):
    api.configure(**ANSWERING, sms={"duplicate_limit": 2})
    assert [states_of(api) for _ in range(3)] == [[["pending"]], [["pending"]], [["duplicate"]]]
    assert states_of(api, **{"from": "+254722000000"}) == [["pending"]]


@pytest.mark.mock_only
def test_names_of_senders_and_messages_that_count_as_sent(api):
    api.ok("POST", "/medic", {"type": "person", "name": "Amina", "phone": "+254712345678"})
    api.configure(**ANSWERING | {"transitions": {"default_responses": True, "update_sent_by": True,
                                                 "resolve_pending": True}})
    sent = api.post("/api/v2/records", data={"message": "hello", "from": "+254712345678"}).json()
    doc = api.doc(sent["id"])
    assert doc["sent_by"] == "Amina"
    assert [one["state"] for one in doc["tasks"][0]["state_history"]] == ["pending", "sent"]
