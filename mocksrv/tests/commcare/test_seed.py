"""CommCare's made-up data: consistent, of the size asked for, the same for the same seed."""

import pytest

from mocksrv.config import Config
from mocksrv.vendors.commcare import vendor
from mocksrv.vendors.commcare.form_processor import casexml, processing
from mocksrv.worlds import Worlds


def planted(size, seed=1):
    return Worlds([vendor], Config(size=size, seed=seed, vendor=("commcare",))).origin


@pytest.fixture(scope="module")
def world():
    return planted(100)


def docs(world, table, domain="demo"):
    return [doc for doc in world.table(f"commcare.{table}").all() if doc["domain"] == domain]


@pytest.mark.parametrize("size", [0, 1, 2, 5, 50, 101])
def test_size_is_the_number_of_cases(size):
    world = planted(size)
    assert len(docs(world, "cases")) == size
    assert len(docs(world, "cases", "exi-training")) == len(docs(world, "forms", "exi-training")) == 1
    assert len(docs(world, "users", "exi-training")) == 1
    assert (len(docs(world, "forms")) > 0) is (size > 0)


def test_every_case_is_the_fold_of_its_forms(world):
    for domain in ("demo", "exi-training"):
        for case in docs(world, "cases", domain):
            forms = [world.table("commcare.forms").peek(id) for id in case["xform_ids"]]
            assert all(case["case_id"] in form["case_ids"] for form in forms)
            folded = casexml.fold((processing.source_of(form), casexml.by_case(form["form"])[case["case_id"]])
                                  for form in forms)
            assert folded | {"indexed_on": case["indexed_on"]} == case


def test_everything_that_is_named_is_there(world):
    users = {user["id"] for user in docs(world, "users")}
    places = {place["location_id"]: place for place in docs(world, "locations")}
    cases = {case["case_id"]: case for case in docs(world, "cases")}
    apps = {app["id"] for app in docs(world, "apps")}
    for case in cases.values():
        assert {case["owner_id"], case["opened_by"], case["user_id"]} <= users
        for index in case["indices"].values():
            assert cases[index["case_id"]]["case_type"] == index["case_type"]
    for form in docs(world, "forms"):
        assert form["app_id"] in apps
        assert form["user_id"] in users
    for user in docs(world, "users"):
        assert set(user["location_ids"]) <= places.keys()
    for group in docs(world, "groups"):
        assert group["users"]
        assert set(group["users"]) <= users
    for event in docs(world, "events"):
        assert event["case_id"] in cases
    for place in places.values():
        assert place["type_id"] == 1 or places[place["parent_id"]]["type_id"] == place["type_id"] - 1


def test_demo_has_all_kinds(world):
    cases = docs(world, "cases")
    assert {case["case_type"] for case in cases} == {"household", "pregnant_mother", "lab-test", "child"}
    assert {case["closed"] for case in cases} == {True, False}
    assert {index["relationship"] for case in cases for index in case["indices"].values()} == {"child", "extension"}
    assert any(" " in case["case_name"] for case in cases)
    assert any(case["external_id"] for case in cases)


def test_same_seed_same_data():
    first, again, other = planted(20), planted(20), planted(20, seed=2)
    assert first.store.dump() == again.store.dump()
    assert first.store.dump() != other.store.dump()


def test_indexed_on_is_never_the_same_twice(world):
    for table in ("cases", "forms"):
        moments = [doc["indexed_on"] for doc in docs(world, table)]
        assert len(set(moments)) == len(moments)
