"""A server to attack: a process of its own, with limits on its CPU time, its memory and its files."""

import http.client
import resource
import signal
import subprocess
import sys
import threading
import time

MB = 1024 * 1024
ROOM = 200  # MB that a server may take more than at its start, beside what was sent and kept
PROMPT = 1.0  # seconds until the health is answered


class Host:
    """`mocksrv serve` from `with` to its end. RSS in MB; what was slow to answer for its health stands in `late`."""

    def __init__(self, *options, cpu=120, memory=None):
        self.options, self.cpu, self.memory = options, cpu, memory
        self.late, self.process, self._watched = [], None, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--no-limits", *self.options], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.limit(resource.RLIMIT_CPU, self.cpu)
        self.limit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        if self.memory is not None:
            self.limit(resource.RLIMIT_AS, self.memory * MB)
        line = self.process.stdout.readline()
        assert line.startswith("mocksrv is ready on "), line + self.process.stdout.read()
        self.port = int(line.rpartition(":")[2])
        self.began_with = self.rss()

    def limit(self, what, most):
        """From now on; it can be lifted again."""
        resource.prlimit(self.process.pid, what, (most, resource.getrlimit(what)[1]))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(20)
        self.process.stdout.close()

    def rss(self, most=False):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmHWM" if most else "VmRSS"].split()[0]) // 1024

    def grown(self):
        """MB that it has taken at most beyond its start."""
        return self.rss(most=True) - self.began_with

    def ask(self, method, path, body=None, headers=(), timeout=60):
        """Status and body of an answer over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def watched(self):
        """A context in which somebody asks for the health all the time."""
        return Watch(self)

    @property
    def alive(self):
        return self.process.poll() is None


class Watch:
    def __init__(self, host):
        self.host, self.ended = host, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.thread.start()
        return self.host

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def watch(self):
        while not self.ended.wait(0.1):
            began = time.monotonic()
            try:
                status, _ = self.host.ask("GET", "/_mocksrv/health", timeout=30)
            except OSError as error:
                status = repr(error)
            took = time.monotonic() - began
            if status != 200 or took > PROMPT:
                self.host.late.append((status, round(took, 2)))
