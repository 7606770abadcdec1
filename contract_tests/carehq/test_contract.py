"""What any CareHQ must do, the mock as well as a live sandbox, whatever data it holds."""

import time

import pytest
from carehq import APIClient
from carehq.exceptions import APIException, Forbidden, InvalidRequest, NotFound, Unauthorized

from mocksrv.vendors.carehq.catalogue import RESOURCES

DOCUMENTED = [resource for resource in RESOURCES.values() if resource.documented]
UNKNOWN_ID = "0123456789abcdef01234567"


@pytest.fixture(params=DOCUMENTED, ids=lambda resource: resource.slug)
def resource(request):
    return request.param


def test_a_list_without_arguments_shows_ids(api, check, resource):
    answer = check(f"list_{resource.slug.replace('-', '_')}", api("GET", resource.slug))
    assert (answer["page"], answer["per_page"]) == (1, 10)
    assert len(answer["items"]) == min(10, answer["item_count"])
    assert all(item.keys() == {"_id"} for item in answer["items"])
    assert api.client.rate_limit > api.client.rate_limit_remaining >= 0 or api.client.rate_limit_remaining == 10
    assert abs(api.client.rate_limit_reset - time.time()) < 300  # by CareHQ's clock, which may be another


def test_documented_attributes_are_shown(api, check, resource):
    names = [a.name for a in resource.attributes.values() if a.source == "docs"]
    answer = check(f"list_{resource.slug.replace('-', '_')}", api("GET", resource.slug, {"attributes": names}))
    assert all(set(item) <= {"_id", *names} for item in answer["items"])
    if answer["items"]:
        one = answer["items"][0]
        assert api("GET", f"{resource.slug}/{one['_id']}", {"attributes": names}) == one


def test_documented_filters_are_taken(api, resource):
    values = {"ids": UNKNOWN_ID, "datetime": "2020-01-01 00:00:00", "date": "2020-01-01", "keyword": "xyzzy",
              "tristate": "unset"}
    for wanted in resource.filters.values():
        if wanted.source in ("docs", "sdk"):
            answer = api("GET", resource.slug, {f"filters-{wanted.name}": values[wanted.kind]})
            assert answer["item_count"] >= len(answer["items"])


def test_pages_follow_each_other(api):
    first = api("GET", "groups", {"per_page": 2, "sort_by": "_id"})
    assert first["page_count"] == max(1, -(-first["item_count"] // 2))
    if first["page_count"] > 1:
        second = api("GET", "groups", {"per_page": 2, "page": 2, "sort_by": "_id"})
        assert second["items"][0]["_id"] > first["items"][-1]["_id"]


@pytest.mark.parametrize(("call", "expected", "status"), [
    (("GET", "groups", {"per_page": 101}), InvalidRequest, 400),
    (("GET", "groups", {"filters-modified_after": "yesterday"}), InvalidRequest, 400),
    (("GET", f"care-enquiries/{UNKNOWN_ID}"), NotFound, 404),
    (("GET", "no-such-resource"), NotFound, 404),
    (("OPTIONS", "groups"), Forbidden, 405),
])
def test_refusals_raise_the_clients_exceptions(api, call, expected, status):
    with pytest.raises(expected) as refused:
        api(*call)
    assert refused.value.status_code == status


def test_a_wrong_secret_is_refused(credentials):
    url, account, key, secret = credentials
    with pytest.raises(Unauthorized):
        APIClient(account, key, f"{secret}x", api_base_url=url)("GET", "groups")


@pytest.mark.writes
def test_an_enquiry_is_made_changed_and_removed(api, check):
    channel = api("GET", "groups", {"filters-group_type": "sales_channel"})["items"][0]["_id"]
    made = check("create_care_enquiries", api("PUT", "care-enquiries", data={
        "first_name": "Contract", "last_name": "Test", "funding_type": "private", "service": "residential_home",
        "sales_channel": channel}))
    path = f"care-enquiries/{made['_id']}"
    try:
        assert api("GET", path, {"attributes": "last_name"})["last_name"] == "Test"
        assert api("PATCH", path, data={"last_name": "Changed"})["last_name"] == "Changed"
    finally:
        api("DELETE", path)
    with pytest.raises(APIException):
        api("GET", path)
