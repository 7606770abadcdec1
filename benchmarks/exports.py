"""CHT's exports of 10,000 and of 100,000 lines: when the first line comes, how long all take, what memory it takes.

Run: python benchmarks/exports.py [--sizes 10000 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

AUTH = {"Authorization": "Basic YWRtaW46cGFzcw=="}
BATCH = 5_000
EXPORTS = {  # what is asked for; each finds one line for each document of its kind
    "reports": "reports", "reports, a search": "reports?filters[search]=hello",
    "reports, a form": "reports?filters[forms][selected][0][code]=visit", "messages": "messages",
    "contacts": "contacts", "contacts, a search": "contacts?filters[search]=asha", "feedback": "feedback"}
MIB = 1024.0


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server with nothing in it."""
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--vendor", "cht", "--size", "empty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        try:
            yield process, port
        finally:
            process.terminate()


def fill(port: int, size: int) -> None:
    """So many reports with a task each, contacts, and feedback."""
    message = {"messages": [{"uuid": "u", "to": "+1", "message": "Karibu"}], "state": "sent", "state_history": []}
    made = {
        "medic": lambda n: [
            {"_id": f"r{n:07}", "type": "data_record", "form": "visit", "reported_date": 1_700_000_000_000 + n,
             "fields": {"note": "hello", "number": n, "inner": {"yes": True}}, "tasks": [message]},
            {"_id": f"c{n:07}", "type": "person", "name": f"Asha {n}", "patient_id": str(n)}],
        "medic-users-meta": lambda n: [
            {"_id": f"feedback-{n:07}", "type": "feedback", "info": {"message": "slow"}, "meta": {"time": "2026"}}]}
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    for database, docs in made.items():
        for start in range(0, size, BATCH):
            body = {"docs": [doc for n in range(start, min(start + BATCH, size)) for doc in docs(n)]}
            connection.request("POST", f"/{database}/_bulk_docs", json.dumps(body),
                               {**AUTH, "Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
            answer.read()


def kib(pid: int, name: str) -> int:
    """A line of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def measure(process: subprocess.Popen[str], port: int, path: str) -> dict[str, Any]:
    """Milliseconds to the first line after the header and to the last; MiB beyond what the server had before."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")  # the peak begins again
    before = kib(process.pid, "VmRSS")
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", f"/api/v2/export/{path}", headers=AUTH)
    answer = connection.getresponse()
    answer.readline()
    lines = 0
    first = 0.0
    while answer.readline():
        first = first or time.perf_counter() - began
        lines += 1
    whole = time.perf_counter() - began
    return {"lines": lines, "first": first * 1000, "all": whole * 1000,
            "memory": max(0, kib(process.pid, "VmHWM") - before) / MIB}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for size in chosen.sizes:
        with server() as (process, port):
            fill(port, size)
            measure(process, port, "reports")  # what is imported and made once
            found[size] = {name: measure(process, port, path) for name, path in EXPORTS.items()}
    if chosen.json:
        print(json.dumps(found))
        return
    for size, exports in found.items():
        print(f"{f'{size:,} documents of each kind':36}{'lines':>10}{'first':>12}{'all':>14}{'memory':>14}")
        for name, one in exports.items():
            print(f"  {name:34}{one['lines']:>10,}{one['first']:>10.1f}ms{one['all']:>12,.0f}ms"
                  f"{one['memory']:>11.1f}MiB")
        print()


if __name__ == "__main__":
    main()
