"""The cost of a request against the size of its world: processor time at 100 to 100,000 objects of each vendor.

Run: python benchmarks/sizes.py [--rounds 3] [--seconds 1]; --into docs/figures draws them, too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from figures import Lines
from peers.catalogue import MOCKSRV_CHT, MOCKSRV_COMMCARE, sized
from requests_per_second import WORKS, compare

SIZES = (100, 1_000, 10_000, 100_000)
VENDORS = {"cht": ("CHT", MOCKSRV_CHT), "commcare": ("CommCare", MOCKSRV_COMMCARE)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=1)
    options.add_argument("--into", type=Path, help="folder for the figure and its numbers")
    chosen = options.parse_args()
    peers = {(name, size): sized(peer, name, size) for name, (_, peer) in VENDORS.items() for size in SIZES}
    found = compare(list(peers.values()), chosen.rounds, chosen.seconds)
    lines = Lines("One request, by the size of its world", "objects", "microseconds of processor time",
                  [f"{size:,}" for size in SIZES])
    for name, (title, _) in VENDORS.items():
        for number, work in enumerate(WORKS):
            lines.add(f"{title}, {work}", [found[peers[name, size].name][number].cpu for size in SIZES])
    lines.show()
    if chosen.into:
        lines.write(chosen.into / "sizes")


if __name__ == "__main__":
    main()
