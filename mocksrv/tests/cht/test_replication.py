"""What an offline user replicates is all that it may see of the database, found without looking at each document."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.access import authorization
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import replication
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.worlds import Worlds

USERS = ("supervisor", "chw1", "chw2")
CODES = ("4711", 4711, 12.5)


@pytest.fixture(scope="module")
def worlds():
    return Worlds([vendor], Config(vendor=("cht",), size=300))


@pytest.fixture(params=[None, (1, 0), (2, 1), (0, 0, True), (1, -1, True)],
                ids=["all", "one level", "two levels", "contacts of places", "more contacts of places"])
def world(worlds, request):
    """With a few odd documents, and with `replication_depth`, `report_depth` and `replicate_primary_contacts`."""
    world = worlds.origin.fork("replication")
    if request.param:
        depth, reports, *primary = request.param
        if primary:
            world.settings["cht.release"] = "5.2"
        settings = documents.database(world).load("settings")
        settings["settings"]["replication_depth"] = [
            {"role": role, "depth": depth, "report_depth": reports, "replicate_primary_contacts": bool(primary)}
            for role in ("chw", "chw_supervisor")]
        documents.put(world, "medic", settings)
        assert app_settings.read(world)["replication_depth"]
    for doc in odd(world):
        documents.put(world, "medic", doc)
    return world


def odd(world):
    """Contacts with codes that are numbers, and records that belong to them, to nobody, to a user or to all."""
    scope = authorization.of_user(world, "chw1")
    place, (mine,) = {"_id": scope.facilities[0]}, documents.database(world).docs.by("by_ancestor", scope.contact)
    yield from ({"type": "person", "name": f"Person {code!r}", "patient_id": code, "parent": place} for code in CODES)
    subjects = (*CODES, True, ["4711"], "_all", "_unassigned", scope.account, mine, scope.facilities[0], "nobody")
    for subject in subjects:
        for private in (False, True):
            for submitter in (mine, "stranger"):
                yield {"type": "data_record", "form": "visit", "contact": {"_id": submitter},
                       "fields": {"patient_id": subject, "private": private, "needs_signoff": private}}
        yield {"type": "target", "owner": subject}
    yield from ({"type": "task", "user": user} for user in (scope.account, "nobody"))
    yield {"type": ["task"], "user": scope.account}


@pytest.mark.parametrize("user", USERS)
def test_what_a_user_replicates_is_what_it_may_see(world, user):
    scope, medic = authorization.of_user(world, user), documents.database(world)
    for _ in range(2):
        reader = authorization.Reader(world, scope)
        seen = {doc["_id"] for doc in map(medic.peek, medic.all_ids()) if reader.may(doc["_id"], doc)}
        found, tasks = replication.belonging(world, scope)
        assert found | tasks == seen
        assert tasks == {id for id in seen if medic.peek(id).get("type") == "task"}
        for doc in odd(world):  # once more, with rows that are followed
            documents.put(world, "medic", doc)


def test_a_replication_that_a_fault_makes_fail_is_logged():
    app = create_app(Config(vendor=("cht",), set={"cht.release": "5.2"}))
    client = app.test_client()
    path, user, admin = "/api/v1/replication/get-ids", ("chw1", "Secret_123"), ("admin", "pass")
    log = f"/api/v1/replication-failure-logs?user={user[0]}"
    client.post("/_mocksrv/faults", json={"operation": "get_replication_ids", "status": 503, "times": 3})
    assert [client.get(path, auth=auth).status_code for auth in (user, user, None)] == [503] * 3
    (found,) = client.get(log, auth=admin).json["data"]
    assert (found["total_failures"], [one["status_code"] for one in found["failures"]]) == (2, [503, 503])
    assert (found["user"], found["failures"][0]["roles"]) == (user[0], ["chw"])
    assert [client.get(path, auth=auth).status_code for auth in (user, admin)] == [200, 404]
    assert [one["total_failures"] for one in client.get(log, auth=admin).json["data"]] == [2]
