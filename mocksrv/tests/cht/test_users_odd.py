"""Odd requests and odd documents: whatever comes, the answer is the vendor's and never a failure of our own."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config

AREA, AMINA = "area", "amina"  # a place and a person in it
ODD = st.sampled_from([
    None, True, False, 0, -1, 1.5, 10**30, "", "a", "\x00", "é", "\ud800", [], {}, [None], [5], ["chw"], {"a": 1},
    AREA, AMINA, [AREA], [AMINA, AREA], {"_id": AMINA}, {"_id": AREA}, {"_id": 5}, {"_id": ""}, "mm-online", ["_x"],
    "+254712345678", {"name": "X"}, {"name": 5}, {"name": "X", "type": "health_center", "parent": "district"},
    {"name": "X", "parent": []}, {"name": "X", "_rev": 5}, {"name": "X", "user_for_contact": {"create": "y"}},
    {"active": True, "token": "T"}, {"active": 1, "token": "T", "expiration_date": "x"}, [{"state": "pending"}],
    {"patient_id": AMINA}, {"enabled": True, "message": "{{name}}"}, {"enabled": True, "message": {"a": 1}},
    {"enabled": True, "translation_key": ["x"]}, [{"role": "chw", "depth": "x"}], [{"role": "chw", "depth": 1}],
])
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


class Server:
    def __init__(self, app):
        self.app, self.client = app, Client(app, use_cookies=False)

    def ask(self, method, path, body=None, data=None, kind="application/json", auth="admin:pass"):
        headers = {"Accept": "application/json"}
        if auth:
            headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = kind
        answer = self.client.open(f"/~odd{path}", method=method, headers=headers, data=data)
        assert "mocksrv itself failed" not in answer.headers.get("X-Mocksrv-Diagnosis", "")
        return answer

    def put(self, database, id, **fields):
        path = f"/{database}/{id}"
        rev = (self.ask("GET", path).json or {}).get("_rev")
        return self.ask("PUT", path, fields | ({"_rev": rev} if rev else {}))


@pytest.fixture(scope="module")
def server():
    app = create_app(Config(vendor=("cht",), size=0, limits=False))
    server = Server(app)
    server.put("medic", "district", type="district_hospital", name="District")
    server.put("medic", AREA, type="health_center", name="Area", parent={"_id": "district"})
    server.put("medic", AMINA, type="person", name="Amina", parent={"_id": AREA, "parent": {"_id": "district"}})
    yield server
    app.worlds.close()


@st.composite
def bodies(draw):
    """A good request with some properties replaced."""
    good = {"username": draw(st.text("abc", min_size=1, max_size=6)), "password": "Kisumu_2024", "roles": ["chw"],
            "place": AREA, "contact": AMINA}
    names = ["username", "password", "roles", "type", "place", "contact", "phone", "token_login", "fullname", "known",
             "_id", "facility_id"]
    return good | draw(st.dictionaries(st.sampled_from(names), ODD, max_size=4))


@QUICK
@given(body=bodies(), other=ODD, path=st.sampled_from(["v1/users", "v2/users", "v3/users", "v1/users/abc"]),
       many=st.booleans())
def test_odd_requests(server, body, other, path, many):
    server.ask("POST", f"/api/{path}", [body, other] if many else body)


@QUICK
@given(columns=st.lists(st.sampled_from(["username", "password", "type", "place", "contact", "contact.name", "roles",
                                         "place.name", "place.parent", "token_login", "phone", "", " a.b ", ":excluded",
                                         "import.status:excluded", "a:excluded.b"]), min_size=1, max_size=6),
       cells=st.lists(st.lists(st.sampled_from(["", "abc", AREA, AMINA, "Kisumu_2024", "TRUE", "gateway", '"x',
                                                "imported"]), max_size=8), max_size=3))
def test_odd_csv(server, columns, cells):
    text = "\n".join([",".join(columns), *map(",".join, cells)])
    server.ask("POST", "/api/v2/users", data=text.encode(), kind="text/csv")


@QUICK
@given(user=st.dictionaries(st.sampled_from(["facility_id", "contact_id", "token_login", "known"]), ODD),
       stored=st.dictionaries(st.sampled_from(["phone", "token_login", "fullname", "facility_id"]), ODD),
       link=st.dictionaries(st.sampled_from(["user", "tasks", "type"]), ODD),
       report=st.dictionaries(st.sampled_from(["form", "fields", "contact", "errors", "owner", "user",
                                               "patient_id"]), ODD),
       kind=st.sampled_from(["data_record", "target", "task", "person"]),
       configured=st.dictionaries(st.sampled_from(["token_login", "replication_depth", "sms", "app_url",
                                                   "locale_outgoing", "default_country_code",
                                                   "phone_validation"]), ODD))
def test_odd_documents(server, user, stored, link, report, kind, configured):
    names = {"name": "odd", "roles": ["chw"], "password": "Kisumu_2024"}
    server.put("_users", "org.couchdb.user:odd", **(names | user), type="user")
    server.put("medic", "org.couchdb.user:odd", **stored, type="user-settings")
    server.put("medic", "token:login:T", **{"user": "org.couchdb.user:odd", **link})
    server.put("medic", "report", **report, type=kind)
    doc = server.ask("GET", "/medic/settings").json
    before = dict(doc["settings"])
    server.put("medic", "settings", settings=before | configured)
    for path in ("v1/users", f"v2/users?facility_id={AREA}", "v2/users/odd",
                 f"v1/users-info?role=chw&facility_id={AREA}"):
        server.ask("GET", f"/api/{path}")
    server.ask("GET", "/api/v1/users-info", auth="odd:Kisumu_2024")
    server.ask("GET", "/api/v1/initial-replication/get-ids", auth="odd:Kisumu_2024")
    server.ask("POST", "/medic/login/token/T", {}, auth=None)
    for change in ({"token_login": True, "phone": "+254712345678"}, {"contact": AMINA},
                   {"token_login": False, "password": "Kisumu_2024"}):
        server.ask("POST", "/api/v1/users/odd", change)
    server.put("medic", "settings", settings=before)


@pytest.mark.parametrize("odd", [{"_id": 5}, [AMINA], True, 5, "10001"])
def test_odd_places_and_counts(server, odd):
    """What names the user's place, and what was counted for it the last time."""
    server.put("medic", "own", type="health_center", name="Own", parent={"_id": "district"}, place_id=odd)
    server.put("medic", "report", type="data_record", form="F", fields={"place_id": odd, "private": True},
               contact={"_id": AMINA})
    server.put("_users", "org.couchdb.user:placed", type="user", name="placed", roles=["chw"], facility_id="own",
               password="Kisumu_2024")
    server.put("medic", "org.couchdb.user:placed", type="user-settings")
    for count, date in ((odd, odd), (0, 0)):
        server.put("medic-logs", "replication-count-placed", count=count, date=date)
        for path in ("initial-replication/get-ids", "users-info"):
            assert server.ask("GET", f"/api/v1/{path}", auth="placed:Kisumu_2024").status_code == 200
    ids = server.ask("GET", "/api/v1/initial-replication/get-ids", auth="placed:Kisumu_2024").json["doc_ids_revs"]
    assert "own" in {one["id"] for one in ids}
