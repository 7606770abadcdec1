"""Laws of paging: every form and every case exactly once, whatever the page size, the order and the filter."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare.form_processor import processing
from mocksrv.vendors.commcare.form_processor.casexml import NAMESPACE

NUMBER = 37
KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}


@pytest.fixture(scope="module")
def client():
    """A world with forms and cases of which several came at the same moment."""
    app = create_app(Config(vendor=("commcare",), size=0))
    world = app.worlds["default"]
    for n in range(NUMBER):
        block = {"@case_id": f"c{n:02}", "@date_modified": f"2024-01-0{1 + n % 5}T00:00:00Z", "@user_id": f"u{n % 2}",
                 "@xmlns": NAMESPACE,
                 "create": {"case_type": f"t{n % 3}", "case_name": f"n{n}", "owner_id": f"o{n % 4}"}}
        form = {"#type": "data", "@xmlns": f"http://example.org/{n % 3}", "case": block,
                "meta": {"instanceID": f"f{n:02}", "userID": f"u{n % 2}"}}
        processing.store(world, "demo", form, received_on=f"2024-02-0{1 + n % 4}T00:00:00.000000Z")
    yield Client(app)
    app.worlds.close()


def get(client, path):
    response = client.get(path, headers=KEY)
    assert response.status_code == 200, response.text
    return json.loads(response.data)


ORDERS = st.sampled_from(["received_on", "server_modified_on", "indexed_on"]).flatmap(
    lambda name: st.sampled_from([name, f"-{name}"]))
FORM_FILTERS = st.sampled_from(["", "&xmlns=http://example.org/1", "&user_id=u1", "&received_on_start=2024-02-02",
                                "&received_on_end=2024-02-03&indexed_on_start=2000-01-01", "&include_archived=1"])


@given(st.integers(1, 50), st.lists(ORDERS, max_size=2), FORM_FILTERS)
@settings(max_examples=60)
def test_forms(client, limit, orders, filters):
    base = "/a/demo/api/v0.5/form/"
    query = "".join(f"&order_by={order}" for order in orders) + filters
    everything = get(client, f"{base}?limit=1000{query}")
    expected = [form["id"] for form in everything["objects"]]
    assert len(set(expected)) == len(expected) == everything["meta"]["total_count"]
    page, seen = f"?limit={limit}{query}", []
    while page:
        body = get(client, base + page)
        seen += [form["id"] for form in body["objects"]]
        assert body["meta"]["total_count"] == len(expected)
        assert len(body["objects"]) == limit or body["meta"]["next"] is None
        page = body["meta"]["next"]
    assert seen == expected
    for order in reversed(orders or ["-received_on"]):
        values = [form[order.removeprefix("-")] for form in everything["objects"]]
        if len(orders) < 2:
            assert values == sorted(values, reverse=order.startswith("-"))


CASE_FILTERS = st.sampled_from(["", "&case_type=t1", "&case_type=t1&case_type=t2", "&owner_id=o3", "&closed=false",
                                "&owner_id=o1&case_type=t0", "&last_modified.gte=2024-01-03", "&external_id=",
                                "&query=match-all()", "&fields=case_id,indexed_on"])


@given(st.integers(1, 50), CASE_FILTERS)
@settings(max_examples=60)
def test_cases_by_cursor(client, limit, filters):
    everything = get(client, f"/a/demo/api/case/v2/?limit=5000{filters}")
    expected = [case["case_id"] for case in everything["cases"]]
    assert everything["matching_records"] == len(set(expected)) == len(expected)
    assert everything["cases"] == sorted(everything["cases"], key=lambda case: (case["indexed_on"], case["case_id"]))
    url, seen = f"/a/demo/api/case/v2/?limit={limit}{filters}", []
    while url:
        body = get(client, url)
        seen += [case["case_id"] for case in body["cases"]]
        assert body["matching_records"] == len(expected)
        assert ("next" in body) is (len(body["cases"]) == limit)
        url = body.get("next", "").removeprefix("http://localhost")
    assert seen == expected


def test_archived_forms_are_left_out(client):
    """Unless `include_archived` is there, whatever it says."""
    world = client.application.worlds["default"]
    world.table("commcare.forms").update("f03", {"archived": True})
    shown = {form["id"] for form in get(client, "/a/demo/api/v0.5/form/?limit=0")["objects"]}
    every = {form["id"] for form in get(client, "/a/demo/api/v0.5/form/?limit=0&include_archived=false")["objects"]}
    assert every - shown == {"f03"}
    assert get(client, "/a/demo/api/v0.5/form/f03/")["archived"] is True
    assert len(get(client, "/a/demo/api/v0.5/form/?xmlns=http://example.org/0")["objects"]) == 12
    world.table("commcare.forms").update("f03", {"archived": False})


@pytest.mark.parametrize("path", ["v0.5/case/?closed=false&limit={}", "case/v2/?closed=false&limit={}"])
def test_the_next_page_looks_at_no_more_cases_than_it_shows(client, monkeypatch, path):
    """However many there are: what the first page found out holds for the whole walk, until something is written."""
    table = client.application.worlds["default"].table("commcare.cases")
    looked = []
    peek = type(table).peek
    monkeypatch.setattr(type(table), "peek", lambda self, id: looked.append(id) or peek(self, id))
    first = get(client, "/a/demo/api/" + path.format(5))
    following = first["next"].partition("?")[2] if "next" in first else first["meta"]["next"][1:]
    assert len(looked) >= NUMBER
    looked.clear()
    second = get(client, f"/a/demo/api/{path.partition('?')[0]}?{following}")
    assert first.get("matching_records") == second.get("matching_records")
    assert len([id for id in looked if id.startswith("c")]) <= 10
