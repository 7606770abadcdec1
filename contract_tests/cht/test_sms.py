"""Text messages: a gateway's whole conversations, and the hooks of Africa's Talking and RapidPro."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from urllib3.util import SKIP_HEADER

SMS = "/api/sms"
PHONE = "+254712345679"
SENT_AT = "2026-11-21T22:26:40.000Z"


@pytest.fixture(autouse=True)
def nothing_waits(api, target):
    """The made-up messages that wait are sent already: what a test finds is its own."""
    while target == "mock" and (waiting := api.ok("POST", SMS, {})["messages"]):
        api.ok("POST", SMS, {"updates": [{"id": one["id"], "status": "SENT"} for one in waiting]})


@dataclass
class Gateway:
    """What cht-gateway does: it polls with what it received and what became of messages, and takes new ones.

    At most 10 messages and 20 updates go into one poll; it polls again at once when there were more.
    """

    api: Any
    received: list[dict[str, Any]] = field(default_factory=list)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)  # by message id
    news: list[dict[str, Any]] = field(default_factory=list)

    def configured(self) -> bool:
        """Whether the server says that it is one for gateways."""
        return self.api.get(SMS, headers={"User-Agent": "Dalvik/2.1.0 medic.gateway.alert.generic"}).json() == {
            "medic-gateway": True}

    def text_arrives(self, id: str, content: str, sender: str = PHONE) -> None:
        self.received.append({"id": id, "from": sender, "content": content, "sms_sent": 1, "sms_received": 2})

    def report(self, id: str, status: str, reason: str | None = None) -> None:
        self.news.append({"id": id, "status": status} | ({"reason": reason} if reason else {}))

    def poll(self) -> list[int]:
        """As many rounds as there is to tell; how many messages each of them brought."""
        brought = []
        while True:
            messages, self.received = self.received[:10], self.received[10:]
            updates, self.news = self.news[:20], self.news[20:]
            answer = self.api.post(SMS, {"messages": messages, "updates": updates},
                                   headers={"Accept-Charset": "utf-8", "Cache-Control": "no-cache"})
            assert answer.status_code == 200, answer.text
            brought.append(len(answer.json()["messages"]))
            for message in answer.json()["messages"]:
                if message["id"] not in self.outbox:
                    self.outbox[message["id"]] = message
                    self.report(message["id"], "UNSENT")
            if not self.received and not self.news:
                return brought

    def deliver(self, *statuses: str) -> None:
        """All that waits goes through these statuses, one poll for each."""
        for status in statuses:
            for id in self.outbox:
                self.report(id, status)
            self.poll()


@pytest.fixture
def gateway(api, unique):
    """A gateway with an account of its own."""
    user = {"username": unique, "password": "Kisumu_2024", "roles": ["gateway"]}
    assert api.post("/api/v1/users", user).status_code == 200
    return Gateway(api.as_user(unique))


def outgoing(api, id, *tasks, **more):
    """Store a document that sends messages: (uuid, state) or a whole task."""
    api.ok("PUT", f"/medic/{id}", {"_id": id, "type": "data_record", "reported_date": 1_700_000_000_000, "tasks": [
        task if isinstance(task, dict) else {
            "messages": [{"to": PHONE, "message": f"Hello {task[0]}", "uuid": task[0]}], "state": task[1],
            "state_history": [{"state": task[1], "timestamp": SENT_AT}]} for task in tasks]} | more)


def states(api, id):
    """The states that each task of a document went through."""
    return [[entry["state"] for entry in task["state_history"]] for task in api.doc(id)["tasks"]]


# --- whole conversations ---


@pytest.mark.mock_only
def test_a_message_comes_in_is_answered_and_the_answer_is_delivered(api, gateway):
    assert gateway.configured()
    api.put("/api/v1/settings", {"transitions": {"default_responses": True},
                                 "default_responses": {"start_date": "2020-01-01"}})
    gateway.text_arrives("in-1", "is anybody there?")
    assert gateway.poll() == [1, 0], "the answer goes out in the same call"
    (message,) = gateway.outbox.values()
    assert message["to"] == PHONE
    gateway.deliver("PENDING", "SENT", "DELIVERED")
    assert gateway.poll() == [0]
    assert [entry["state"] for entry in find(api, "in-1")["tasks"][0]["state_history"]] == [
        "pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway", "sent", "delivered"]


def find(api, reference):
    """The document of a message that came in."""
    rows = api.ok("GET", "/medic/_all_docs?include_docs=true")["rows"]
    (doc,) = [row["doc"] for row in rows
              if (row["doc"].get("sms_message") or {}).get("gateway_ref") == reference]
    return doc


@pytest.mark.mock_only
def test_a_login_message_reaches_the_phone(api, gateway, unique):
    """The link of a token login is a message like any other."""
    api.put("/api/v1/settings", {"token_login": {"enabled": True, "message": "Welcome"},
                                 "app_url": "https://cht.example.org"})
    user = {"username": f"{unique}-chw", "roles": ["data_entry"], "phone": PHONE, "token_login": True}
    assert api.post("/api/v1/users", user).status_code == 200
    gateway.poll()
    texts = [message["content"] for message in gateway.outbox.values()]
    assert texts[0] == "Welcome"
    assert texts[1].startswith("https://cht.example.org/medic/login/token/")
    gateway.deliver("PENDING", "SENT", "DELIVERED")
    id = api.ok("GET", "/medic/_all_docs?startkey=%22token%3Alogin%22&endkey=%22token%3Alogin%3B%22")["rows"][0]["id"]
    assert {history[-1] for history in states(api, id)} == {"delivered"}


@pytest.mark.mock_only
def test_sixty_messages_go_out_in_pages_of_25(api, gateway):
    for number in range(60):
        outgoing(api, f"many-{number:02}", (f"uuid-{number:02}", "pending"),
                 reported_date=1_700_000_000_000 + number)
    assert gateway.poll() == [25, 25, 20, 0]
    assert sorted(gateway.outbox) == [f"uuid-{number:02}" for number in range(60)]
    gateway.deliver("SENT")
    assert states(api, "many-59") == [["pending", "forwarded-to-gateway", "received-by-gateway", "sent"]]


@pytest.mark.mock_only
def test_twelve_messages_arrive_in_two_polls(api, gateway):
    for number in range(12):
        gateway.text_arrives(f"in-{number}", f"message {number}")
    gateway.poll()
    assert {find(api, f"in-{number}")["sms_message"]["message"] for number in range(12)} == {
        f"message {number}" for number in range(12)}


# --- the rules ---


@pytest.mark.mock_only
def test_messages_are_handed_out_by_due_date_until_their_state_moves_on(frozen, gateway):
    late = {"messages": [{"to": "0712 345 680", "message": "b", "uuid": "b"}], "state": "pending", "state_history": []}
    early = {"messages": [{"to": PHONE, "message": "a", "uuid": "a"}], "state": "pending",
             "due": "2020-01-01T00:00:00.000Z", "state_history": []}
    outgoing(frozen, "two", late, early, {"state": "scheduled", "messages": [{"to": PHONE, "message": "c",
                                                                              "uuid": "c"}]})
    outgoing(frozen, "bad", {"state": "pending", "messages": [{"to": PHONE, "uuid": "no text"}, {"message": "no to"}]})
    frozen.put("/api/v1/settings", {"default_country_code": 254})
    first = gateway.api.post(SMS, {}).json()
    assert first == {"messages": [{"content": "a", "to": PHONE, "id": "a"},
                                  {"content": "b", "to": "+254712345680", "id": "b"}]}
    assert gateway.api.post(SMS, {}).json() == first, "again, until the gateway reports"
    doc = frozen.doc("two")
    assert doc["_rev"].startswith("2-"), "the second time nothing changed"
    assert doc["tasks"][0]["messages"][0]["to"] == "0712 345 680", "only the answer is normalised"
    assert doc["tasks"][0]["state_history"] == [{"state": "forwarded-to-gateway", "timestamp": SENT_AT}]
    after = gateway.api.post(SMS, {"updates": [{"id": "a", "status": "SENT"}]}).json()
    assert [message["id"] for message in after["messages"]] == ["b"]


def scheduled(api, id, **dues):
    """Store a document with scheduled messages, each named by its uuid and due at a time."""
    api.ok("PUT", f"/medic/{id}", {"_id": id, "type": "data_record", "scheduled_tasks": [
        {"messages": [{"to": PHONE, "message": uuid, "uuid": uuid}], "due": due, "state": "scheduled"}
        for uuid, due in dues.items()]})


@pytest.mark.mock_only
def test_scheduled_messages_go_out_when_they_are_due(frozen, gateway, mocksrv):
    mocksrv.clock.set("2026-11-20T08:00:00Z")
    scheduled(frozen, "reminders", today="2026-11-20T08:10:00.000Z", tomorrow="2026-11-21T08:00:00.000Z",
              missed="2026-11-12T08:00:00.000Z")
    assert gateway.poll() == [0]
    mocksrv.clock.set("2026-11-20T08:16:00Z")
    gateway.poll()
    assert list(gateway.outbox) == ["today"]
    history = frozen.doc("reminders")["scheduled_tasks"][0]["state_history"]
    assert history[0] == {"state": "pending", "timestamp": "2026-11-20T08:16:00.000Z"}
    gateway.deliver("SENT")
    mocksrv.clock.set("2026-11-22T00:00:00Z")
    gateway.poll()
    assert list(gateway.outbox) == ["today", "tomorrow"], "what is more than a week late stays"


@pytest.mark.mock_only
def test_scheduled_messages_keep_to_the_hours(frozen, gateway, mocksrv):
    frozen.put("/api/v1/settings", {"schedule_morning_hours": 8, "schedule_evening_hours": 17})
    mocksrv.clock.set("2026-11-20T18:00:00Z")
    scheduled(frozen, "late", evening="2026-11-20T18:10:00.000Z")
    mocksrv.clock.set("2026-11-20T19:00:00Z")
    assert gateway.poll() == [0]
    mocksrv.clock.set("2026-11-21T08:00:00Z")
    gateway.poll()
    assert list(gateway.outbox) == ["evening"]


@pytest.mark.mock_only
@pytest.mark.parametrize("service", ["africas-talking", "rapidpro", None])
def test_only_the_service_that_is_chosen_sends(api, gateway, service):
    outgoing(api, "one", ("uuid-1", "pending"))
    api.put("/api/v1/settings", {"sms": {"outgoing_service": service, "reply_to": "x"}})
    assert gateway.poll() == [0]
    api.put("/api/v1/settings", {"sms": {"outgoing_service": "medic-gateway"}})
    assert gateway.api.post(SMS, {}).json()["messages"][0]["id"] == "uuid-1"


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("updates", "history", "details"),
    [
        ([{"status": "SENT"}], ["sent"], None),
        ([{"status": "SENT"}, {"status": "DELIVERED"}], ["sent", "delivered"], None),
        ([{"status": "SENT"}, {"status": "SENT"}], ["sent"], None),
        ([{"status": "FAILED", "reason": "no credit"}], ["failed"], {"reason": "no credit"}),
        ([{"status": "FAILED", "reason": "a"}, {"status": "FAILED", "reason": "a"}], ["failed", "failed"],
         {"reason": "a"}),
        ([{"status": "FAILED", "reason": "a"}, {"status": "UNSENT"}], ["failed", "received-by-gateway"], None),
        ([{"status": "WEIRD"}], ["unrecognised"], {"gateway_status": "WEIRD"}),
        ([{}], ["unrecognised"], {}),
    ],
)
def test_updates(frozen, gateway, updates, history, details):
    outgoing(frozen, "one", {"messages": [{"to": PHONE, "message": "m", "uuid": "uuid-1"}]})
    answer = gateway.api.post(SMS, {"updates": [{"id": "uuid-1"} | update for update in updates]})
    assert answer.text == '{"messages":[]}'
    (task,) = frozen.doc("one")["tasks"]
    assert [entry["state"] for entry in task["state_history"]] == history
    assert all(entry["timestamp"] == SENT_AT for entry in task["state_history"])
    assert (task["state"], task.get("state_details")) == (history[-1], details)


@pytest.mark.mock_only
def test_an_update_without_a_reference_forgets_the_one_of_before(api, gateway):
    outgoing(api, "one", {"messages": [{"to": PHONE, "message": "m", "uuid": "u"}], "state": "sent",
                          "gateway_ref": "ref", "state_details": "old"})
    gateway.api.post(SMS, {"updates": [{"id": "u", "status": "DELIVERED"}]})
    (task,) = api.doc("one")["tasks"]
    assert (task.get("gateway_ref"), task.get("state_details")) == (None, None)


@pytest.mark.mock_only
@pytest.mark.parametrize("update", [{"id": "unknown", "status": "SENT"}, {"status": "SENT"}, {"id": ""}])
def test_updates_of_unknown_messages_are_ignored(api, gateway, update):
    before = api.get("/medic/").json()["update_seq"]
    assert gateway.api.post(SMS, {"updates": [update]}).json() == {"messages": []}
    assert api.get("/medic/").json()["update_seq"] == before


@pytest.mark.mock_only
def test_incoming_messages_are_stored_once(frozen, gateway):
    good = {"id": "gw-1", "from": PHONE, "content": "1!YYYZ!Sam#23#2015#ANC", "sms_sent": 5, "sms_received": 6}
    bad = [{"from": PHONE, "content": "x"}, {"id": "gw-2", "content": "x"}, {"id": "gw-3", "from": PHONE},
           {"id": "gw-4", "from": PHONE, "content": ""}]
    assert gateway.api.post(SMS, {"messages": [*bad, good]}).text == '{"messages":[]}'
    doc = find(frozen, "gw-1")
    assert doc["fields"] == {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}
    assert doc["reported_date"] == 1_795_300_000_000, "the time of the call, not the gateway's"
    assert doc["sms_message"] == {"type": "sms_message", "message": good["content"], "form": "YYYZ", "from": PHONE,
                                  "gateway_ref": "gw-1"}
    before = frozen.get("/medic/").json()["update_seq"]
    gateway.api.post(SMS, {"messages": [good | {"content": "again"}]})
    assert frozen.get("/medic/").json()["update_seq"] == before


@pytest.mark.writes
def test_a_double_within_one_call_is_not_noticed(api, gateway):
    message = {"id": "gw-9", "from": PHONE, "content": "x"}
    count = len(api.ok("GET", "/medic/_all_docs")["rows"])
    gateway.api.post(SMS, {"messages": [message, message]})
    assert len(api.ok("GET", "/medic/_all_docs")["rows"]) == count + 2


@pytest.mark.parametrize("body", [{}, {"messages": [], "updates": []}, {"updates": None}, []])
@pytest.mark.writes
def test_bodies_that_say_nothing(gateway, body):
    assert gateway.api.post(SMS, body).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize(
    "body", [{"messages": {"a": 1}}, {"messages": "x"}, {"messages": [None]}, {"updates": "x"}, {"updates": {"a": 1}},
             {"updates": [None]}])
@pytest.mark.writes
def test_bodies_that_the_server_fails_at(gateway, body, accept):
    answer = gateway.api.taking(accept).post(SMS, body)
    assert answer.status_code == 500
    assert answer.text == ("Server error" if accept == "*/*" else '{"code":500,"error":"Server error"}')


@pytest.mark.mock_only
def test_null_for_messages(gateway, mocksrv):
    """The protocol allows it; the 4.15.0 server does not."""
    assert gateway.api.post(SMS, {"messages": None}).status_code == 500
    mocksrv.set(cht_conformance="page")
    assert gateway.api.post(SMS, {"messages": None}).json() == {"messages": []}


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/x-www-form-urlencoded", None])
@pytest.mark.writes
def test_the_content_type_is_exact(gateway, kind):
    answer = gateway.api.post(SMS, data=b"{}", headers={"Content-Type": kind})
    assert answer.json() == {"code": 400, "error": "Content-Type must be application/json"}


@pytest.mark.release(until="4.22")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.writes
def test_who_is_let_in(api, unique, method):
    body = {} if method == "POST" else None
    clerk = {"username": unique, "password": "Kisumu_2024", "roles": ["data_entry"]}
    assert api.post("/api/v1/users", clerk).status_code == 200
    assert api.as_user(unique).request(method, SMS, body).json() == {"code": 403, "error": "Insufficient privileges"}
    for agent in (SKIP_HEADER, "Dalvik/2.1.0 (Linux) medic.gateway.alert.generic"):
        answer = api.anonymous().taking("*/*").request(method, SMS, body, headers={"User-Agent": agent})
        assert (answer.status_code, answer.text) == (401, "not logged in")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'
    answer = api.request(method, f"{SMS}/", body)
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith(SMS)


# --- services that push ---

AT_IN = "/api/v1/sms/africastalking/incoming-messages"
AT_REPORTS = "/api/v1/sms/africastalking/delivery-reports"
RAPIDPRO = "/api/v2/sms/rapidpro/incoming-messages"
RAPIDPRO_1 = "/api/v1/sms/radpidpro/incoming-messages"
RAPIDPRO_FIXED = "/api/v1/sms/rapidpro/incoming-messages"


@pytest.fixture
def secrets(api):
    """The secrets that the services know."""
    for key in ("africastalking.com:incoming", "rapidpro:incoming"):
        answer = api.put(f"/api/v1/credentials/{key}", data=b"s3cret", headers={"Content-Type": "text/plain"})
        assert answer.json() == {"ok": True}


def hook(api, path, fields, key: str | None = "s3cret", token: str | None = "Token s3cret"):
    """What a service sends: a form with the key in the query, or JSON with a token."""
    service = api.anonymous().taking("*/*")
    if "africastalking" in path:
        return service.post(path + (f"?key={key}" if key else ""), data=fields)
    return service.post(path, fields, headers={"Authorization": token} if token else {})


@pytest.mark.mock_only
@pytest.mark.parametrize("path", [AT_IN, AT_REPORTS, RAPIDPRO, RAPIDPRO_1])
def test_without_a_secret_nobody_gets_in(api, path):
    answer = hook(api, path, {"id": "1"})
    assert (answer.status_code, answer.text) == (403, "No incoming key configured")


@pytest.mark.writes
@pytest.mark.parametrize(
    ("path", "wrong", "message"),
    [
        (AT_IN, {"key": "bad"}, "Incorrect token"), (AT_IN, {"key": None}, "Incorrect token"),
        (AT_REPORTS, {"key": "bad"}, "Incorrect token"),
        (RAPIDPRO, {"token": "Token bad"}, "Incorrect token"),
        (RAPIDPRO, {"token": None}, "Missing authorization token"),
        (RAPIDPRO, {"token": "token s3cret"}, "Missing authorization token"),
        (RAPIDPRO_1, {"token": "Basic s3cret"}, "Missing authorization token"),
    ],
)
def test_the_wrong_secret(api, secrets, path, wrong, message):
    answer = hook(api, path, {"id": "1"}, **wrong)
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (403, message, "text/plain")


@pytest.mark.writes
def test_africas_talking_brings_a_message(api, secrets):
    fields = {"linkId": "x", "text": "1!YYYZ!Sam#23#2015#ANC", "to": "123", "id": "at-1", "date": "2024-01-01",
              "from": PHONE}
    assert hook(api, AT_IN, fields).json() == {"saved": 1}
    assert hook(api, AT_IN, fields).json() == {"saved": 0}, "known already"
    assert hook(api, AT_IN, {"id": "at-2", "from": PHONE}).json() == {"saved": 0}
    assert hook(api, AT_IN, {}).json() == {"saved": 0}
    assert find(api, "at-1")["fields"]["nurse"] == "Sam"


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("status", "state"),
    [("Sent", "forwarded-by-gateway"), ("Submitted", "sent"), ("Buffered", "sent"), ("Success", "delivered"),
     ("Rejected", "failed"), ("Failed", "failed")],
)
def test_africas_talking_reports(api, secrets, status, state):
    outgoing(api, "at", {"messages": [{"to": PHONE, "message": "m", "uuid": "u"}], "state": "pending",
                         "gateway_ref": "ATXid_1"})
    fields = {"id": "ATXid_1", "status": status, "phoneNumber": PHONE, "failureReason": "UserInBlacklist"}
    assert hook(api, AT_REPORTS, fields).json() == {"saved": 1}
    assert hook(api, AT_REPORTS, fields).json() == {"saved": 0}, "nothing changed"
    (task,) = api.doc("at")["tasks"]
    assert (task["state"], task["state_details"], task["gateway_ref"]) == (state, "UserInBlacklist", "ATXid_1")
    assert hook(api, AT_REPORTS, {"id": "other", "status": status}).json() == {"saved": 0}


@pytest.mark.writes
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": "ATXid_1", "status": "Exploded"},
         'Unknown status code: "Exploded", gateway message reference: "ATXid_1"'),
        ({}, 'Unknown status code: "undefined", gateway message reference: "undefined"'),
    ],
)
def test_africas_talking_reports_nonsense(api, secrets, fields, message):
    answer = hook(api, AT_REPORTS, fields)
    assert (answer.status_code, answer.text) == (400, message)


@pytest.mark.mock_only
@pytest.mark.parametrize("path", [RAPIDPRO, RAPIDPRO_1, RAPIDPRO_FIXED])
def test_rapidpro_brings_a_message(api, secrets, path):
    fields = {"id": "rp-1", "from": PHONE, "content": "1!YYYZ!Sam#23#2015#ANC"}
    assert hook(api, path, fields).json() == {"saved": 1}
    assert find(api, "rp-1")["fields"]["nurse"] == "Sam"
    for refused in (fields, {"id": "rp-2"}, {}):
        answer = hook(api, path, refused)
        assert (answer.status_code, answer.text) == (400, "Message was not saved")


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("service", "options", "credential", "details", "reference"),
    [("africas-talking", {"africas_talking": {"username": "clinic"}}, "africastalking.com:outgoing", "Queued",
      "ATXid_[0-9a-f]{32}"),
     ("rapidpro", {"rapidpro": {"url": "https://textit.in"}}, "rapidpro:outgoing", "Queued", "[0-9]{7}")])
def test_a_service_takes_what_waits(frozen, mocksrv, secrets, service, options, credential, details, reference):
    """Right after a record, and once a minute; the mock calls nobody."""
    outgoing(frozen, "one", ("uuid-1", "pending"))
    frozen.put("/api/v1/settings", {"sms": {"outgoing_service": service} | options,
                                    "transitions": {"default_responses": True},
                                    "default_responses": {"start_date": "2020-01-01"}})
    mocksrv.clock.advance(90)
    assert states(frozen, "one") == [["pending"]], "without its credential it is not asked"
    frozen.put(f"/api/v1/credentials/{credential}", data=b"key", headers={"Content-Type": "text/plain"})
    mocksrv.clock.advance(30)
    assert states(frozen, "one") == [["pending"]]
    mocksrv.clock.advance(31)
    (task,) = frozen.doc("one")["tasks"]
    assert (task["state"], task["state_details"]) == ("received-by-gateway", details)
    assert re.fullmatch(reference, task["gateway_ref"])
    answer = frozen.post("/api/v2/records", data={"message": "hello", "from": PHONE}).json()
    (task,) = frozen.doc(answer["id"])["tasks"]
    assert task["state"] == "received-by-gateway"
    if service == "africas-talking":
        report = {"id": task["gateway_ref"], "status": "Success"}
        assert hook(frozen, AT_REPORTS, report).json() == {"saved": 1}
        assert states(frozen, answer["id"])[0][-1] == "delivered"


@pytest.mark.mock_only
def test_the_corrected_path_is_not_the_servers(strict, secrets):
    answer = hook(strict, RAPIDPRO_FIXED, {"id": "rp-1", "from": PHONE, "content": "x"})
    assert answer.status_code == 302
    found = strict.post(RAPIDPRO_FIXED, {"id": "rp-1"})
    assert (found.status_code, found.json()["reason"]) == (404, "Database does not exist.")
