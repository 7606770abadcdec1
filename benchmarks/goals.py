"""All goals of speed in one run, beside the peers: a table for README.md.

Ratios are of processor time, CHT / CommCare; a start is measured beside eight busy processes, too. What is missed is
marked.
Run: python benchmarks/goals.py [--rounds 3] [--seconds 2] [--skip sizes views]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

import start
import views
from peers import Peer
from peers.catalogue import MOCKSRV, MOCKSRV_CHT, MOCKSRV_COMMCARE, MOTO, OTHERS, sized
from peers.load import Measured
from requests_per_second import GOALS, GROWTH, WORKS, compare
from servers import server

from mocksrv.cli import bench
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import replication
from mocksrv.vendors.cht.node import json_text

BARE, BUSY = 4, 8  # times what a server with an app that does nothing takes; processes
OURS = {"cht": MOCKSRV_CHT, "commcare": MOCKSRV_COMMCARE}
IMPORTED = "import pytest; from time import process_time as now; began = now(); import mocksrv.pytest_plugin; " \
           "print(now() - began)"
Row = tuple[str, str, str, bool]  # what, goal, measured, whether it is reached


def at_least(goal: float, *found: float) -> tuple[str, str, bool]:
    return f"at least {goal:g}", " / ".join(f"{one:.2f}" for one in found), min(found) >= goal


def at_most(goal: float, unit: str, *found: float) -> tuple[str, str, bool]:
    return f"at most {goal:g}{unit}", " / ".join(f"{one:.2f}{unit}" for one in found), max(found) <= goal


def requests(rounds: int, seconds: float) -> Iterator[Row]:
    """Each kind of request against the peers, and one object against a server with an app that does nothing."""
    limit = server("mocksrv")
    found = compare([*OURS.values(), *OTHERS, limit], rounds, seconds)
    costs = {name: [one.cpu for one in row] for name, row in found.items()}
    for name, row in costs.items():
        print(f"{name:28}" + "".join(f"{cost:10.0f} us" for cost in row), file=sys.stderr)
    mine = [costs[peer.name] for peer in OURS.values()]
    for peer, goals in GOALS.items():
        for number, (work, goal) in enumerate(zip(WORKS, goals, strict=True)):
            if peer in costs:
                ratios = (costs[peer][number] / row[number] for row in mine)
                yield f"{peer} : mocksrv, {work}", *at_least(goal, *ratios)
    one = list(WORKS).index("one object")
    bare = costs[limit.name][one]
    yield "one object : a server without an app", *at_most(BARE, "", *(row[one] / bare for row in mine))


def growth(rounds: int, seconds: float) -> Iterator[Row]:
    """1,000 objects : 100,000 objects."""
    sizes = {(vendor, size): sized(peer, vendor, size) for vendor, peer in OURS.items() for size in (1_000, 100_000)}
    found = compare(list(sizes.values()), rounds, seconds)

    def cost(vendor: str, size: int, work: int) -> float:
        measured: Measured = found[sizes[vendor, size].name][work]
        return measured.cpu

    for number, work in enumerate(WORKS):
        ratios = (cost(vendor, 1_000, number) / cost(vendor, 100_000, number) for vendor in OURS)
        yield f"1,000 : 100,000 objects, {work}", *at_least(GROWTH, *ratios)


def starts(rounds: int) -> Iterator[Row]:
    """From the start to the first answer, and memory, beside moto's."""
    for label, busy in (("", 0), (f", beside {BUSY} busy processes", BUSY)):
        with working(busy):
            mine, other = medians(MOCKSRV, rounds), medians(MOTO, rounds)
        yield f"start : moto's{label}", *at_most(0.7, "", mine[0] / other[0])
        if not busy:
            yield "memory : moto's", *at_most(0.65, "", mine[2] / other[2])


def medians(peer: Peer, rounds: int) -> list[float]:
    start.once(peer)  # warms the disk cache
    return [statistics.median(column) for column in zip(*(start.once(peer) for _ in range(rounds)), strict=True)]


@contextmanager
def working(count: int) -> Iterator[None]:
    """So many processes that take what they can get."""
    workers = [multiprocessing.Process(target=spin, daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def spin() -> None:
    while True:
        pass


def tests(rounds: int) -> Iterator[Row]:
    """What pytest pays."""
    imports = [float(subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, check=True).stdout)
               for _ in range(rounds)]
    yield "import of the pytest plugin", *at_most(30, " ms", min(imports) * 1e3)
    with bench.server() as (url, _):
        yield "a world made and deleted, from Python", *at_most(1, " ms", bench.made_worlds(url) * 1e3)


def reads() -> Iterator[Row]:
    """First reads of views, and what a user with 10,000 documents replicates."""
    side = views.Side(100_000)
    for name, milliseconds in views.firsts(side).items():
        if name in views.SLOWEST:
            yield f"first read of {name}, 100,000 documents", *at_most(1.5, " s", milliseconds / 1e3)
    world = views.replicating(side)
    costs = []
    for _ in range(5):
        began = process_time()
        json_text.dumps(replication.ids_of(world, views.USER))
        costs.append(process_time() - began)
    many = len(documents.database(world).docs)
    yield f"get-ids of 10,000 documents out of {many:,}", *at_most(30, " ms", min(costs) * 1e3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2)
    options.add_argument("--skip", choices=("starts", "tests", "requests", "sizes", "views"), nargs="*", default=[])
    chosen = options.parse_args()
    parts = {"starts": lambda: starts(chosen.rounds), "tests": lambda: tests(chosen.rounds), "views": reads,
             "requests": lambda: requests(chosen.rounds, chosen.seconds),
             "sizes": lambda: growth(1, chosen.seconds)}
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n\n| | goal | measured | |\n|---|---|---|---|")
    for name, part in parts.items():
        for what, goal, measured, reached in part() if name not in chosen.skip else ():
            print(f"| {what} | {goal} | {measured} | {'' if reached else 'missed'} |", flush=True)


if __name__ == "__main__":
    main()
