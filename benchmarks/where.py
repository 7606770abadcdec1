"""Where the processor time of a request goes, from socket to socket: microseconds for each stage.

The server runs in this process; each stage's function is wrapped by a clock of its thread's processor time, and what a
stage calls that is a stage itself counts there. The clocks cost about half a microsecond a stage.
Run: python benchmarks/where.py [--requests 3000]
"""

from __future__ import annotations

import argparse
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import thread_time
from typing import Any

from peers import read_answer
from peers.catalogue import carehq_work, cht_work, commcare_work

from mocksrv.app import Simulator, create_app
from mocksrv.config import Config
from mocksrv.journal import Journal
from mocksrv.routing import Routes
from mocksrv.serving import server as serving
from mocksrv.serving.connection import Connection
from mocksrv.serving.http1 import RequestReader
from mocksrv.store import Table
from mocksrv.world import World

spent: Counter[str] = Counter()
running = threading.local()
VENDOR = {"run_due": "what is due", "identify": "identity", "admit": "admission", "render": "rendering",
          "answered": "counting"}


def clocked(stage: str, run: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any, **named: Any) -> Any:
        outer, running.inner = getattr(running, "inner", 0.0), 0.0
        began = thread_time()
        try:
            return run(*args, **named)
        finally:
            taken = thread_time() - began
            spent[stage] += taken - running.inner
            running.inner = outer + taken

    return timed


def clock(app: Simulator) -> None:
    """Put a clock around each stage."""
    for owner, name, stage in (
            (RequestReader, "feed", "parsing"), (serving, "environ_of", "parsing"),
            (Routes, "find", "routing"),
            (Journal, "add", "journal"), (World, "commit", "commit"), (Connection, "transmit", "writing"),
            *((Table, name, "store") for name in ("peek", "get", "put", "by", "range", "first", "made", "json"))):
        setattr(owner, name, clocked(stage, getattr(owner, name)))
    for vendor in app.vendors.values():
        for name, stage in VENDOR.items():
            setattr(vendor, name, clocked(stage, getattr(vendor, name)))
    app.operations.update({name: replace(one, run=clocked("handler", one.run)) for name, one in app.operations.items()})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=3_000)
    count = options.parse_args().requests
    app = create_app(Config(limits=False))
    clock(app)
    table: dict[str, Counter[str]] = {}
    with serving.Server(clocked("the way between", app)) as server:
        for vendor, work_of in (("cht", cht_work), ("commcare", commcare_work), ("carehq", carehq_work)):
            work = work_of(server.port)
            asked = {"page": lambda _, work=work: work.page, "one": lambda _, work=work: work.one,
                     "create": lambda number, work=work: work.create(number)}
            for label, make in asked.items():
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    for number in range(count):
                        if number == count // 10:
                            spent.clear()
                        data = make(number)
                        sock.sendall(data if isinstance(data, bytes) else data())
                        read_answer(sock)
                each = 1e6 / (count * 0.9)
                table[f"{vendor} {label}"] = Counter({stage: time * each for stage, time in spent.items()})
    stages = [stage for stage, _ in sum(table.values(), Counter()).most_common()]
    print(f"{'':18}" + "".join(f"{name:>17}" for name in table))
    for stage in stages:
        print(f"{stage:18}" + "".join(f"{found[stage]:17.1f}" for found in table.values()))
    print(f"{'all':18}" + "".join(f"{sum(found.values()):17.1f}" for found in table.values()))


if __name__ == "__main__":
    main()
