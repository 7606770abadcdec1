"""What the background process does every five minutes: messages that are due, reminders, purging, cleaning up."""

from datetime import UTC, datetime

import pytest
import requests

from mocksrv.vendors.cht.schedule import text_expressions

ADMIN, PASSWORD = ("admin", "pass"), "Kisumu_2024"
NOW = "2026-11-21T22:26:40Z"  # a Saturday
DISTRICT, CENTER = {"_id": "district", "type": "district_hospital"}, {"_id": "center", "type": "health_center"}


class Cht:
    def __init__(self, world):
        self.world = world
        world.clock.freeze(NOW)

    def ask(self, method, path, body=None, auth=ADMIN):
        answer = requests.request(method, self.world.url + path, json=body, auth=auth)
        answer.raise_for_status()
        return answer.json()

    def configure(self, **settings):
        self.ask("PUT", "/api/v1/settings?replace=1", settings)

    def write(self, *docs):
        self.ask("POST", "/medic/_bulk_docs", {"docs": list(docs)})

    def wait(self, seconds=301):
        self.world.clock.advance(seconds)
        self.ask("GET", "/api/info")

    def stored(self, id, database="medic"):
        return self.ask("GET", f"/{database}/{id}")

    def ids(self, prefix, database="medic"):
        rows = self.ask("GET", f'/{database}/_all_docs?startkey="{prefix}"&endkey="{prefix}\ufff0"')["rows"]
        return [row["id"] for row in rows]


@pytest.fixture
def cht(mocksrv):
    return Cht(mocksrv)


# --- moments in words ---


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("text", "last"), [
    ("at 10:00 am on Mon", "2026-11-16T10:00"), ("at 21:26 on sat", "2026-11-21T21:26"),
    ("at 12:00 am", "2026-11-21T00:00"), ("at 9:15 pm and 10:30 pm", "2026-11-21T21:15"),
    ("every 5 minutes", "2026-11-21T22:25"), ("every 2 hours", "2026-11-21T22:00"),
    ("every 1 seconds", "2026-11-21T22:26:40"), ("every 30 seconds", "2026-11-21T22:26:30"),
    ("every weekday", "2026-11-20T00:00"), ("every weekend at 8:00", "2026-11-21T08:00"),
    ("at 08:00 on Mon-Wed", "2026-11-18T08:00"), ("on Tue, Thu at 07:00", "2026-11-19T07:00"),
    ("at 06:00 on the 17th day of the month", "2026-11-17T06:00"),
    ("on the first day of the month", "2026-11-01T00:00"),
    ("at 05:00 on the last day of the month", "2026-10-31T05:00"), ("at 04:00 of October", "2026-10-31T04:00"),
    ("at 10:00 also at 11:00", "2026-11-21T11:00"), ("at 10:00 whenever you like", "2026-11-21T10:00"),
    ("now and then", None), ("", None)])
def test_text_expressions(text, last):
    times = text_expressions.schedules({"text_expression": text})
    found = text_expressions.previous(times, moment("2026-10-20T00:00"), moment("2026-11-21T22:26:40"))
    assert found == (None if last is None else moment(last))


@pytest.mark.parametrize(("cron", "last"), [
    ("26 22 * * *", "2026-11-21T22:26"), ("0 0 * * 0", "2026-11-15T00:00"), ("0 9 1 * 5", "2026-11-20T09:00"),
    ("61 * * * *", None)])
def test_cron_expressions(cron, last):
    found = text_expressions.previous(text_expressions.schedules({"cron": cron}), moment("2026-10-20T00:00"),
                                      moment("2026-11-21T22:26:40"))
    assert found == (None if last is None else moment(last))


# --- reminders ---


def places(cht):
    lineage = {"_id": "center", "parent": {"_id": "district"}}
    cht.write(DISTRICT, CENTER | {"parent": {"_id": "district"}, "contact": {"_id": "chief"}}, *(
        {"_id": id, "type": "clinic", "name": id, "parent": lineage, "contact": {"_id": f"chw-{id}"}} | more
        for id, more in (("one", {}), ("two", {}), ("quiet", {"muted": "2026-01-01"}), ("nobody", {"contact": ""}))),
        *({"_id": f"chw-{id}", "type": "person", "phone": f"+25471239999{number}",
           "parent": {"_id": id, "parent": lineage}} for number, id in enumerate(("one", "two", "quiet"))))


REMINDER = {"form": "VISIT", "text_expression": "at 22:20 on Sat", "message": "{{name}}, week {{week}}: report",
            "mute_after_form_for": "2 days"}


AT = 1795299600000


def reminded(cht):
    """The places of this test that have a reminder; the world has others of its own."""
    ids = [id.removeprefix(f"reminder:VISIT:{AT}:") for id in cht.ids("reminder:")]
    return [id for id in ids if id in ("center", "one", "two", "quiet", "nobody")]


def test_reminders(cht):
    places(cht)
    cht.configure(reminders=[REMINDER, REMINDER | {"form": ""}, REMINDER | {"contact_types": ["nonsense"]}, None])
    assert reminded(cht) == ["one", "two"]
    reminders = cht.ids("reminder:")
    doc = cht.stored(f"reminder:VISIT:{AT}:one")
    (task,) = doc.pop("tasks")
    assert doc == {
        "_id": doc["_id"], "_rev": doc["_rev"], "type": "reminder", "form": "VISIT", "reported_date": AT + 400000,
        "contact": {"_id": "chw-one", "parent": {"_id": "one", "parent": {"_id": "center", "parent": {
            "_id": "district"}}}}, "place": {"_id": "one", "parent": {"_id": "center", "parent": {"_id": "district"}}}}
    assert (task["state"], task["form"], task["type"], task["timestamp"]) == (
        "pending", "VISIT", "reminder", "2026-11-21T22:20:00.000Z")
    assert (task["messages"][0]["to"], task["messages"][0]["message"]) == ("+254712399990", "one, week 47: report")
    log = cht.stored(f"reminderlog:VISIT:{AT}", "medic-sentinel")
    assert (log["reminder"], log["type"]) == (REMINDER, "reminderlog")
    cht.wait()
    assert cht.ids("reminder:") == reminders, "once"


def test_who_has_reported_needs_none(cht):
    places(cht)
    cht.write({"_id": "r1", "type": "data_record", "form": "VISIT", "reported_date": AT - 2 * 86_400_000,
               "contact": {"_id": "chw-one", "parent": {"_id": "one"}}})
    cht.configure(reminders=[REMINDER])
    assert reminded(cht) == ["two"]


def test_types_of_places(cht):
    places(cht)
    cht.configure(reminders=[REMINDER | {"contact_types": ["health_center"], "text_expression": "",
                                         "cron": "20 22 * * *"}])
    assert reminded(cht) == ["center"]


def test_a_form_with_a_colon(cht, caplog):
    """When it was sent is the last part of the log's id."""
    places(cht)
    cht.configure(reminders=[REMINDER | {"form": "VISIT:1"}])
    assert cht.ids("reminder:VISIT:1")
    cht.wait()
    assert "passed over" not in caplog.text


# --- purging ---

FUNCTION = """function(user, contact, reports, messages, api, permissions) {
  if (contact.name === 'two' && api.v1.hasPermissions('can_edit', user.roles, permissions)) { return [contact._id]; }
  return reports.concat(messages).filter(one => one.old === user.roles.includes('strict')).map(one => one._id);
}"""


def purged(cht, *roles):
    rows = cht.ask("GET", "/_all_dbs")
    logs = [cht.stored(id, "medic-sentinel") for id in cht.ids("purgelog:", "medic-sentinel")]
    (hash,) = [hash for hash, names in logs[-1]["roles"].items() if names == list(roles)]
    assert f"medic-purged-role-{hash}" in rows
    ids = {id.removeprefix("purged:") for id in cht.ids("purged:", f"medic-purged-role-{hash}")}
    return {id for id in ids if "org.couchdb.user:" not in id}  # without what the world had before


def test_purging(cht):
    places(cht)
    record = {"type": "data_record", "form": "F", "fields": {"place_id": "one"}}
    cht.write(*({"_id": f"{name}-{old}", "old": old} | doc for old in (True, False) for name, doc in (
        ("report", record), ("message", {"type": "data_record", "sms_message": {}, "contact": {"_id": "chw-one"}}),
        ("nobody", record | {"fields": {}}), ("gone", record | {"fields": {"patient_id": "gone"}}))),
        {"_id": "task-old", "type": "task", "user": "org.couchdb.user:x", "state": "Failed", "emission": {
            "endDate": "2026-09-22"}},
        {"_id": "task-new", "type": "task", "user": "org.couchdb.user:x", "state": "Failed", "emission": {
            "endDate": "2026-09-23"}},
        {"_id": "target~2026-04~x", "type": "target"}, {"_id": "target~2026-05~x", "type": "target"})
    for name, role in (("ada", "strict"), ("bea", "loose")):
        cht.ask("POST", "/api/v1/users", {"username": name, "password": PASSWORD, "roles": ["chw", role],
                                          "place": "one", "contact": "chw-one"})
    cht.configure(purge={"fn": FUNCTION, "text_expression": "every 1 minutes"})
    cht.wait(60)
    cht.wait(60)
    both = {"two", "task-old", "target~2026-04~x"}
    assert purged(cht, "chw", "strict") >= both | {"report-True", "message-True", "nobody-True"}
    assert not {"report-False", "gone-True", "task-new", "target~2026-05~x"} & purged(cht, "chw", "strict")
    assert purged(cht, "chw", "loose") >= both | {"report-False", "message-False", "nobody-False"}
    listed = cht.ask("GET", "/api/v1/replication/get-ids", auth=("ada", PASSWORD))["doc_ids_revs"]
    assert {"report-True", "report-False"} & {row["id"] for row in listed} == {"report-False"}
    cht.configure(purge={"fn": "() => []", "text_expression": "every 1 minutes"})
    cht.wait(400)
    cht.wait(400)
    assert purged(cht, "chw", "strict") == {"task-old", "target~2026-04~x"}


def test_a_function_that_fails(cht):
    places(cht)
    cht.ask("POST", "/api/v1/users", {"username": "ada", "password": PASSWORD, "roles": ["chw"], "place": "one",
                                      "contact": "chw-one"})
    cht.configure(purge={"fn": "() => { throw new Error('no'); }", "cron": "* * * * *"})
    cht.wait(60)
    cht.wait(60)
    (id,) = [id for id in cht.ids("purgelog:", "medic-sentinel") if id.startswith("purgelog:error:")][-1:]
    assert "no" in cht.stored(id, "medic-sentinel")["error"]


def test_purging_among_documents_of_any_shape(cht):
    """What cannot be about anybody is about nobody, and the function may give anything."""
    places(cht)
    cht.write({"_id": "odd", "type": "person", "patient_id": {"a": 1}, "place_id": [1]},
              {"_id": "about", "type": "data_record", "form": "F", "patient_id": {"a": 1}},
              {"_id": "lost", "type": "data_record", "form": "F", "contact": {"_id": "x"}, "errors": [None]})
    cht.ask("POST", "/api/v1/users", {"username": "ada", "password": PASSWORD, "roles": ["chw"], "place": "one",
                                      "contact": "chw-one"})
    function = "(user, contact, reports) => [[], {}, null, 1, 'x', ...reports.map(one => one._id)]"
    cht.configure(purge={"fn": function, "text_expression": "every 1 minutes"})
    cht.wait(60)
    cht.wait(60)
    assert "about" in purged(cht, "chw")


# --- the rest ---


def test_what_is_known_about_a_deleted_document_goes(cht):
    cht.configure(transitions={"update_clinics": True})
    cht.ask("PUT", "/medic-user-ada-meta")
    cht.ask("POST", "/medic-user-ada-meta/_bulk_docs", {"docs": [
        {"_id": "read:report:gone"}, {"_id": "read:message:gone"}, {"_id": "read:report:kept"}]})
    cht.write({"_id": "gone"}, {"_id": "kept"})
    cht.wait(2)
    assert cht.ids("gone", "medic-sentinel") == ["gone-info"]
    cht.ask("DELETE", f"/medic/gone?rev={cht.stored('gone')['_rev']}")
    cht.wait(2)
    assert (cht.ids("gone", "medic-sentinel"), cht.ids("kept", "medic-sentinel")) == ([], ["kept-info"])
    assert cht.ids("read:", "medic-user-ada-meta") == ["read:report:kept"]


@pytest.mark.parametrize(("release", "clears", "state"), [
    ("4.15", True, "scheduled"), ("5.2", True, "clear"), ("5.2", False, "scheduled")])
def test_messages_that_cannot_be_made(cht, release, clears, state):
    cht.world.control("POST", "/settings", {"cht.release": release})
    places(cht)
    cht.configure(sms={"clear_failing_schedules": clears})
    task = {"due": "2026-11-20T00:00:00.000Z", "recipient": "clinic", "state": "scheduled", "state_history": []}
    sender = {"_id": "chw-one", "parent": {"_id": "one"}}
    cht.write({"_id": "r1", "type": "data_record", "fields": {}, "contact": sender, "scheduled_tasks": [
        task | {"message_key": "no.such.key"}, task | {"message": "from {{contact.phone}}"}]})
    cht.wait()
    bad, good = cht.stored("r1")["scheduled_tasks"]
    assert (bad["state"], "messages" in bad, good["state"]) == (state, False, "pending")
    assert good["messages"][0]["message"] == "from +254712399990", "a report without a form has its sender in full"


@pytest.mark.parametrize(("release", "recipient", "to"), [
    ("5.2", ["nobody", "reporting_unit"], "+254712300000"), ("5.2", ["nobody", " +254712345678 "], "+254712345678"),
    ("5.2", ["nobody", "health_center"], "+254712311111"), ("5.2", ["nobody", "else"], "nobody"),
    ("5.2", "nobody", "nobody"), ("5.2", [], "+254712300000"), ("4.15", "nobody", "+254712300000"),
    ("4.15", ["nobody"], None)])
def test_recipients(cht, release, recipient, to):
    """The sender's place is that which the report names, whatever the sender's own is."""
    cht.world.control("POST", "/settings", {"cht.release": release})
    thanks = {"recipient": recipient, "event_type": "report_accepted", "message": [
        {"locale": "en", "content": "thanks"}]}
    cht.configure(transitions={"registration": True}, sms={"default_to_sender": False}, forms={"F": {}},
                  registrations=[{"form": "F", "events": [], "messages": [thanks]}])
    cht.write(CENTER | {"contact": {"phone": "+254712311111"}},
              {"_id": "chw", "type": "person", "phone": "+254712300000"},
              {"_id": "r1", "type": "data_record", "form": "F", "fields": {}, "from": "+254712300000", "contact": {
                  "_id": "chw", "parent": {"_id": "center"}}})
    cht.wait(2)
    tasks = cht.stored("r1").get("tasks") or [{"messages": [{"to": None}]}]
    assert [task["messages"][0]["to"] for task in tasks] == [to]
