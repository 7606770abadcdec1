"""Versions of an API that are served side by side: since when an operation is there, what took an old path's place."""

import pytest
import requests

from mocksrv.app import load_vendors
from mocksrv.config import VENDORS
from mocksrv.described.openapi import document
from mocksrv.operation import plain
from mocksrv.vendor import Vendor
from mocksrv.vendors.commcare import vendor as commcare


class Shop(Vendor):
    name = "shop"
    versions = {"v0.9": "v1", "v1": "", "v2": ""}


@pytest.mark.parametrize(("paths", "since", "successors"), [
    (["/things/v1/", "/v0.9/things/"], "v0.9", ["", "/things/v1/"]),
    (["/things/v2/", "/things/v1/"], "v1", ["", ""]),  # nobody calls v1 old
    (["/v0.9/gone/"], "v0.9", [""]),
    (["/things/v1/", "/things/"], "", ["", ""]),  # the one without a version may be older than all
    (["/things/"], "", [""]),
])
def test_paths_tell_the_version(paths, since, successors):
    shop = Shop()
    shop.operation("GET", *paths, name="list_things")(lambda world, call: [])
    (operation,) = shop.operations
    assert operation.since == since
    assert [shop.successor(operation, path) for path in paths] == successors


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_what_an_operation_came_instead_of_is_an_operation(vendor):
    known = {one.name: one for one in vendor.operations}
    order = list(vendor.versions)
    for one in vendor.operations:
        if one.instead and order:
            assert order.index(known[one.instead].since) < order.index(one.since), one.name
        else:
            assert not one.instead or one.instead in known


def test_old_paths_of_commcare_are_deprecated_and_lead_to_those_of_today():
    paths = document(commcare)["paths"]
    for operation in commcare.operations:
        newest = plain(operation.paths[0])
        for path in map(plain, operation.paths):
            told = paths[path][operation.method.lower()]
            old = "/v0." in path and "/v0." not in newest
            assert told.get("deprecated", False) is old, path
            if old:
                assert "/v0." not in told["x-mocksrv-successor"]
    assert paths["/a/{domain}/api/case/v2/"]["get"]["x-mocksrv-release"] == "since v0.6 instead of list_cases"
    assert paths["/a/{domain}/api/v0.6/case/"]["get"]["x-mocksrv-successor"] == "/a/{domain}/api/case/v2/"


@pytest.mark.parametrize(("method", "path", "meant"), [
    ("GET", "/api/v0.5/invitation/", None),  # no version takes a GET
    ("POST", "/api/v0.5/invitation/", "since v1 there is POST /a/{domain}/api/invitation/v1/"),
    ("GET", "/api/v0.1/case/", "since v0.6 instead of list_cases there is GET /a/{domain}/api/case/v2/, "),
    ("GET", "/api/user/v2/", "since v0.4 there is GET /a/{domain}/api/user/v1/, /a/{domain}/api/v0.5/user/, "),
    ("POST", "/api/v0.4/group/", "since v0.5 there is POST /a/{domain}/api/group/v1/, /a/{domain}/api/v0.5/group/"),
    ("PUT", "/api/v0.4/user/x/", "since v0.5 there is PUT /a/{domain}/api/user/v1/{pk}/, "),
    ("POST", "/api/location/v1/", "since v0.6 there is POST /a/{domain}/api/location/v2/, "),
    ("GET", "/api/v0.5/nothing/", None),
])
def test_a_version_that_lacks_something_is_told(mocksrv, method, path, meant):
    answer = requests.request(method, f"{mocksrv.url}/a/demo{path}", timeout=30)
    assert answer.status_code in (404, 405)
    said = answer.headers["X-Mocksrv-Diagnosis"]
    assert said.startswith(f"this version of the API has no {method} /a/demo{path}; {meant}") if meant else (
        "this version" not in said)


@pytest.mark.parametrize("path", ["/api/case/v1", "/api/v0.5/case", "/api/v0.4/case", "/api/location/v1",
                                  "/api/form/v1", "/api/v0.5/user"])
def test_a_version_that_has_it_lacks_a_slash_alone(mocksrv, path):
    answer = requests.get(f"{mocksrv.url}/a/demo{path}", timeout=30, allow_redirects=False)
    assert answer.status_code == 301
    said = answer.headers["X-Mocksrv-Diagnosis"]
    assert f"/a/demo{path} lacks the trailing slash of /a/demo{path}/" in said
    assert "this version" not in said


def test_a_slash_is_not_all_that_another_method_lacks(mocksrv):
    answer = requests.post(f"{mocksrv.url}/a/demo/api/case/v1", json={}, timeout=30, allow_redirects=False)
    assert "since v0.6 there is POST /a/{domain}/api/case/v2/" in answer.headers["X-Mocksrv-Diagnosis"]


def test_the_newest_path_stands_first():
    order = ["", *commcare.versions]
    for operation in commcare.operations:
        versions = [order.index(commcare.version(path)) for path in operation.paths]
        assert versions[0] == max(versions), operation.name
