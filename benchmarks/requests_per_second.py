"""Requests a second: a page of 20 objects, one object, create and read back; mocksrv beside other mocks.

Each server runs on one processor, the load comes from another (Linux); rounds alternate; medians and ratios.
mocksrv runs with authentication, journal and rules on, and writes every change to disk.
Run: python benchmarks/requests_per_second.py [--rounds 3] [--seconds 2]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import astuple
from pathlib import Path

from peers import Missing, Peer, running
from peers.catalogue import MOCKSRV_CHT, MOCKSRV_COMMCARE, OTHERS, sized
from peers.load import Measured, creations, measure, ones, pages

WORKS = {"page of 20": pages, "one object": ones, "create + get": creations}
GOALS = {  # the processor time of the other : mocksrv's
    "moto (S3)": (30, 18, 12),
    "json-server 1": (0.8, 0.8, 8),
    "Mockoon": (4, 4, 25),
}
GROWTH = 0.95  # that of 1,000 objects : that of 100,000


def processors() -> tuple[set[int] | None, set[int] | None]:
    """One for the server, one for the load, where the system lets us choose."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None, None
    first, second, *_ = sorted(os.sched_getaffinity(0))
    return {first}, {second}


def once(peer: Peer, seconds: float, cpus: set[int] | None) -> list[Measured]:
    with tempfile.TemporaryDirectory() as folder, running(peer, Path(folder), cpus) as server:
        work = peer.work(server.port)
        return [measure(server, script(work), seconds) for script in WORKS.values()]


def compare(peers: list[Peer], rounds: int, seconds: float) -> dict[str, list[Measured]]:
    """Medians by peer's name, in the order of WORKS."""
    server_cpus, load_cpus = processors()
    for peer in list(peers):
        try:
            peer.install()
        except Missing as missing:
            print(f"{peer.name} is left out: {missing}")
            peers.remove(peer)
    if load_cpus:
        os.sched_setaffinity(0, load_cpus)
    found: dict[str, list[list[Measured]]] = {}
    for _ in range(rounds):
        for peer in list(peers):
            try:
                found.setdefault(peer.name, []).append(once(peer, seconds, server_cpus))
            except Missing as missing:
                print(f"{peer.name} is left out: {missing}")
                peers.remove(peer)
    return {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}


def median(column: tuple[Measured, ...]) -> Measured:
    return Measured(*(statistics.median(values) for values in zip(*map(astuple, column), strict=True)))


def show(figures: dict[str, list[Measured]]) -> None:
    print(f"\nrequests a second (microseconds of processor time each)\n{'':32}", end="")
    print("".join(f"{work:>20}" for work in WORKS))
    for name, row in figures.items():
        print(f"{name:32}" + "".join(f"{one.per_second:12,.0f} ({one.cpu:5.0f})" for one in row))
        for work, one in zip(WORKS, row, strict=True):
            if one.failed:
                print(f"    {work}: {one.failed:.1%} refusals for each success, not counted")


def show_ratios(mine: list[Measured], theirs: list[Measured], name: str, goals: tuple[float, ...]) -> None:
    cells = []
    for a, b, goal in zip(mine, theirs, goals, strict=True):
        cells.append(f"{a.per_second / b.per_second:.2f}/{b.cpu / a.cpu:.2f} ({goal})")
    print(f"{name:32}" + "".join(f"{cell:>20}" for cell in cells))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2)
    chosen = options.parse_args()
    ours = {"cht": MOCKSRV_CHT, "commcare": MOCKSRV_COMMCARE}
    figures = compare([*ours.values(), *OTHERS], chosen.rounds, chosen.seconds)
    show(figures)
    for mine in ours.values():
        print(f"\n{mine.name} : the other, by requests a second / by processor time (goal)")
        for name, goals in GOALS.items():
            if mine.name in figures and name in figures:
                show_ratios(figures[mine.name], figures[name], name, goals)
    few = [sized(peer, vendor, 1_000) for vendor, peer in ours.items()]
    many = [sized(peer, vendor, 100_000) for vendor, peer in ours.items()]
    figures = compare([*few, *many], 1, chosen.seconds)
    show(figures)
    print("\n100,000 objects : 1,000 (goal)")
    for small, large in zip(few, many, strict=True):
        show_ratios(figures[large.name], figures[small.name], large.name, (GROWTH,) * len(WORKS))


if __name__ == "__main__":
    main()
