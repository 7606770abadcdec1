"""This checkout beside another one: whether a change has made something slower.

    git worktree add ../before SOME_COMMIT
    python benchmarks/compare.py ../before [--rounds 5] [--seconds 1] [--vendor cht] [--skip store]

Both run with this Python and what is installed for it, turn by turn, so that a busy machine disturbs them alike. All
figures are processor time: of a start up to the first answer with the small seed, of a request (a page of 20, one
object, create and read back, as in requests_per_second.py), and of what the store does (store.py, at 10,000
documents). Medians of the rounds, for the store the best; `now : before` is what this checkout takes of the other's,
and "!" marks what takes more than 3 % more.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from peers import Peer, Running, running
from peers.catalogue import MOCKSRV, MOCKSRV_CAREHQ, MOCKSRV_CHT, MOCKSRV_COMMCARE
from peers.load import measure
from requests_per_second import WORKS, processors

HERE = Path(__file__).parents[1]
VENDORS = {"cht": MOCKSRV_CHT, "commcare": MOCKSRV_COMMCARE, "carehq": MOCKSRV_CAREHQ}
LIMIT = 1.03
Figures = dict[str, dict[Path, list[float]]]  # what -> checkout -> a figure for each round


def of(checkout: Path, peer: Peer) -> Peer:
    """The same server out of another checkout."""
    return replace(peer, environ={"PYTHONPATH": str(checkout)})


def started(server: Running) -> float:
    """Milliseconds of processor time so far, finer than the ticks of `Running.cpu`."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def starts(checkout: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, running(of(checkout, MOCKSRV), Path(folder)) as server:
        return {"start to first answer, ms": started(server), "memory, MB": server.memory()}


def requests(checkout: Path, name: str, seconds: float) -> dict[str, float]:
    cpus, _ = processors()
    peer = of(checkout, VENDORS[name])
    with tempfile.TemporaryDirectory() as folder, running(peer, Path(folder), cpus) as server:
        work = peer.work(server.port)
        return {f"{name}, {label}, us": measure(server, script(work), seconds).cpu for label, script in WORKS.items()}


STORE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import store as bench
bench.SIZES = (10_000,)
side = {10_000: bench.Store([bench.SPEC])}
side[10_000]["people"].load_many(map(bench.make, range(10_000)))
rows = bench.measure(side, 20)
figures = {f"store, {name}, us": row["10,000"] for name, row in rows.items()}
figures |= {f"store, {name}, ms": cost for name, cost in bench.wholes(10_000).items()}
print(json.dumps(figures))
"""


def store(checkout: Path) -> dict[str, float]:
    """The store's benchmark of this checkout on the store of another."""
    done = subprocess.run([sys.executable, "-c", STORE, str(Path(__file__).parent)], capture_output=True, text=True,
                          check=True, env=os.environ | {"PYTHONPATH": str(checkout)})
    found: dict[str, float] = json.loads(done.stdout)
    return found


def in_turn(checkouts: Iterable[Path], rounds: int, once: Callable[[Path], dict[str, float]], figures: Figures) -> None:
    for _ in range(rounds):
        for checkout in checkouts:
            for what, figure in once(checkout).items():
                figures.setdefault(what, {}).setdefault(checkout, []).append(figure)


def show(figures: Figures, now: Path, before: Path) -> None:
    print(f"{'':44}{'before':>12}{'now':>12}   now : before")
    for what, found in figures.items():
        pick = min if what.startswith("store") else statistics.median
        old, new = pick(found[before]), pick(found[now])
        ratio = new / old
        print(f"{what:44}{old:12.2f}{new:12.2f}{ratio:10.3f}{' !' * (ratio > LIMIT)}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("before", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=1)
    options.add_argument("--vendor", choices=VENDORS, nargs="*", default=list(VENDORS))
    options.add_argument("--skip", choices=("start", "requests", "store"), nargs="*", default=[])
    chosen = options.parse_args()
    now, before = HERE, chosen.before.resolve()
    figures: Figures = {}
    if "start" not in chosen.skip:
        in_turn((before, now), chosen.rounds * 3, starts, figures)
    _, load = processors()
    if load:
        os.sched_setaffinity(0, load)
    for name in chosen.vendor if "requests" not in chosen.skip else ():
        in_turn((before, now), chosen.rounds, lambda checkout, name=name: requests(checkout, name, chosen.seconds),
                figures)
    if "store" not in chosen.skip:
        in_turn((before, now), chosen.rounds, store, figures)
    show(figures, now, before)


if __name__ == "__main__":
    main()
