"""A test of some integration, two hundred times, each at another time, with its own data, faults and expectations.

Whatever leaked from one world into another would show: each counts what is there before and after its own writes, all
of them use the same credentials, names of records and of snapshots, and rate limits, and their clocks are years apart.
"""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from carehq.exceptions import RateLimitExceeded, Unauthorized

START = datetime(1990, 1, 1, tzinfo=UTC)
NAME = "Ada Parallel"  # the same in all worlds


def stamp(moment):
    return moment.isoformat().replace("+00:00", "Z")


def test_a_world_of_its_own(number, request):
    world = request.getfixturevalue("mocksrv")
    began = START + timedelta(days=37 * number, seconds=number)
    assert world.journal() == []
    assert world.control("GET", "/faults") == []
    assert world.clock.freeze(stamp(began))["now"] == began.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    use, table = KINDS[number % len(KINDS)]
    world.snapshot("before")  # a name that all of them have
    for again in (False, True):  # after the snapshot is restored all goes as it went the first time
        assert written(world, table) == 0
        assert world.clock.read()["now"] == began.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        use(world, began)
        world.clock.advance(number + 1)
        assert written(world, table) > 0
        if not again:
            world.restore("before")
    world.clock.freeze(stamp(began))
    later = world.clock.advance(3600 + number)["now"]
    assert later == (began + timedelta(seconds=3600 + number)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def written(world, table):
    """How many documents of a table have the name that tests give to what they write."""
    return world.control("GET", f"/tables/{table}?q=Parallel")["found"]


def of_cht(world, began):
    cht = world.account("cht")
    people = f"{cht.url}/api/v1/person"

    def everybody():
        return cht.client.get(people, params={"type": "person", "limit": 1000}).json()["data"]

    before = len(everybody())
    made = cht.client.post(f"{cht.url}/api/v1/people", json={"name": NAME}).json()["id"]
    found = cht.client.get(f"{people}/{made}").json()
    assert (found["name"], found["reported_date"]) == (NAME, int(began.timestamp() * 1000))
    assert [one["name"] for one in everybody()].count(NAME) == 1
    assert len(everybody()) == before + 1
    world.fault(operation="get_person", status=503, times=1)
    assert [cht.client.get(f"{people}/{made}").status_code for _ in range(2)] == [503, 200]
    world.verify(operation="get_person", exactly=3)
    world.verify(status=503, exactly=1)
    session = requests.post(f"{cht.url}/_session", json={"name": "admin", "password": "pass"}).cookies
    asked = {"url": f"{cht.url}/api/v1/settings", "cookies": session, "headers": {"Accept": "application/json"}}
    assert requests.get(**asked).status_code == 200
    world.clock.advance(400 * 24 * 3600)
    assert requests.get(**asked).status_code == 401
    cht.client.close()


def of_commcare(world, began):
    hq = world.account("commcare")

    def named():
        found = hq.client.get(f"{hq.url}/a/demo/api/v0.5/case/", params={"name.exact": NAME}).json()
        return found["meta"]["total_count"]

    assert named() == 0
    world.fault(vendor="commcare", method="POST", status=500, nth=2)
    case = {"case_type": "parallel", "case_name": NAME, "owner_id": "someone"}
    made = [hq.client.post(f"{hq.url}/a/demo/api/case/v2/", json=case) for _ in range(3)]
    assert [answer.status_code for answer in made] == [200, 500, 200]
    assert named() == 2
    found = hq.client.get(f"{hq.url}/a/demo/api/case/v2/{made[0].json()['case']['case_id']}").json()
    assert found["date_opened"].startswith(began.strftime("%Y-%m-%dT%H:%M:%S"))
    world.verify(in_order=[{"method": "POST", "status": 200}, {"status": 500}, {"method": "POST", "status": 200}])
    world.verify(status=500, exactly=1)
    hq.client.close()


def of_carehq(world, _began):
    api = world.account("carehq").client
    with pytest.raises(Unauthorized):  # signed with the machine's time, years from this world's
        api("GET", "users")
    assert "clock is" in world.journal()[-1]["diagnosis"][0]
    world.clock.set(stamp(datetime.now(UTC)))
    for _ in range(10):
        api("GET", "care-enquiries")
    with pytest.raises(RateLimitExceeded):
        api("GET", "care-enquiries")
    world.clock.advance(1)
    before = api("GET", "care-enquiries")["item_count"]
    groups = api("GET", "groups", params={"per_page": 100, "attributes": ["_id", "group_type"]})["items"]
    channel = next(group["_id"] for group in groups if group["group_type"] == "sales_channel")
    given = {"first_name": "Ada", "last_name": "Parallel", "funding_type": "private", "service": "residential_home"}
    api("PUT", "care-enquiries", data=given | {"sales_channel": channel})
    assert api("GET", "care-enquiries")["item_count"] == before + 1
    world.verify(status=429, exactly=1)
    world.verify(operation="create_care_enquiries", exactly=1)


KINDS = ((of_cht, "cht.medic"), (of_commcare, "commcare.cases"), (of_carehq, "carehq.care-enquiries"))
