"""What reading CHT's views costs, and whether it grows with the database.

    python benchmarks/views.py [--rounds 10] [--json]

A round picks 10 documents at random from the whole database and asks the same of each some times over; every answer
has the same number of rows at each size. As in store.py, the first time is "cold": a large database waits for memory,
a small one is in the processor's caches as a whole. The other times compare what a read itself costs, the same number
of rows being in use at each size. A figure is the mean of one answer, made as a whole; the best of all rounds, the
sizes taking turns. A "!" marks what grows by more than 1.5 from 1,000 documents to 100,000.

Then, in processor time, what the first read of a view costs, which makes its rows, and a read in another world that
begins as the same.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import Any

from mocksrv.call import Call
from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.couch import documents, view_index
from mocksrv.vendors.cht.couch_api import views
from mocksrv.vendors.cht.ddocs import contact_views
from mocksrv.vendors.cht.ddocs.views import VIEWS
from mocksrv.world import World
from mocksrv.worlds import Worlds

SIZES = (1_000, 10_000, 100_000)
PICKS, AGAIN = 10, 10
LIMIT_GROWTH = 1.5
CLIENT, USER = "medic-client", "supervisor"
SLOWEST = ("contacts_by_depth", "contacts_by_freetext")
FIRST = ("contacts_by_type", "contacts_by_depth", "contacts_by_freetext", "docs_by_replication_key", "reports_by_form",
         "messages_by_state")


class Side:
    """A world of one size, and reads of it."""

    def __init__(self, size: int) -> None:
        self.worlds = Worlds([vendor], Config(vendor=("cht",), size=size))
        self.begin()

    def begin(self) -> None:
        self.world: World = self.worlds.origin.fork("bench")
        self.db = documents.database(self.world)
        ids = self.db.docs.by("by_type", "person")
        self.people = [self.db.docs.peek(id) or {} for id in random.Random(1).choices(ids, k=10 * PICKS)]

    def read(self, design: str, view: str, **options: Any) -> int:
        """The length of the answer."""
        call = Call(method="GET", path="", target="", headers={})
        call.params = {"db": "medic", "design": design, "view": view}
        return sum(map(len, views.answer(self.world, call, self.db, options).body))

    def write(self, person: dict[str, Any]) -> None:
        self.db.put({**(self.db.get(person["_id"]) or {}), "notes": "new"})


def operations(side: Side, people: list[dict[str, Any]]) -> Iterator[tuple[str, Callable[[dict[str, Any]], Any]]]:
    """What is measured, of each person."""
    read = side.read
    order = {person["_id"]: contact_views.order(person) for person in people}
    yield "one key", lambda one: read("medic", "docs_by_replication_key", key=one["_id"])
    yield "one key, its document", lambda one: read("medic", "docs_by_shortcode", key=one["patient_id"],
                                                    include_docs=True)
    yield "20 keys", lambda one: read("medic", "docs_by_replication_key", keys=[one["_id"]] * 20)
    yield "20 from a key", lambda one: read("medic", "contacts_by_depth", startkey=[one["_id"]], limit=20)
    yield "20 before a key", lambda one: read("medic", "contacts_by_depth", startkey=[one["_id"]], limit=20,
                                              descending=True)
    yield "20 with documents", lambda one: read("medic", "contacts_by_depth", startkey=[one["_id"]], limit=20,
                                                include_docs=True)
    yield "20 after a number", lambda one: read(CLIENT, "contacts_by_type", skip=len(order[one["_id"]]) * 10, limit=20)
    yield "words that begin so", lambda one: read(CLIENT, "contacts_by_freetext", startkey=[one["name"].lower()[:5]],
                                                  limit=20)
    yield "reduced to a count", lambda one: read("medic-admin", "message_queue")
    yield "reduced by group", lambda one: read(CLIENT, "reports_by_form", group=True, limit=4)
    yield "after a write", lambda one: (side.write(one), read("medic", "docs_by_replication_key", key=one["_id"]))


def replicating(side: Side) -> World:
    """A world in which the account `USER` replicates 9,000 contacts and 1,000 reports more than before."""
    world = side.worlds.origin.fork("replicating")
    db = documents.database(world)
    place = documents.database(world, "_users").load(f"org.couchdb.user:{USER}")["facility_id"][0]
    above = db.docs.by("by_type", "person")[0], db.docs.by("by_type", "data_record")[0]
    person, report = ({name: value for name, value in db.load(id).items() if name != "_rev"} for id in above)
    lineage = {"_id": place, "parent": db.load(place).get("parent")}
    for number in range(9_000):
        db.put({**person, "_id": f"person-{number}", "patient_id": f"9{number:06}", "parent": lineage})
    for number in range(1_000):
        db.put({**report, "_id": f"report-{number}", "patient_id": f"9{number:06}"})
    world.store.ledger.end()
    return world


def measure(sides: dict[int, Side], rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds per read: name -> column -> best."""
    best: dict[str, dict[str, float]] = {}
    for number in range(rounds):
        for size, side in sides.items():
            people = random.Random(number).choices(side.people, k=PICKS)
            for name, run in operations(side, people):
                for again in range(AGAIN):
                    start = perf_counter()
                    for person in people:
                        run(person)
                    cost = (perf_counter() - start) / PICKS * 1e6
                    column = f"{size:,}" if again else f"{size:,} cold"
                    row = best.setdefault(name, {})
                    row[column] = min(cost, row.get(column, cost))
    return best


def firsts(side: Side) -> dict[str, float]:
    """Milliseconds of the first read of some views, and of the first in another world."""
    named = {view: (*design, view) for design, found in VIEWS.items() for view in found}
    costs = {}
    for view in FIRST:
        for label in (view, f"{view}, next world"):
            world = side.worlds.origin.fork("first")
            start = process_time()
            view_index.rows_of(world, named[view], VIEWS[named[view][:2]][view])
            costs[label] = (process_time() - start) * 1e3
    return costs


def report(rows: dict[str, dict[str, float]]) -> None:
    few, _, many = columns = [f"{size:,}" for size in SIZES]
    columns += [f"{few} cold", f"{many} cold"]
    print(f"{'a read':22}" + "".join(f"{column:>14}" for column in columns) + "   growth    cold")
    for name, row in rows.items():
        growth, cold = row[many] / row[few], row[f"{many} cold"] / row[f"{few} cold"]
        figures = "".join(f"{row[column]:>12.1f}us" for column in columns)
        print(f"{name:22}{figures}{growth:>8.2f}x{cold:>7.2f}x{' !' * (growth > LIMIT_GROWTH)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    sides = {size: Side(size) for size in SIZES}
    gc.collect()
    gc.freeze()  # as the server does when it starts
    first = {size: firsts(side) for size, side in sides.items()}
    rows = measure(sides, args.rounds)
    if args.json:
        print(json.dumps({"us_per_read": rows, "ms_first_read": first}, indent=2))
        return
    report(rows)
    print(f"\n{'first read (processor time)':36}" + "".join(f"{size:>12,}" for size in SIZES))
    for name in first[SIZES[0]]:
        print(f"{name:36}" + "".join(f"{first[size][name]:>10.2f}ms" for size in SIZES))


if __name__ == "__main__":
    main()
