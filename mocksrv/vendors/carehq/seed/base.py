"""The builder of the agency: small draws, points in time before today, ids, and records with all their attributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mocksrv.people.names import latin
from mocksrv.vendors.carehq import records
from mocksrv.vendors.carehq.catalogue import RESOURCES
from mocksrv.vendors.carehq.seed import pools
from mocksrv.vendors.carehq.seed.places import STREET_KINDS, STREETS, TOWNS

if TYPE_CHECKING:
    from mocksrv.world import World

T = TypeVar("T")
Record = dict[str, Any]
DAY = 86_400
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # of the second part of a postcode


class Dice:
    """Many small draws out of one large one, which is much cheaper than as many draws."""

    def __init__(self, world: World) -> None:
        self._random = world.random
        self._pool = 0

    def below(self, bound: int) -> int:
        """From 0 to just below a bound."""
        if self._pool < 1 << 64:
            self._pool = self._random.getrandbits(512)
        self._pool, drawn = divmod(self._pool, bound)
        return drawn

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent


class Agency:
    """The agency as made so far. Moments are in seconds from midnight (UTC) of today: negative ones are in the past."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = Dice(world)
        self.locale = world.setting("carehq.locale")
        self.names = pools.pools(self.locale, world.random.seed_text)
        self.midnight = world.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.epoch = int(self.midnight.timestamp())
        self.made: dict[str, list[Record]] = {slug: [] for slug in RESOURCES}
        self._blank = {slug: {name: attribute.empty for name, attribute in resource.attributes.items()}
                       for slug, resource in RESOURCES.items()}
        self._lists = {slug: [a.name for a in resource.attributes.values() if a.many and not a.null]
                       for slug, resource in RESOURCES.items()}
        self._middle = records.machine(world)
        self._number = 0
        self._days: dict[int, str] = {}

    # --- time ---

    def on(self, moment: int) -> str:
        day = moment // DAY
        text = self._days.get(day)
        if text is None:
            text = self._days[day] = (self.midnight + timedelta(days=day)).date().isoformat()
        return text

    def at(self, moment: int) -> str:
        second = moment % DAY
        return f"{self.on(moment)} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"

    def moment(self, text: str) -> int:
        """A stored date or date-time as a moment."""
        return int((datetime.fromisoformat(text).replace(tzinfo=UTC) - self.midnight).total_seconds())

    def office(self, first: int, last: int) -> int:
        """A random moment in working hours of a day between `first` and `last` days ago."""
        return -self.dice.between(last, first) * DAY + self.dice.between(9 * 3600, 17 * 3600)

    # --- records ---

    def add(self, slug: str, created: int, modified: int | None = None, /, **values: Any) -> Record:
        """Add a record; attributes that are not given are empty."""
        self._number += 1
        record: Record = {
            **self._blank[slug], **values,
            "_id": records.object_id(self.epoch + created, self._middle, self._number),
            "created": self.at(created),
            "modified": self.at(created if modified is None else max(created, modified)),
        }
        for name in self._lists[slug]:
            if name not in values:
                record[name] = []
        self.made[slug].append(record)
        return record

    def any(self, slug: str) -> Record:
        return self.dice.pick(self.made[slug])

    def groups(self, group_type: str) -> list[Record]:
        """The groups of a type that are still offered."""
        return [g for g in self.made["groups"] if g["group_type"] == group_type and not g["archived"]]

    def save(self) -> None:
        for slug, made in self.made.items():
            self.world.table(RESOURCES[slug].table).load_many((record["_id"], record) for record in made)
        self.world.table(records.COUNTERS).put("ids", {"value": self._number})
        self.world.table(records.COUNTERS).put("enquiries", {"value": len(self.made["care-enquiries"])})

    # --- people and places ---

    def person(self) -> Record:
        """First name, last name, title and gender of somebody."""
        female = self.dice.chance(62)
        first = self.dice.pick(self.names["female" if female else "male"])
        title = self.dice.pick(("Mrs", "Miss", "Ms")) if female else "Mr"
        return {"first_name": first, "last_name": self.dice.pick(self.names["last"]), "title": title,
                "gender": "female" if female else "male"}

    def email(self, person: Record) -> str:
        name = f"{latin(person['first_name'], 'first')}.{latin(person['last_name'], 'last')}"
        return f"{name}{self.dice.between(1, 99)}@example.{self.dice.pick(('com', 'org', 'net'))}"

    def mobile(self) -> str:
        return pools.phone(self.locale, self.dice.below)

    def phone(self) -> str:
        return pools.phone(self.locale, self.dice.below, fixed=True)

    def address(self, town: Sequence[Any] | None = None) -> Record:
        name, county, district = (town or self.dice.pick(TOWNS))[:3]
        code = f"{district} {self.dice.between(1, 9)}{self.dice.pick(LETTERS)}{self.dice.pick(LETTERS)}"
        street = f"{self.dice.pick(STREETS)} {self.dice.pick(STREET_KINDS)}"
        return {"address_1": f"{self.dice.between(1, 120)} {street}", "address_2": "",
                "country": "United Kingdom", "county": county, "postcode": code, "town": name}
