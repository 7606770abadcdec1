"""Servers to measure beside: each installs itself under build/peers and starts on a given port."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUILD = Path(__file__).parents[2] / "build" / "peers"
ITEMS = 1000  # objects that a peer begins with, of about 600 bytes
PATIENCE = 300  # seconds for a server to answer for the first time: a large seed takes a while


class Missing(Exception):
    """The peer cannot be had on this machine; the text says what is missing."""


def item(number: int) -> dict[str, Any]:
    """One object for the peers' stores, the size of a small case or contact."""
    fields = {f"field_{name}": f"{name} value of object {number:06}" for name in "abcdefgh"}
    return {"id": f"{number:06}", "name": f"Object {number}", "active": True, "fields": fields}


def request(method: str, target: str, headers: dict[str, str] | None = None, body: Any = None) -> bytes:
    """The bytes of one HTTP/1.1 request; a body goes as JSON."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    data = b"" if body is None else json.dumps(body).encode()
    if body is not None:
        headers = {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(data))}
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


@dataclass
class Work:
    """What is asked of a server: a page of 20, one object, and new objects that are read back.

    `page` and `one` make their request, where no two may be the same. `create` makes the request for object `number`;
    `created` the one that reads it, from number and answer.
    """

    page: bytes | Callable[[], bytes]
    one: bytes | Callable[[], bytes]
    create: Callable[[int], bytes]
    created: Callable[[int, bytes], bytes]


@dataclass
class Peer:
    """One server: how it is installed, started on a port, and asked."""

    name: str
    install: Callable[[], Path]
    command: Callable[[Path, int, Path], list[str]]  # (program, port, empty folder) -> command line
    first: bytes  # the request whose answer says that it is up
    work: Callable[[int], Work]  # port -> requests; fills the server where its command cannot
    environ: dict[str, str] = field(default_factory=dict)


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    port: int
    ready: float  # seconds from the start of the process to the end of its first answer

    def cpu(self) -> float:
        """Seconds of processor time so far, with those of its children."""
        ticks = 0
        for pid in (self.process.pid, *children(self.process.pid)):
            values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(values[11]) + int(values[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory in MB, with that of its children."""
        kilobytes = 0
        for pid in (self.process.pid, *children(self.process.pid)):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return kilobytes / 1024


def children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            for child in map(int, path.read_text().split()):
                found += [child, *children(child)]
    return found


def run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"`{' '.join(map(str, command))}` failed: {(done.stderr or done.stdout).strip()[-300:]}")


def from_pypi(name: str, program: str, *requirements: str) -> Callable[[], Path]:
    def install() -> Path:
        home = BUILD / name
        if not (home / "ready").exists():
            run(sys.executable, "-m", "venv", "--clear", home)
            run(home / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements)
            (home / "ready").touch()
        return home / "bin" / program

    return install


def from_npm(requirement: str, program: str) -> Callable[[], Path]:
    def install() -> Path:
        if shutil.which("npm") is None:
            raise Missing("npm is not installed")
        home = BUILD / program
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "node_modules" / ".bin" / program).exists():
            run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", home, requirement)
        return home / "node_modules" / ".bin" / program

    return install


def free_port() -> int:
    """A port below those that the system gives to clients: one of these could come first."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def read_answer(sock: socket.socket) -> tuple[bytes, bool]:
    """One whole answer, head and body, and whether it is the last on its connection."""
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        buffer += receive(sock)
    head, _, body = buffer.partition(b"\r\n\r\n")
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += receive(sock)
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body += receive(sock)
    return head + b"\r\n\r\n" + body, b"\r\nconnection: close" in lower


def receive(sock: socket.socket) -> bytes:
    data = sock.recv(1 << 18)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data


def ask(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        sock.sendall(data)
        answer, _ = read_answer(sock)
    if not succeeded(answer):
        raise RuntimeError(f"not a success: {answer[:500]!r}")
    return answer


def succeeded(answer: bytes) -> bool:
    return answer[9:10] == b"2"


def body_of(answer: bytes) -> Any:
    """The JSON of an answer, whatever its framing."""
    text = answer.partition(b"\r\n\r\n")[2]
    return json.loads(text[text.index(b"{") : text.rindex(b"}") + 1])


@contextmanager
def running(peer: Peer, folder: Path, cpus: set[int] | None = None) -> Iterator[Running]:
    """The peer, up and answering; `cpus` are those that it may use."""
    program, port = peer.install(), free_port()
    command = peer.command(program, port, folder)
    # pip compiles what it installs; mocksrv, run from its sources, must be let to keep its bytecode as well.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus and hasattr(os, "sched_setaffinity") else None
    log = folder / "log"
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environ | peer.environ,
            preexec_fn=pin,
            start_new_session=True,
        )
    try:
        while True:
            try:
                ask(port, peer.first)
                break
            except (ConnectionError, RuntimeError):
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                    raise Missing(f"{peer.name} does not answer: {log.read_text()[-500:]}") from None
                time.sleep(0.001)
        yield Running(process, port, time.perf_counter() - begun)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
