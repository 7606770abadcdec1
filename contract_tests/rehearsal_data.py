"""What people have made of their services over the years, written to each at a base URL."""

import time
from collections.abc import Callable
from typing import Any

import requests
from carehq import APIClient

PASSWORD = "Kisumu_2024"
FORM = """<data name="Our form" version="3" uiVersion="1" xmlns="http://ours.example.org/{n}"><our_question>{n}</our_question>
<case case_id="our-case-{n}" date_modified="2025-01-02T03:04:05.000Z" user_id="{user}"
xmlns="http://commcarehq.org/case/transaction/v2"><create><case_type>our_type</case_type><case_name>Ours {n}</case_name>
<owner_id>{user}</owner_id></create><update><our_property>{n}</our_property></update></case></data>"""


def fill_carehq(url: str) -> None:
    """An agency's enquiries at four stages, with comments and visits; some of these were removed again."""
    call = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=url)
    channels = call("GET", "groups", params={"filters-group_type": "sales_channel"})["items"]
    homes = call("GET", "locations", params={"filters-services": "residential_home"})["items"]
    for n, stage in enumerate(("new", "contacted", "visit_booked", "placing") * 3):
        made = call("PUT", "care-enquiries", data={
            "first_name": f"Our {n}", "last_name": "Own", "funding_type": "private", "service": "residential_home",
            "sales_channel": channels[n % len(channels)]["_id"], "location": homes[n % len(homes)]["_id"],
            "email": f"our-{n}@example.org"})["_id"]
        call("PUT", "comments", data={"comment": f"We have called {n} times.", "care_enquiry": made})
        visits = [call("PUT", "home-visits", data={
            "care_enquiry": made, "date_time": f"2030-01-{n + 1:02}T1{hour}:00:00Z"})
                  for hour in (0, 4)]
        call("DELETE", f"home-visits/{visits[n % 2]['_id']}")
        call("PATCH", f"care-enquiries/{made}", data={"stage": stage})


def fill_commcare(url: str) -> None:
    """A project's own workers, groups, lookup tables, locations, forms and cases, with properties of its own."""
    hq = requests.Session()
    hq.trust_env = False
    hq.headers["Authorization"] = "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"

    def send(method: str, path: str, **given: Any) -> requests.Response:
        answer = hq.request(method, f"{url}/a/demo/{path}", timeout=60, **given)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    users = [send("POST", "api/user/v1/", json={
        "username": f"our_{n}", "password": PASSWORD, "first_name": "Our", "last_name": f"Worker {n}",
        "user_data": {"our_field": str(n)}}).json()["id"] for n in range(5)]
    send("POST", "api/group/v1/", json={"name": "Our group", "users": users[:3], "metadata": {"our_key": "ours"}})
    send("POST", "api/lookup_table/v1/", json={"tag": "our_table", "fields": [{"field_name": "our_column"}]})
    tables = send("GET", "api/lookup_table/v1/?limit=0").json()["objects"]
    table = next(one["id"] for one in tables if one["tag"] == "our_table")
    for n in range(10):
        send("POST", "api/lookup_table_item/v2/", json={
            "data_type_id": table, "fields": {"our_column": {"field_list": [{"field_value": str(n)}]}}})
    country = send("GET", "api/location/v2/?location_type_code=country").json()["objects"][0]["location_id"]
    for n in range(4):
        send("POST", "api/location/v2/", json={"name": f"Our region {n}", "location_type_code": "region",
                                               "parent_location_id": country})
    for n in range(25):
        send("POST", "receiver/api/", data=FORM.format(n=n, user=users[n % 5]), headers={"Content-Type": "text/xml"})
        send("POST", "api/case/v2/", json={"case_type": "our_other", "case_name": f"Other {n}", "owner_id": users[0],
                                           "external_id": f"our-{n}", "properties": {"our_property": str(n)}})


def fill_cht(url: str) -> None:
    """A project's own settings, languages, places, people, users, reports and conflicts."""
    cht = requests.Session()
    cht.auth, cht.trust_env = ("admin", "pass"), False

    def send(method: str, path: str, body: Any) -> dict[str, Any]:
        answer = cht.request(method, url + path, json=body, headers={"Accept": "application/json"}, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    # The first login in a browser makes the admin's documents
    cht.post(f"{url}/medic/login", json={"user": "admin", "password": "pass"}, allow_redirects=False, timeout=60)
    cht.cookies.clear()
    doc = cht.get(f"{url}/medic/settings", timeout=60).json()
    configure(doc["settings"])
    send("PUT", "/medic/settings", doc)
    time.sleep(1)  # until the server goes by them
    send("PUT", "/medic/messages-xx", {"type": "translations", "code": "xx", "name": "Ours", "generic": {"a": "b"},
                                       "custom": {"our.key": "our text"}})
    send("PUT", "/medic/form:ours", {"type": "form", "internalId": "ours", "title": "Ours"})

    parent, places = None, []
    for kind in ("district_hospital", "health_center", "clinic"):
        place = {"type": kind, "name": f"Our {kind}"} | ({"parent": parent} if parent else {})
        parent = send("POST", "/api/v1/places", place)["id"]
        places.append(parent)
    people = [send("POST", "/api/v1/people", {"name": f"Our person {n}", "place": places[2],
                                              "phone": f"+2547110{n:05}"})["id"] for n in range(20)]
    worker = send("POST", "/api/v1/people", {"name": "Our worker", "place": places[1], "phone": "+254711099999"})["id"]
    for name, role, place in (("our_chw", "chw", places[1]), ("our_supervisor", "our_supervisor", places[0])):
        send("POST", "/api/v1/users", {"username": name, "password": PASSWORD, "roles": [role], "place": place,
                                       "contact": worker})

    send("POST", "/api/v1/records", {"_meta": {"form": "OURS", "from": "+254711099999"}, "n": 3})
    send("POST", "/api/sms", {"messages": [{"id": f"our-{n}", "from": "+254711000003", "content": f"Hello {n}"}
                                           for n in range(5)]})
    reports = [{"type": "data_record", "form": "our_visit", "content_type": "xml", "contact": {"_id": worker},
                "reported_date": 1_700_000_000_000 + n, "verified": (True, False, None)[n % 3],
                "fields": {"patient_uuid": people[n % 20], "note": f"our words {n}"}} for n in range(30)]
    send_all = {"docs": [*reports, {"type": "task", "user": "org.couchdb.user:our_chw", "owner": people[0],
                                    "state": "Ready", "authoredOn": 1_700_000_000_000}]}
    cht.post(f"{url}/medic/_bulk_docs", json=send_all, timeout=60).raise_for_status()
    conflict = [{"_id": "our-conflict", "_rev": f"1-{letter * 32}", "from": letter} for letter in "ab"]
    cht.post(f"{url}/medic/_bulk_docs", json={"new_edits": False, "docs": conflict}, timeout=60).raise_for_status()
    gone = send("POST", "/medic", {"type": "data_record", "form": "our_mistake"})
    cht.delete(f"{url}/medic/{gone['id']}?rev={gone['rev']}", timeout=60).raise_for_status()
    send("PUT", "/medic-users-meta/feedback-ours", {
        "type": "feedback", "info": {"message": "it broke"}, "meta": {
            "time": "2026-01-01T00:00:00.000Z", "user": {"name": "our_chw"}, "url": "/#/home", "version": "4.15.0"}})


def configure(settings: dict[str, Any]) -> None:
    """A role, contact types, a form and keys that no other project has."""
    settings["roles"]["our_supervisor"] = {"name": "Our supervisor"}
    for permission in ("can_edit", "can_view_contacts", "can_view_reports", "can_create_people"):
        settings["permissions"][permission].append("our_supervisor")
    kind = dict.fromkeys(("name_key", "group_key", "create_key", "edit_key"), "our.key")
    settings["contact_types"] += [{"id": "our_household", "parents": ["clinic"], **kind},
                                  {"id": "our_member", "parents": ["our_household"], "person": True, **kind}]
    settings["forms"]["OURS"] = {"meta": {"code": "OURS", "label": {"en": "Ours"}}, "public_form": True, "fields": {
        "n": {"type": "integer", "labels": {"short": {"en": "N"}}, "required": True, "position": 0}}}
    settings |= {"default_country_code": "+254", "our_own": {"key": [1, 2, {"deep": None}]}}


FILL: dict[str, Callable[[str], None]] = {"carehq": fill_carehq, "commcare": fill_commcare, "cht": fill_cht}
