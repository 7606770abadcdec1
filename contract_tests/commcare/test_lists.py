"""Every list and detail: its schema, its two URL schemes, its paging laws; and the accounts of those lists."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from mocksrv.vendors.commcare import vendor

SOURCE, REPORT = "d5c4b3a2918070605040302010f0e0d0", "5e9a1c0b7d8f46e2a3b4c5d6e7f80912"
NEEDED = {"ucr": {"data_source_id": SOURCE}}
LISTS = {op.name: op for op in vendor.operations
         if op.method == "GET" and "meta" in getattr(op.schema("response"), "_declared_fields", ())}
PAGED = sorted(set(LISTS) - {"list_applications", "list_reports", "list_data_sources", "list_device_logs",
                             "list_action_times", "list_user_domains",
                             "list_messaging_events", "list_rows", "list_domain_forms", "list_bulk_users"})


def urls(operation):
    """The paths of an operation below `/a/demo/api/`, or from the root."""
    return [path.replace(r"/a/{domain:[\w.:-]+}/api/", "") for path in operation.paths]


def ask(hq, path, **params):
    url = hq.url + path if path.startswith("/") else hq.path(f"api/{path}")
    response = hq.session.get(url, params=params | NEEDED.get(path.split("/")[1], {}) | NEEDED.get(
        path.split("/")[0], {}), timeout=30)
    assert response.status_code == 200, (path, response.text)
    return response.json()


def needed(hq, name):
    if name == "list_domain_forms":
        return {"application_id": hq.get("v0.5/application/").json()["objects"][0]["id"]}
    return {}


TABLE = "a" * 32
FILLED_FIRST = ("list_fixtures", "list_lookup_items", "list_lookup_tables")  # a new domain has no lookup tables


@pytest.mark.parametrize("name", sorted(LISTS))
def test_schema(hq, name, target, live_setting):
    operation = LISTS[name]
    if target == "live" and name == "list_rows":
        NEEDED["ucr"] = {"data_source_id": live_setting("COMMCARE_DATA_SOURCE")}
    if target == "mock" and name in FILLED_FIRST:
        assert hq.post("lookup_table/v1/", {"tag": "fruit", "id": TABLE}).status_code == 500  # and stored
        assert hq.post("lookup_table_item/v1/", {"data_type_id": TABLE}).status_code == 201
    for path in urls(operation):
        body = ask(hq, path, **needed(hq, name))
        assert operation.schema("response")().validate(body) == {}, path
        assert body["objects"] or target == "live", path


DETAILS = {op.name: op for op in vendor.operations
           if op.method == "GET" and "meta" not in getattr(op.schema("response"), "_declared_fields", ("meta",))
           and any("{pk" in path or "{id}" in path for path in op.paths) and op.name != "get_report_data"}


@pytest.mark.parametrize("name", sorted(DETAILS))
def test_detail(hq, name):
    operation = DETAILS[name]
    for path in urls(operation):
        listing = path[: path.index("{")]
        for item in ask(hq, listing)["objects"][:3]:
            key = "location_id" if "/location/" in f"/{listing}" else "id"
            detail = ask(hq, f"{listing}{item[key]}/")
            assert operation.schema("response")().validate(detail) == {}, path
            assert item.items() <= detail.items()


@pytest.mark.parametrize("name", PAGED)
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_paging(hq, name, limit):
    path = urls(LISTS[name])[0]
    whole = ask(hq, path, limit=1000)["objects"]
    seen, params = [], {"limit": limit}
    while params is not None:
        body = ask(hq, path, **params)
        assert body["meta"]["total_count"] == len(whole)
        seen += body["objects"]
        following = body["meta"]["next"]
        params = following and dict(parse_qsl(following[1:], keep_blank_values=True))
    assert seen == whole


def test_lists_without_pages(hq):
    for name in ("application", "simplereportconfiguration", "ucr_data_source"):
        body = hq.get(f"v0.5/{name}/", limit="x", offset="-1").json()
        if name == "application":
            assert body["meta"] == {"limit": None, "next": None, "offset": 0, "previous": None,
                                    "total_count": len(body["objects"])}
        else:
            assert body["meta"] == {"total_count": len(body["objects"])}


def test_device_logs_are_never_counted(hq):
    meta = hq.get("v0.5/device-log/", offset=1000, limit=10).json()["meta"]
    assert meta == {"limit": 10, "next": "?limit=10&offset=1010", "offset": 1000, "previous": "?limit=10&offset=990",
                    "total_count": None}
    log = hq.get("v0.5/device-log/").json()["objects"][0]
    for name in ("user_id", "username", "type", "xform_id", "device_id"):
        found = hq.get("v0.5/device-log/", **{name: log[name]}).json()["objects"]
        assert all(other[name] == log[name] for other in found)
    assert hq.get("v0.5/device-log/", date=log["date"][:10]).json()["objects"]


def test_default_page_of_fixtures(hq):
    assert hq.get("v0.5/fixture/").json()["meta"]["limit"] == 1000


@pytest.mark.parametrize(("path", "limit"), [("domain_cases", 100), ("bulk-user", 20), ("domain_usernames", 20)])
def test_default_limits(hq, path, limit):
    assert hq.get(f"v0.5/{path}/").json()["meta"]["limit"] == limit


@pytest.mark.parametrize("path", ["domain_cases", "domain_usernames"])
def test_plain_content_type(hq, path):
    assert hq.get(f"v0.5/{path}/").headers["Content-Type"] == "application/json"


# --- applications ------------------------------------------------------------------------------------------


def test_applications(hq):
    first, second = hq.get("v0.5/application/").json()["objects"]
    assert (first["name"], second["name"]) == ("Maternal Health", "Stock")
    assert (first["built_on"], first["built_from_app_id"], second["versions"]) == (None, None, [])
    build = hq.get(f"v0.5/application/{first['versions'][0]['id']}/").json()
    assert (build["built_from_app_id"], build["versions"], build["version"]) == (first["id"], [], 12)
    assert not build["built_on"].endswith("Z")
    assert first["versions"][0]["built_on"].endswith("Z")
    full = hq.get(f"v0.5/application/{first['id']}/", extras="true", format="json").json()
    assert (full["doc_type"], full["_id"]) == ("Application", first["id"])
    form = full["modules"][0]["forms"][0]
    assert (form["name"]["en"], form["xmlns"].startswith("http://")) == ("Register Household", True)
    types = {item["case_type"] for item in hq.get("v0.5/domain_cases/").json()["objects"]}
    assert {module["case_type"] for module in full["modules"]} <= types
    forms = hq.get("v0.5/domain_forms/", application_id=first["id"]).json()["objects"]
    assert forms[0] == {"form_name": "Maternal Health > Households > Register Household",
                        "form_xmlns": form["xmlns"]}
    for params in ({}, {"application_id": "nothing"}):
        assert hq.get("v0.5/domain_forms/", **params).status_code == 404


# --- locations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["v0.5/{}/", "{}/v1/"])
def test_locations_and_types_join_by_url(hq, scheme):
    types = ask(hq, scheme.format("location_type"))["objects"]
    places = ask(hq, scheme.format("location"), limit=1000)["objects"]
    uris = {place["resource_uri"] for place in places}
    assert {place["location_type"] for place in places} == {kind["resource_uri"] for kind in types}
    assert {place["parent"] for place in places if place["parent"]} < uris
    assert [kind["parent"] for kind in types] == [None, *(kind["resource_uri"] for kind in types[:-1])]
    assert all(uri.startswith(hq.url) for uri in uris)
    assert hq.session.get(places[-1]["parent"], timeout=30).json()["resource_uri"] == places[-1]["parent"]
    assert "Old Clinic" not in {place["name"] for place in places}


LOOKUPS = [
    ("site_code={site_code}", lambda place, one: place["site_code"] == one["site_code"]),
    ("external_id={external_id}", lambda place, one: place["external_id"] == one["external_id"]),
    ("created_at__gte={created_at}", lambda place, one: place["created_at"] >= one["created_at"]),
    ("last_modified__lt={last_modified}", lambda place, one: place["last_modified"] < one["last_modified"]),
    ("created_at__range={created_at},2030-01-01", lambda place, one: place["created_at"] >= one["created_at"]),
    pytest.param("created_at__year=2024", lambda place, one: True, marks=pytest.mark.mock_only),
    ("latitude__gt=0", lambda place, one: place["latitude"] is not None and float(place["latitude"]) > 0),
    ("latitude__isnull=true", lambda place, one: place["latitude"] is None),
    pytest.param("longitude__in={longitude}", lambda place, one: place["longitude"] == one["longitude"],
                 marks=pytest.mark.mock_only),
    ("unknown=1&unknown__gt=2", lambda place, one: True),
]


@pytest.mark.parametrize(("query", "expected"), LOOKUPS)
def test_location_filters(hq, query, expected):
    everything = hq.get("v0.5/location/", limit=1000).json()["objects"]
    clinic = everything[-2]
    found = hq.call("GET", f"api/v0.5/location/?limit=1000&{query.format(**clinic)}").json()["objects"]
    assert [place["id"] for place in found] == [place["id"] for place in everything if expected(place, clinic)]
    assert found


@pytest.mark.parametrize(("query", "text"), [
    ("name=x", "The 'name' field does not allow filtering."),
    ("parent=x", "The 'parent' field does not allow filtering."),
    ("site_code__lt=x", "'lt' is not an allowed filter on the 'site_code' field."),
    ("site_code__name=x", "The 'site_code' field does not support relations."),
    ("latitude__gt=north", "['“north” value must be a decimal number.']"),
    ("created_at__year=x", "Invalid resource lookup data provided (mismatched type)."),
    ("order_by=name", "The 'name' field does not allow ordering."),
    ("order_by=-bogus", "No matching 'bogus' field for ordering on."),
])
def test_location_filters_that_are_refused(hq, query, text):
    response = hq.call("GET", f"api/v0.5/location/?{query}")
    assert (response.status_code, response.json()) == (400, {"error": text})


def test_a_pattern_that_runs_away_is_stopped(hq):
    assert hq.get("v0.5/location/", created_at__regex=r"(.+)+x").json()["objects"] == []
    assert hq.get("v0.5/location/", created_at__regex=r"^\d{4}-").json()["objects"]


# --- lists with cursors ------------------------------------------------------------------------------------


def walk(hq, first, **params):
    """All pages of a list with cursors, until `next` is null; follows absolute URLs."""
    pages, url = [], first
    while url:
        body = hq.session.get(url, params=params, timeout=30).json()
        pages.append(body["objects"])
        url, params = body["meta"]["next"], {}
        assert url is None or urlsplit(url).netloc == urlsplit(hq.url).netloc
    return pages


@pytest.mark.parametrize("limit", [1, 3, 1000])
@pytest.mark.parametrize("order", ["date_last_activity", "-date_last_activity"])
def test_events_by_cursor(hq, limit, order):
    """`next` is null only when the page is empty."""
    url = hq.path("api/v0.5/messaging-event/")
    pages = walk(hq, url, limit=limit, order_by=order, status="completed")
    events = [event for page in pages for event in page]
    dates = [event["date_last_activity"] for event in events]
    assert dates == sorted(dates, reverse=order.startswith("-"))
    assert len({event["id"] for event in events}) == len(events) > 3
    assert pages[-1] == []
    assert {event["status"] for event in events} == {"completed"}


def test_events_keep_their_order_of_keys(hq):
    response = hq.get("v0.5/messaging-event/")
    assert response.headers["Content-Type"] == "application/json"
    assert response.text.startswith('{"objects": [{"id": ')
    event = response.json()["objects"][0]
    assert list(event) == ["id", "content_type", "date", "date_last_activity", "case_id", "domain", "error", "form",
                           "messages", "recipient", "source", "status"]
    assert list(event["messages"][0])[:3] == ["message_id", "date", "date_modified"]


@pytest.mark.parametrize(("query", "expected"), [
    ({"content_type": "email,nonsense"}, lambda event: event["content_type"] == "email"),
    ({"content_type": "nonsense"}, lambda event: True),
    ({"source": "conditional-alert,reminder"}, lambda event: True),
    ({"source": "broadcast"}, lambda event: False),
    ({"status": "error"}, lambda event: event["status"] == "error"),
    ({"error_code": "GATEWAY_ERROR"}, lambda event: event["error"] is not None),
    ({"phone_number": "25471000"}, lambda event: event["content_type"] == "sms"),
    ({"email_address": "@example"}, lambda event: event["content_type"] == "email"),
    ({"date.gte": "2025-06-01"}, lambda event: event["date"] >= "2025-06-01"),
    ({"date.gte": "Jun 1 2025"}, lambda event: event["date"] >= "2025-06-01"),  # whatever dateutil reads
    ({"date_last_activity.lt": "2025-06-01T00:00:00"}, lambda event: event["date"] < "2025-06-01"),
])
def test_event_filters(hq, query, expected):
    everything = hq.get("v0.5/messaging-event/", limit=1000).json()["objects"]
    found = hq.get("v0.5/messaging-event/", limit=1000, **query).json()["objects"]
    assert [event["id"] for event in found] == [event["id"] for event in everything if expected(event)]


def test_a_date_alone_lasts_until_midnight(hq):
    first = hq.get("v0.5/messaging-event/", limit=1).json()["objects"][0]
    found = hq.get("v0.5/messaging-event/", **{"date.lte": first["date"][:10]}).json()["objects"]
    assert found[0] == first
    case = hq.get("v0.5/messaging-event/", case_id=first["case_id"]).json()["objects"]
    assert case == [first]


@pytest.mark.parametrize(("query", "text"), [
    ({"limit": "0"}, "Invalid limit '0' provided. Please provide a positive integer."),
    ({"limit": "-3"}, "Invalid limit '-3' provided. Please provide a positive integer."),
    ({"limit": "x"}, "Invalid limit 'x' provided. Please provide a positive integer."),
    ({"order_by": "name"}, "No matching 'name' field for ordering"),
    ({"status": "great"}, "'great' is an invalid value for the 'status' filter"),
    ({"date.foo": "2020-01-01"}, "'foo' is not a valid type of date range."),
    ({"date.gt": "x"}, "Cannot parse datetime 'x'"),
    ({"cursor": "x"}, "Invalid cursor"), ({"cursor": "YT1i"}, "Invalid cursor"),
])
def test_events_refused(hq, query, text):
    response = hq.get("v0.5/messaging-event/", **query)
    assert (response.status_code, response.json()) == (400, {"error": text})


def test_a_date_on_which_hq_itself_fails(hq):
    assert hq.get("v0.5/messaging-event/", **{"date.gt": "9" * 20}).status_code == 500


def test_events_limit_is_capped(hq):
    assert hq.get("v0.5/messaging-event/", limit=9999).json()["meta"]["limit"] == 1000
    assert hq.get("v0.5/messaging-event/x/").status_code == 404


@pytest.fixture
def source(hq):
    """The id of a data source of the domain."""
    return hq.get("ucr_data_source/v1/").json()["objects"][0]["id"]


@pytest.mark.parametrize("limit", [4, 1_000, 10_000])
def test_rows_by_cursor(hq, source, limit):
    """`next` is there while a page has rows, even on the last one."""
    pages = walk(hq, hq.path("api/v0.5/ucr/"), data_source_id=source, limit=limit)
    rows = [row for page in pages for row in page]
    assert len({row["id"] for row in rows}) == len(rows) > 3
    assert pages[-1] == []
    assert list(rows[0])[:3] == ["id", "doc_id", "inserted_at"]


@pytest.mark.parametrize(("params", "limit"), [({}, 1000), ({"limit": 5}, "5"), ({"limit": 99999}, 10_000)])
def test_rows_repeat_the_limit_as_text(hq, source, params, limit):
    assert hq.get("v0.5/ucr/", data_source_id=source, **params).json()["meta"]["limit"] == limit


@pytest.mark.writes
def test_rows_refused(hq, source):
    response = hq.get("v0.5/ucr/")
    assert (response.status_code, response.text) == (400, "Missing data_source_id parameter")
    assert hq.get("v0.5/ucr/", data_source_id="nothing").status_code == 404
    for query in ({"limit": "x"}, {"cursor": "%%"}, {"limit": "0"}):
        assert hq.get("v0.5/ucr/", data_source_id=source, **query).status_code == 400
    assert hq.call("POST", "api/v0.5/ucr/").json() == {"error": "Request method not allowed"}


# --- reports, hours, exports -------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_report_pages(hq):
    path = f"v0.5/configurablereportdata/{REPORT}/"
    whole = hq.get(path).json()
    assert whole["resource_uri"] == f"/a/{hq.name}/api/{path}?offset=0&limit=50"
    assert whole["next_page"] == ""
    assert len(whole["data"]) == whole["total_records"] > 3
    assert [column["slug"] for column in whole["columns"]] == ["name", "visits", "registered"]
    rows, url = [], f"/a/{hq.name}/api/{path}?limit=3&visits-operator=%3E%3D&visits-operand=0"
    while url:
        body = hq.session.get(hq.url + url, timeout=30).json()
        rows += body["data"]
        url = body["next_page"]
    assert rows == whole["data"]


@pytest.mark.mock_only
def test_report_filters(hq):
    path = f"v0.5/configurablereportdata/{REPORT}/"
    everything = hq.get(path).json()["data"]
    names = [everything[0]["name"], everything[2]["name"]]
    assert [row["name"] for row in hq.get(path, name="\x1f".join(names)).json()["data"]] == [
        row["name"] for row in everything if row["name"] in names]
    found = hq.get(path, **{"visits-operator": "<", "visits-operand": "2"}).json()["data"]
    assert found == [row for row in everything if row["visits"] < 2]
    found = hq.get(path, **{"registered-start": "2025-03-01", "registered-end": "2025-06-30"}).json()["data"]
    assert found == [row for row in everything if "2025-03-01" <= row["registered"] < "2025-07-01"]
    for query, text in (({"offset": "x"}, "start must be a positive integer."),
                        ({"limit": 51}, "Limit may not exceed 50."),
                        ({"limit": "-1"}, "limit must be a positive integer.")):
        response = hq.get(path, **query)
        assert (response.status_code, response.json()) == (400, {"error": text})


@pytest.mark.writes
@pytest.mark.mock_only
def test_data_source_is_changed(hq):
    path = f"v0.5/ucr_data_source/{SOURCE}/"
    changed = hq.put(path, {"display_name": "Renamed"})
    assert (changed.status_code, changed.json()["display_name"]) == (200, "Renamed")
    assert hq.get(path).json() == changed.json()
    response = hq.put(path, {"configured_indicators": {}})
    assert response.status_code == 500
    assert response.json()["error"].startswith("Invalid data source! Details: ")


def test_action_times(hq):
    body = hq.get("v0.5/action_times/", local_timezone="Africa/Nairobi").json()
    assert body["meta"] == {"limit": 10_000, "local_date_timezone": "Africa/Nairobi", "next": None, "offset": 0,
                            "previous": None, "total_count": len(body["objects"])}
    seen, params = [], [("limit", 3)]
    while params:
        page = hq.get_pairs("v0.5/action_times/", params)
        assert page["meta"]["total_count"] == len(body["objects"])
        seen += page["objects"]
        params = page["meta"]["next"] and parse_qsl(page["meta"]["next"][1:])
    assert [action["UTC_start_time"] for action in seen] == [a["UTC_start_time"] for a in body["objects"]]
    users = list({action["user"] for action in body["objects"]})[:2]
    found = hq.get("v0.5/action_times/", users=users).json()["objects"]
    assert {action["user"] for action in found} == set(users)
    day = body["objects"][0]["local_date"]
    assert {action["local_date"] for action in hq.get("v0.5/action_times/", **{"local_date.lte": day}).json()["objects"]
            } == {day}
    start = body["objects"][5]["UTC_start_time"]
    assert len(hq.get("v0.5/action_times/", UTC_start_time_start=start).json()["objects"]) == len(seen) - 5


@pytest.mark.parametrize(("query", "status", "text"), [
    ({"limit": "0"}, 400, "limit must be a positive integer."),
    ({"limit": "10001"}, 400, "Limit may not exceed 10000."),
    ({"local_date.gt": "x"}, 400, "Cannot parse datetime 'x'"), ({"cursor": "x"}, 400, "Invalid cursor"),
    ({"typo": "x"}, 500, None), ({"local_timezone": "Mars/Base"}, 500, None),
])
@pytest.mark.parametrize("domain", ["demo", "exi-training"])
def test_action_times_refused(hq, domain, query, status, text):
    """Whether or not there are any actions to filter."""
    hq.name = domain
    response = hq.get("v0.5/action_times/", **query)
    assert response.status_code == status
    assert response.json().get("error") == text


def test_exports_of_forms_come_first(hq):
    exports = hq.get("det_export_instance/v1/").json()["objects"]
    assert [(export["type"], export["xmlns"] is None, export["case_type"] is None) for export in exports] == [
        ("form", False, True), ("case", True, False)]
    assert hq.get("det_export_instance/v1/nothing/").status_code == 404
    assert hq.get("v0.5/det_export_instance/").status_code == 404


@pytest.mark.mock_only
def test_bulk_users(hq):
    (amina,) = hq.get("v0.5/bulk-user/", q="amina", fields=["username", "id"]).json()["objects"]
    assert amina == {"id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "username": "amina@demo.commcarehq.org"}
    page = hq.get("bulk-user/v1/", limit=2).json()
    assert (page["meta"]["total_count"], page["meta"]["next"], len(page["objects"])) == (2, None, 2)
    assert [len(hq.get("bulk-user/v1/", limit=2, offset=offset).json()["objects"]) for offset in (1, 2)] == [1, 0]
    for path in ("bulk-user/v1/?limit=x", "bulk-user/v1/0a1b2c3d4e5f60718293a4b5c6d7e8f9/"):
        assert hq.get(path).status_code == 500
    response = hq.get("v0.5/bulk-user/", fields="password")
    assert (response.status_code, response.json()) == (400, {"error": "password is not a valid field"})


# --- who and where -----------------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_identity_and_domains(hq):
    for path in ("/api/v0.5/identity/", "/api/identity/v1/"):
        response = hq.session.get(hq.url + path, timeout=30)
        assert response.headers["Content-Type"] == "application/json"
        assert response.json() == {"email": "brudolph@dimagi.com", "first_name": "Ben", "last_name": "Rudolph",
                                   "id": "b8a1f4f2c1d94f27a4d2b6f0a5d7c3e1", "username": "brudolph@dimagi.com"}
    url = f"{hq.url}/api/v0.5/user_domains/"
    for query in ({}, {"can_view_reports": "true"}, {"feature_flag": "ucr"}):
        body = hq.session.get(url, params=query, timeout=30).json()
        assert body["objects"] == [{"domain_name": "exi-training", "project_name": "EXI Training"},
                                   {"domain_name": "demo", "project_name": "Demo"}]
    response = hq.session.get(url, params={"feature_flag": "x"}, timeout=30)
    assert (response.status_code, response.json()) == (400, {"error": "'x' is not a valid feature flag"})


def test_analytics_roles(hq):
    assert hq.get("analytics-roles/v1/").json() == {"permissions": {"can_edit": True, "can_view": True},
                                                    "resource_uri": "", "roles": []}


@pytest.mark.mock_only
@pytest.mark.parametrize("path", ["v0.3/product/", "location_internal/v1/", "v0.5/fixture_internal/"])
def test_real_but_not_simulated(hq, path):
    response = hq.get(path)
    assert response.status_code == 501
    assert "does not simulate" in response.headers["X-Mocksrv-Diagnosis"]


# --- OData -------------------------------------------------------------------------------------------------

FEEDS = {"cases": "0da7a000000000000000000000000001", "forms": "0da7a000000000000000000000000002"}


@pytest.mark.parametrize("scheme", ["v0.5/odata/{kind}/{id}/", "odata/{kind}/v1/{id}/", "v0.5/odata/{kind}/{id}/0/"])
@pytest.mark.parametrize("kind", FEEDS)
@pytest.mark.mock_only
def test_odata(hq, kind, scheme):
    root = scheme.format(kind=kind, id=FEEDS[kind])
    service = hq.get(root)
    assert service.headers["OData-Version"] == "4.0"
    assert service.json() == {"@odata.context": service.json()["@odata.context"],
                              "value": [{"name": "feed", "kind": "EntitySet", "url": "feed"}]}
    metadata = hq.session.get(service.json()["@odata.context"], timeout=30)
    assert (metadata.status_code, metadata.headers["Content-Type"]) == (200, "application/xml")
    key = f"{kind[:-1]}id"
    whole = hq.get(f"{root}feed").json()
    assert list(whole) == ["@odata.context", "value"]
    assert whole["@odata.context"] == service.json()["@odata.context"] + "#feed"
    for row in whole["value"]:
        assert list(row) == sorted(row)
        assert all(f'Name="{name}"' in metadata.text for name in row)
    rows, url = [], hq.path(f"api/{root}feed/?limit=2")
    while url:
        body = hq.session.get(url, timeout=30).json()
        rows += body["value"]
        url = body.get("@odata.nextLink")
    assert rows == whole["value"]
    assert len({row[key] for row in rows}) == len(rows) > 3


@pytest.mark.mock_only
def test_odata_logins_and_misses(hq):
    url = hq.path(f"api/v0.5/odata/cases/{FEEDS['cases']}/feed")
    missing = requests.get(url, timeout=30)
    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, 'Basic realm=""')
    assert requests.get(url, auth=(hq.username, "password"), timeout=30).status_code == 200
    for path in (f"forms/{FEEDS['cases']}/feed", "cases/nothing/feed", f"cases/{FEEDS['cases']}/3/feed"):
        assert hq.get(f"v0.5/odata/{path}").status_code == 404


# --- what is switched off ----------------------------------------------------------------------------------


@pytest.mark.mock_only
@pytest.mark.parametrize(("path", "status", "answer"), [
    ("v0.5/location/", 403, ""), ("location_type/v1/", 403, ""), ("location/v2/", 403, ""), ("v0.5/ucr/", 403, ""),
    ("v0.5/ucr_data_source/", 401, '{"error": "You don\'t have permission to access this API"}'),
    ("v0.5/action_times/", 403, '{"error": "You don\'t have permission to access this API"}'),
    ("analytics-roles/v1/", 404, ""), ("v0.5/odata/cases/x/feed", 404, "Feature flag not enabled."),
])
def test_features_that_are_off(hq, mocksrv, path, status, answer):
    mocksrv.set(commcare_features="strong_mobile_passwords")
    response = hq.get(path)
    assert (response.status_code, response.text) == (status, answer)
    weak = hq.post("v0.5/user/", {"username": "weak", "password": "short"})
    assert weak.status_code == 201  # errors of a creation are dropped
    user = f"v0.5/user/{weak.json()['id']}/"
    assert "Password is not strong enough." in hq.put(user, {"password": "short"}).text
    assert hq.put(user, {"password": "long enough"}).status_code == 200


@pytest.mark.mock_only
def test_any_domain_can_be_of_2015(hq, mocksrv):
    mocksrv.set(commcare_era_2015="demo")
    case = hq.get("v0.5/case/", limit=1).json()["objects"][0]
    assert len(case) == 13
    assert case["server_date_modified"][10] == " "
    assert case["properties"]["date_opened"][10] == "T"
    assert not case["properties"]["date_opened"].endswith("Z")
    assert len(hq.get("v0.5/user/").json()["objects"][0]) == 10
