"""What the store costs per operation, and whether it grows with the table.

    python benchmarks/store.py [--rounds 5] [--json]

A round picks 100 documents at random from the whole table and does the same to all of them some times over. The
first time is "cold": little of what is read is in the processor's caches, unless the table is so small that it
is there as a whole. The other times show what the operation itself costs, the same number of documents being in
use at each size. A figure is the mean of one time, the best of all rounds; the sizes take turns, so that a busy
machine disturbs them alike. The table has three hash indexes and two ordered ones; a document is 500 bytes of
JSON. A "!" marks what misses the goal: at most 25 us, and at most 1.5 times the cost in 1,000 documents.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from mocksrv.store import Store, Table, TableSpec, on

SIZES = (1_000, 10_000, 100_000)
PICKS = 50
AGAIN = 5
LIMIT_US = 25.0
LIMIT_GROWTH = 1.5
Operation = tuple[str, Callable[[], Any]]
SPEC = TableSpec(
    "people",
    {
        "type": on("type"),
        "parent": on("parent", "_id"),
        "phone": on("phone"),
        "date": on("reported_date", ordered=True),
        "id": on("_id", ordered=True),
    },
)


def make(n: int) -> tuple[str, dict[str, Any]]:
    id = f"{n * 2654435761 % 2**32:08x}-5ac6-4bf8-86f3-{n:012x}"
    return id, {
        "_id": id,
        "_rev": "1-967a00dff5e02add41819138abb3284d",
        "type": "person",
        "name": f"Name {n}",
        "phone": f"+44770{n:08d}",
        "sex": "female",
        "role": "patient",
        "date_of_birth": "1987-02-03",
        "reported_date": 1_700_000_000_000 + n * 1000,
        "notes": None,
        "tags": ["a", "b"],
        "parent": {"_id": f"clinic-{n // 10}", "parent": {"_id": f"centre-{n // 1000}", "parent": {"_id": "d"}}},
    }


def operations(table: Table, people: list[tuple[str, dict[str, Any]]]) -> list[list[Operation]]:
    """What is measured, each on all the people; those in one list undo each other."""
    ids = [id for id, _ in people]
    dates = [person["reported_date"] for _, person in people]
    phones = [person["phone"] for _, person in people]
    parents = [person["parent"]["_id"] for _, person in people]
    moved = [(id, {"phone": "+1", "reported_date": 1}) for id in ids]
    back = [(id, {"phone": p, "reported_date": d}) for id, p, d in zip(ids, phones, dates, strict=True)]
    fresh = [make(10**6 + n) for n in range(len(ids))]
    places = list(zip(dates, ids, strict=True))
    return [
        [("get", lambda: [table.get(id) for id in ids])],
        [
            ("update", lambda: [table.update(id, {"name": "New"}) for id in ids]),
        ],
        [
            ("update of two indexes", lambda: [table.update(*pair) for pair in moved]),
            ("the same back", lambda: [table.update(*pair) for pair in back]),
        ],
        [
            ("insert", lambda: [table.insert(id, doc) for id, doc in fresh]),
            ("delete", lambda: [table.delete(id) for id, _ in fresh]),
        ],
        [("indexed find", lambda: [table.get(table.first("phone", phone) or "") for phone in phones])],
        [("next page, 20 entries", lambda: [table.range("date", after=place, limit=20) for place in places])],
        [("count of a key", lambda: [table.count("parent", key) for key in parents])],
        [("count of a range", lambda: [table.rank("date", low=date) for date in dates])],
    ]


def seconds(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def measure(stores: dict[int, Store], rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds per operation: name -> column -> best."""
    best: dict[str, dict[str, float]] = {}
    for number in range(rounds):
        for size, store in stores.items():
            picks = list(dict.fromkeys(random.Random(number).choices(range(size), k=PICKS)))
            for group in operations(store["people"], [make(n) for n in picks]):
                for again in range(AGAIN):
                    for name, run in group:
                        cost = seconds(run) / len(picks) * 1e6
                        row = best.setdefault(name, {})
                        column = f"{size:,}" if again else f"{size:,} cold"
                        row[column] = min(cost, row.get(column, cost))
    return best


def used(store: Store, turns: int = 10) -> Store:
    """The store after some turns of fork and write on either side."""
    for turn in range(turns):
        fork = store.fork()
        for side in (store, fork):
            for n in random.Random(turn).choices(range(1000), k=200):
                side["people"].update(make(n)[0], {"turn": turn})
        store = fork
    return store


def report(title: str, rows: dict[str, dict[str, float]]) -> None:
    few, _, many = columns = [f"{size:,}" for size in SIZES]
    columns += [f"{few} cold", f"{many} cold"]
    print(f"\n{title:24}" + "".join(f"{column:>13}" for column in columns) + "   growth    cold")
    for name, row in rows.items():
        growth = row[many] / row[few]
        cold = row[f"{many} cold"] / row[f"{few} cold"]
        bad = row[many] > LIMIT_US or growth > LIMIT_GROWTH
        figures = "".join(f"{row[column]:>11.2f}us" for column in columns)
        print(f"{name:24}{figures}{growth:>8.2f}x{cold:>7.2f}x{' !' * bad}")


def wholes(size: int) -> dict[str, float]:
    """Milliseconds of the processor's time for what concerns a whole store; forks by the clock on the wall."""
    pairs = [make(n) for n in range(size)]
    store = Store([SPEC])
    found = {
        "load_many": cpu(lambda: Store([SPEC])["people"].load_many(pairs)),
        "insert all, one by one": cpu(lambda: [store["people"].insert(*pair) for pair in pairs], times=1),
        "dump": cpu(store.dump),
        "fork": min(seconds(store.fork) for _ in range(20)),
        "fork + first update": min(seconds(lambda: first_update(store.fork(), size)) for _ in range(20)),
    }
    later = used(store)
    found["fork after 10 forks + writes"] = min(seconds(later.fork) for _ in range(20))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "world.json")
        disk, _, _ = Store.open([SPEC], path)
        disk.replace(store)
        found["write the file"] = cpu(lambda: disk.commit({}), times=1)
        found["one update + commit"] = cpu(lambda: commits(disk, pairs[:1000])) / 1000
        disk.close()
        found["open the file"] = cpu(lambda: Store.open([SPEC], path)[0].close())
    return {name: cost * 1e3 for name, cost in found.items()}


def cpu(run: Callable[[], Any], times: int = 3) -> float:
    costs = []
    for _ in range(times):
        start = process_time()
        run()
        costs.append(process_time() - start)
    return min(costs)


def first_update(store: Store, size: int) -> None:
    store["people"].update(make(size // 2)[0], {"name": "New", "reported_date": 1})


def commits(store: Store, pairs: list[tuple[str, Any]]) -> None:
    for n, (id, _) in enumerate(pairs):
        store["people"].update(id, {"name": f"New {n}"})
        store.commit({"draws": n})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    stores = {size: Store([SPEC]) for size in SIZES}
    for size, store in stores.items():
        store["people"].load_many(map(make, range(size)))
    gc.collect()
    results = {"as loaded": measure(stores, args.rounds)}
    results["in a fork"] = measure({size: store.fork() for size, store in stores.items()}, args.rounds)
    results["after 10 forks + writes"] = measure({s: used(store) for s, store in stores.items()}, args.rounds)
    whole = {size: wholes(size) for size in SIZES}
    if args.json:
        print(json.dumps({"us_per_operation": results, "ms_per_store": whole}, indent=2))
        return
    for title, rows in results.items():
        report(title, rows)
    print(f"\n{'whole store (processor time)':29}" + "".join(f"{size:>11,}" for size in SIZES))
    for name in whole[SIZES[0]]:
        print(f"{name:29}" + "".join(f"{whole[size][name]:>9.3f}ms" for size in SIZES))


if __name__ == "__main__":
    main()
