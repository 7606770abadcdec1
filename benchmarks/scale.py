"""Many processes behind HAProxy: requests a second with 1, 2 and 4 of them, and what HAProxy adds to a request.

200 worlds, 64 connections, one object of CHT. The load generator needs a processor too: its time is told apart.
Run: python benchmarks/scale.py [--rounds 3] [--seconds 3]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from figures import Lines
from peers import children, request
from peers.load import Client, Talk, drive

from mocksrv.shards import Shard
from mocksrv.shards.haproxy import config, slots

WORLDS, CONNECTIONS = 200, 64
ADMIN = {"Authorization": f"Basic {b64encode(b'admin:pass').decode()}"}
GOALS = "goals: HAProxy adds at most 30 us; 2 processes at least 1.4 times 1"


@dataclass
class Seen:
    per_second: float
    server: float  # microseconds of processor time for each request
    balancer: float
    generator: float
    idle: float  # share of the processors that was left


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def fetched(url: str) -> bytes:
    for _ in range(600):
        try:
            with urlopen(Request(url, headers=ADMIN), timeout=10) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def processes(stack: ExitStack, count: int) -> tuple[list[int], list[int]]:
    """Ports and process ids of so many servers."""
    ports = [free_port() for _ in range(count)]
    serve = [sys.executable, "-m", "mocksrv", "serve", "--vendor", "cht", "--no-limits"]
    pids = [stack.enter_context(started([*serve, "--port", str(port), "--shard", str(Shard(number, count))])).pid
            for number, port in enumerate(ports, 1)]
    for port in ports:
        fetched(f"http://127.0.0.1:{port}/_mocksrv/ready")
    return ports, pids


def balancer(stack: ExitStack, ports: list[int]) -> tuple[int, int]:
    program = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
    if program is None:
        raise SystemExit("apt-get install haproxy")
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    (folder / "slots.map").write_text(slots(len(ports)))
    (folder / "haproxy.cfg").write_text(config([f"127.0.0.1:{one}" for one in ports], bind=f"127.0.0.1:{port}",
                                               map_file=str(folder / "slots.map")))
    pid = stack.enter_context(started([program, "-db", "-q", "-f", str(folder / "haproxy.cfg")])).pid
    fetched(f"http://127.0.0.1:{port}/_mocksrv/ready")
    return port, pid


def cpu(pids: list[int]) -> float:
    """Seconds of processor time so far, with those of children."""
    ticks = 0
    for pid in [one for parent in pids for one in (parent, *children(parent))]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def idle() -> float:
    """Seconds that all processors together have been idle."""
    return int(Path("/proc/stat").read_text().split()[4]) / os.sysconf("SC_CLK_TCK")


def talks(port: int) -> list[Talk]:
    """One object of each world in turn."""
    prefixes = [f"/~w{number}" for number in range(WORLDS)]
    found = json.loads(fetched(f"http://127.0.0.1:{port}{prefixes[0]}/api/v1/person?type=person&limit=1"))["data"][0]["_id"]
    requests = [request("GET", f"{prefix}/api/v1/person/{found}", ADMIN) for prefix in prefixes]

    def talk(start: int) -> Talk:
        for number in itertools.count(start):
            yield requests[number % WORLDS]

    return [talk(number * WORLDS // CONNECTIONS) for number in range(CONNECTIONS)]


def measured(port: int, servers: list[int], balancers: list[int], seconds: float) -> Seen:
    clients = [Client(port, talk) for talk in talks(port)]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.connect(selector)
        drive(selector, seconds / 3)
        before = (cpu(servers), cpu(balancers), time.process_time(), idle(), time.perf_counter())
        good, _ = drive(selector, seconds)
        after = (cpu(servers), cpu(balancers), time.process_time(), idle(), time.perf_counter())
    for client in clients:
        client.sock.close()
    server, balance, generator, rest, taken = (b - a for a, b in zip(before, after, strict=True))
    return Seen(good / taken, server / good * 1e6, balance / good * 1e6, generator / good * 1e6,
                rest / taken / (os.cpu_count() or 1))


def once(count: int, behind: bool, seconds: float) -> Seen:
    with ExitStack() as stack:
        ports, servers = processes(stack, count)
        port, balancers = ports[0], []
        if behind:
            port, pid = balancer(stack, ports)
            balancers = [pid]
        return measured(port, servers, balancers, seconds)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--into", type=Path, help="folder for the figure and its numbers")
    chosen = options.parse_args()
    kinds = {"1 alone": (1, False), "1 behind HAProxy": (1, True), "2 behind HAProxy": (2, True),
             "4 behind HAProxy": (4, True)}
    rounds = [{name: once(*kind, chosen.seconds) for name, kind in kinds.items()} for _ in range(chosen.rounds)]
    figures = {name: Seen(*(statistics.median(getattr(one[name], field) for one in rounds)
                            for field in Seen.__dataclass_fields__)) for name in kinds}
    print(f"{os.cpu_count()} processors, {WORLDS} worlds, {CONNECTIONS} connections; us of processor time a request\n")
    print(f"{'processes':20}{'requests/s':>12}{'server us':>12}{'HAProxy us':>12}{'generator us':>14}{'idle':>8}")
    for name, one in figures.items():
        costs = f"{one.server:12.0f}{one.balancer:12.0f}{one.generator:14.0f}"
        print(f"{name:20}{one.per_second:12,.0f}{costs}{one.idle:8.0%}")
    base = figures["1 behind HAProxy"].per_second
    ratios = [f"{name}: {one.per_second / base:.2f} times 1" for name, one in figures.items() if name[0] != "1"]
    print("\n" + "; ".join(ratios) + f"\n{GOALS}")
    if chosen.into:
        lines = Lines("Requests a second, by the number of processes behind HAProxy", "processes", "requests a second",
                      ["1", "2", "4"])
        behind = [figures[f"{number} behind HAProxy"] for number in lines.points]
        lines.add("answered", [one.per_second for one in behind])
        lines.add("servers alone, computed",
                  [min(int(number), os.cpu_count() or 1) * 1e6 / one.server
                   for number, one in zip(lines.points, behind, strict=True)])
        lines.write(chosen.into / "processes")


if __name__ == "__main__":
    main()
