"""The forms of `demo`: each household's story, which makes its cases.

A household registers with a pregnant mother and her two elder children; an antenatal visit orders a lab test (an
extension of the mother); its result closes the test; a delivery opens the child and closes every second pregnancy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor.processing import Submission
from mocksrv.vendors.commcare.seed.accounts import CASES, META
from mocksrv.vendors.commcare.seed.apps import xmlns
from mocksrv.vendors.commcare.seed.pools import phone, pools

if TYPE_CHECKING:
    from mocksrv.world import World

START = datetime(2025, 1, 6, 6, tzinfo=UTC)
SPAN = timedelta(days=300)  # in which all households register
PER_HOUSEHOLD = 6  # cases
Form = dict[str, Any]


class Story:
    """One household: who visits it, and when."""

    def __init__(self, world: World, domain: str, number: int, size: int, worker: dict[str, Any], app: str) -> None:
        self.world, self.domain, self.number, self.worker, self.app = world, domain, number, worker, app
        random = world.random
        self.began = START + SPAN * (number * PER_HOUSEHOLD / size) + timedelta(microseconds=random.getrandbits(20))
        self.household, self.mother, self.test, self.child = (world.uuid() for _ in range(4))
        self.elder = [world.uuid(), world.uuid()]
        names = pools(world)
        self.last, self.first = random.choice(names["last"]), random.choice(names["female"])
        self.baby, self.village = random.choice(names["male"]), random.choice(names["places"])

    def form(self, name: str, after: timedelta, content: Form) -> Submission:
        """One visit: its form ends `after` the given time and arrives some seconds later."""
        end = self.began + after
        moment, user = dates.text(end), self.worker
        form = {
            "#type": "data", "@name": name, "@uiVersion": "1", "@version": "12", "@xmlns": xmlns(name), **content,
            "meta": {"@xmlns": META, "appVersion": 'CommCare Android, version "2.53.0"(463415). App v12.',
                     "deviceID": f"demo-{user['id'][:6]}", "instanceID": self.world.uuid(), "timeEnd": moment,
                     "timeStart": dates.text(end - timedelta(seconds=90)), "userID": user["id"],
                     "username": user["username"].partition("@")[0]},
        }
        return Submission(self.domain, form, received_on=dates.text(end + timedelta(seconds=3.25)),
                          user_id=user["id"], app_id=self.app, submit_ip="127.0.0.1", is_phone_submission=True)

    def block(self, case_id: str, after: timedelta, **parts: Any) -> Form:
        """A case block."""
        return {"@case_id": case_id, "@date_modified": dates.text(self.began + after),
                "@user_id": self.worker["id"], "@xmlns": CASES, **parts}

    def create(self, case_type: str, name: str) -> Form:
        return {"case_name": name, "case_type": case_type, "owner_id": self.worker["id"]}

    def register(self, kinds: int) -> Submission:
        """The household, and the mother and her children if there is room for them."""
        zero, size = timedelta(), str(self.world.random.randint(2, 9))
        content: Form = {
            "case": self.block(self.household, zero, create=self.create("household", f"{self.last} household"), update={
                "external_id": f"HH-{self.number:05d}", "household_size": size, "village": self.village}),
            "household_name": self.last, "household_size": size, "village": self.village}
        if kinds > 1:
            content["subcase_0"] = {"case": self.block(
                self.mother, zero, create=self.create("pregnant_mother", f"{self.first} {self.last}"),
                update={"edd": dates.text(self.began + timedelta(days=200))[:10], "visits": "0",
                        "contact_phone_number": phone(self.world, lambda: f"25471{self.number:07d}")},
                index={"parent": {"@case_type": "household", "#text": self.household}})}
        for number, case_id in enumerate(self.elder[: max(kinds - 4, 0)], 1):
            name = f"{self.world.random.choice(pools(self.world)['female'])} {self.last}"
            content[f"subcase_{number}"] = {"case": self.block(
                case_id, zero, create=self.create("child", name),
                update={"weight_kg": f"{10 * number}.5", "sex": "female"},
                index={"parent": {"@case_type": "pregnant_mother", "#text": self.mother}})}
        return self.form("Register Household", zero, content)

    def visit(self) -> Submission:
        """The antenatal visit that orders a test."""
        after, pressure = timedelta(days=3), f"{self.world.random.randint(95, 150)}/80"
        return self.form("Antenatal Visit", after, {
            "blood_pressure": pressure, "visit_number": "1",
            "case": self.block(self.mother, after, update={"blood_pressure": pressure, "visits": "1"}),
            "subcase_0": {"case": self.block(
                self.test, after, create=self.create("lab-test", "Haemoglobin test"), update={"test": "hb"},
                index={"host": {"@case_type": "pregnant_mother", "@relationship": "extension",
                                "#text": self.mother}})}})

    def result(self) -> Submission:
        """The test's result, which closes it."""
        after, value = timedelta(days=4), f"{self.world.random.randint(80, 140) / 10}"
        return self.form("Lab Result", after, {"result": value, "case": self.block(
            self.test, after, update={"result": value}, close="")})

    def delivery(self) -> Submission:
        """The child; every second pregnancy ends with it."""
        after, weight = timedelta(days=5), f"{self.world.random.randint(24, 42) / 10}"
        mother = self.block(self.mother, after, update={"visits": "2"}, **({"close": ""} if self.number % 2 else {}))
        return self.form("Delivery", after, {
            "baby_name": self.baby, "weight_kg": weight, "case": mother,
            "subcase_0": {"case": self.block(
                self.child, after, create=self.create("child", f"{self.baby} {self.last}"),
                update={"weight_kg": weight, "sex": "male"},
                index={"parent": {"@case_type": "pregnant_mother", "#text": self.mother}})}})

    def submissions(self, kinds: int) -> Iterator[Submission]:
        """The forms that make so many cases of the household."""
        yield self.register(kinds)
        if kinds > 2:
            yield self.visit()
            if self.number % 3 == 0:
                yield self.result()
        if kinds > 3:
            yield self.delivery()


def submissions(world: World, domain: str, size: int, workers: list[dict[str, Any]], app: str) -> list[Submission]:
    """The forms that make `size` cases, in the order of their receipt."""
    made: list[Submission] = []
    for number, first in enumerate(range(0, size, PER_HOUSEHOLD)):
        story = Story(world, domain, number, size, workers[number % len(workers)], app)
        made += story.submissions(min(PER_HOUSEHOLD, size - first))
    return sorted(made, key=lambda sent: sent.received_on or "")
