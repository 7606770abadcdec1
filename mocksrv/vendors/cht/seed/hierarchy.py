"""Districts, health centers, households and the people in them; and one household whose parent does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any

from mocksrv.vendors.cht.couch import documents, maintenance
from mocksrv.vendors.cht.seed import pools
from mocksrv.vendors.cht.shared_libs import contacts
from mocksrv.world import World

Doc = dict[str, Any]
BEGIN = 1_704_067_200_000  # 2024-01-01: made-up contacts are registered from then on, a minute apart
MINUTE = 60_000
CENTERS = 4  # health centers of a district
PATIENTS = 10_000  # people to write reports about, about
DATA_SET = "VMuFODsyWaO"  # of the app settings' `dhis_data_sets`
ORG_UNITS = {"district_hospital": "Ds", "health_center": "Hc"}
BROKEN_CLINIC, BROKEN_PERSON = "broken-clinic", "broken-person"
GONE = "deleted-health-center"


@dataclass
class Places:
    """The parts of the hierarchy that accounts and records refer to: (place, its primary contact) of each."""

    districts: list[tuple[str, str]] = field(default_factory=list)
    centers: list[tuple[str, str]] = field(default_factory=list)
    workers: list[Doc] = field(default_factory=list)
    patients: list[tuple[Doc, Doc]] = field(default_factory=list)  # some people, each with the worker who visits


def plant(world: World, size: int, more: Callable[[Places], Iterator[Doc]]) -> Places:
    """Write that many contacts, and the documents that `more` makes for them."""
    maker = Maker(world, households=max(2, min(12, size // 12)), every=max(1, size // PATIENTS))
    broken = maker.broken() if size > 10 else []
    medic = documents.database(world, "medic")

    def everything() -> Iterator[Doc]:
        yield from chain(islice(maker.contacts(), size - len(broken)), broken)
        yield from more(maker.places)  # these are only known now

    maintenance.plant(medic, everything())
    return maker.places


class Maker:
    """Makes contacts one after the other, top down; a place names its contact before that person exists."""

    def __init__(self, world: World, households: int, every: int) -> None:
        self.world = world
        self.locale = world.setting("cht.locale")
        self.pools = pools.load(self.locale, world.random.seed_text)
        self.households = households
        self.every = every  # one person in so many is a patient
        self.places = Places()
        self.number = 0
        self.areas = count()

    def contacts(self) -> Iterator[Doc]:
        """Districts, endlessly."""
        while True:
            yield from self.district()

    def district(self) -> Iterator[Doc]:
        supervisor = self.world.uuid()
        place = self.place("district_hospital", f"{self.area()} District", None, supervisor)
        yield place
        self.places.districts.append((place["_id"], supervisor))
        yield self.person(supervisor, place, "chw_supervisor")
        for _ in range(CENTERS):
            yield from self.center(place)

    def center(self, district: Doc) -> Iterator[Doc]:
        worker = self.world.uuid()
        place = self.place("health_center", f"{self.area()} Health Center", district, worker)
        yield place
        self.places.centers.append((place["_id"], worker))
        person = self.person(worker, place, "chw")
        self.places.workers.append(person)
        yield person
        for _ in range(self.households):
            yield from self.household(place, person)

    def household(self, center: Doc, worker: Doc) -> Iterator[Doc]:
        head, last = self.world.uuid(), self.pick("last")
        place = self.place("clinic", f"{last} Household", center, head)
        yield place
        adult = self.person(head, place, last=last)
        if self.number % self.every == 0:
            self.places.patients.append((adult, worker))
        yield adult
        for _ in range(self.world.random.randint(1, 5)):
            child = self.person(self.world.uuid(), place, last=last, adult=False)
            if self.number % self.every == 0:
                self.places.patients.append((child, worker))
            yield child

    def broken(self) -> list[Doc]:
        """A household under a health center that does not exist, and a person in it: for error tests."""
        parent = {"_id": GONE, "parent": {"_id": "deleted-district"}}
        clinic = self.place("clinic", "Household without Parents", {"_id": GONE, "parent": parent["parent"]},
                            "deleted-person") | {"_id": BROKEN_CLINIC}
        return [clinic, self.person(BROKEN_PERSON, clinic)]

    # --- one document ---

    def place(self, kind: str, name: str, parent: Doc | None, contact: str) -> Doc:
        doc: Doc = {"_id": self.world.uuid(), "type": kind, "name": name, "place_id": self.code(),
                    "reported_date": self.date()}
        if kind in ORG_UNITS:  # their numbers in DHIS2
            doc["dhis"] = {"dataSet": DATA_SET, "orgUnit": f"{ORG_UNITS[kind]}{self.number:09d}"}
        if parent:
            doc["parent"] = contacts.minify(parent)
        return doc | {"contact": {"_id": contact, "parent": contacts.minify(doc)}}

    def person(self, id: str, place: Doc, role: str = "", last: str = "", adult: bool = True) -> Doc:
        random = self.world.random
        sex = random.choice(("female", "male"))
        year, month, day = random.randint(1960, 2003) if adult else random.randint(2004, 2023), *self.day()
        doc = {"_id": id, "type": "person", "name": f"{self.pick(sex)} {last or self.pick('last')}",
               "date_of_birth": f"{year}-{month:02d}-{day:02d}", "sex": sex}
        if role:
            doc["role"] = role
        if adult:
            doc["phone"] = pools.phone(self.locale, random)
        return doc | {"patient_id": self.code(), "reported_date": self.date(), "parent": contacts.minify(place)}

    def pick(self, kind: str) -> str:
        name: str = self.world.random.choice(self.pools[kind])
        return name

    def area(self) -> str:
        """Names of areas in turn; numbered when they are used up."""
        turn, at = divmod(next(self.areas), len(self.pools["area"]))
        return f"{self.pools['area'][at]}{f' {turn + 1}' if turn else ''}"

    def day(self) -> tuple[int, int]:
        return self.world.random.randint(1, 12), self.world.random.randint(1, 28)

    def code(self) -> str:
        """The next short code; places and people share them."""
        self.number += 1
        return str(10_000 + self.number)

    def date(self) -> int:
        return BEGIN + self.number * MINUTE
