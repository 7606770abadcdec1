"""From the start of the process to its first answer, and the memory it then takes: mocksrv beside moto's server.

Both start on a port of their own, in turn; medians of --rounds, and their ratio.
Run: python benchmarks/start.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from peers import Missing, Peer, running
from peers.catalogue import MOCKSRV, MOTO


def once(peer: Peer) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder, running(peer, Path(folder)) as server:
        return server.ready, server.cpu(), server.memory()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    rounds = options.parse_args().rounds
    figures: dict[str, list[tuple[float, float, float]]] = {}
    peers = [MOCKSRV, MOTO]
    for number in range(rounds + 1):
        for peer in list(peers):
            try:
                figure = once(peer)
            except Missing as missing:
                print(f"{peer.name} is left out: {missing}")
                peers.remove(peer)
                continue
            if number:  # the first round only warms the disk cache
                figures.setdefault(peer.name, []).append(figure)
    medians = {}
    print(f"{'':12}{'first answer, s':>18}{'processor time, s':>20}{'idle memory, MB':>18}")
    for name, found in figures.items():
        medians[name] = [statistics.median(column) for column in zip(*found, strict=True)]
        ready, cpu, memory = medians[name]
        print(f"{name:12}{ready:18.3f}{cpu:20.2f}{memory:18.1f}")
    if len(medians) == 2:
        ready, cpu, memory = (a / b for a, b in zip(medians[MOCKSRV.name], medians[MOTO.name], strict=True))
        print(f"{'ratio':12}{ready:18.2f}{cpu:20.2f}{memory:18.2f}")
        print(f"{'goal':12}{'0.70':>18}{'':20}{'0.65':>18}")


if __name__ == "__main__":
    main()
