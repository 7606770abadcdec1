"""Several processes on this machine behind one address: `mocksrv serve --workers 4`.

HAProxy runs in front of them. A parent process that hands connections over could not do it: one connection of a client
may ask many worlds in turn.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.parse import urlsplit

from mocksrv.clock import pause, stopwatch
from mocksrv.remote import direct
from mocksrv.shards import Shard
from mocksrv.shards.haproxy import config, slots

PATIENCE = 60.0  # seconds until a process must serve
PAUSE = 0.05


class CannotStart(Exception):
    """The text says what is missing, or which process did not start."""


class Worker:
    """One process of mocksrv, started again on its port when it dies; its worlds begin anew then."""

    def __init__(self, shard: Shard, arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self.shard, self.environ = shard, dict(environ)
        self.file = folder / f"url.{shard.number}"
        self.log = folder / f"log.{shard.number}"
        self.arguments = [*arguments, "--host", "127.0.0.1", "--shard", str(shard), "--url-file", str(self.file)]
        self.port = 0
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mocksrv", "serve", *self.arguments, "--port", str(self.port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environ, stdout=log)
        return self.process

    def address(self, until: float) -> str:
        """`host:port` once it serves. Raises CannotStart."""
        while not (self.file.exists() and (url := self.file.read_text(encoding="utf-8").strip())):
            if self.process.poll() is not None or stopwatch() > until:
                raise CannotStart(f"process {self.shard} of mocksrv did not start")
            pause(PAUSE)
        self.port = urlsplit(url).port or 0
        return f"127.0.0.1:{self.port}"

    def said(self) -> list[str]:
        """Its output, with the public address in place of its own."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def started(count: int, arguments: Sequence[str], environ: Mapping[str, str], host: str,
            port: int) -> Iterator[tuple[list[Worker], subprocess.Popen[bytes]]]:
    """Start so many processes, and HAProxy in front of them on `host` and `port`. Raises CannotStart."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if program is None:
        raise CannotStart("--workers needs HAProxy before the processes: apt-get install haproxy")
    with tempfile.TemporaryDirectory(prefix="mocksrv-") as name:
        folder = Path(name)
        workers: list[Worker] = []
        balancer: subprocess.Popen[bytes] | None = None
        try:
            for number in range(1, count + 1):
                workers.append(Worker(Shard(number, count), arguments, environ, folder))
            until = stopwatch() + PATIENCE
            addresses = [worker.address(until) for worker in workers]
            table = folder / "slots.map"
            table.write_text(slots(count), encoding="utf-8")
            file = folder / "haproxy.cfg"
            file.write_text(config(addresses, bind=f"{bracketed(host)}:{port}", map_file=str(table),
                                   control=str(folder / "haproxy.socket")), encoding="utf-8")
            log = folder / "haproxy.log"
            with log.open("wb") as output:
                balancer = subprocess.Popen([program, "-db", "-f", str(file)], stdout=output, stderr=output)
            near = "127.0.0.1" if host in ("", "0.0.0.0") else bracketed(host)
            wait_for(f"http://{near}:{port}", balancer, log, until)
            yield workers, balancer
        finally:
            if balancer is not None:
                balancer.terminate()
                balancer.wait(10)
            for worker in workers:
                worker.stop()


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def wait_for(url: str, balancer: subprocess.Popen[bytes], log: Path, until: float) -> None:
    """Wait until the first process answers through HAProxy. Raises CannotStart."""
    while True:
        with suppress(URLError, ConnectionError), direct().open(f"{url}/_mocksrv/ready", timeout=5):
            return
        if balancer.poll() is not None:
            raise CannotStart(f"HAProxy did not start: {log.read_text(encoding='utf-8').strip()}")
        if stopwatch() > until:
            raise CannotStart("HAProxy does not reach the first process")
        pause(PAUSE)


def run(workers: Sequence[Worker], balancer: subprocess.Popen[bytes], say: Callable[[str], None]) -> int:
    """Keep them alive until SIGTERM or Ctrl-C; gives the exit code: 1 if HAProxy died."""
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not stopped:
            if balancer.poll() is not None:
                say(f"HAProxy ended with {balancer.returncode}")
                return 1
            for worker in workers:
                if (code := worker.process.poll()) is not None:
                    say(f"process {worker.shard} ended with {code}; it starts again, and its worlds begin anew")
                    worker.start()
            pause(PAUSE)
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
