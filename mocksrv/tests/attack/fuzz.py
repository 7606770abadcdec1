"""Strange requests to every operation, in this process: `python -m mocksrv.tests.attack.fuzz --count 100000 --seed 1`.

As a login that may do all, as an offline user or a mobile worker, and as nobody; in CHT's conformances and releases.
Each answer must be the vendor's own, within two seconds of CPU time, and leave its world free. Exit code 1 if one is
not. Prints how far it is every ten seconds, and JSON at the end or at Ctrl-C: what was asked and answered, and the
first request of each failure.
"""

import argparse
import base64
import gzip
import io
import json
import logging
import resource
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from random import Random
from urllib.parse import unquote_to_bytes

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.tests.attack.inputs import HEADERS, METHODS, Inputs

SLOW = 2.0  # seconds of CPU time
HANGS = 60  # seconds
ROUND = 300  # requests until worlds begin again
TOLD = 10  # seconds between two lines about how far it is
LARGEST = 4 * 1024**2  # bytes of a body: what is repeated within what is repeated grows beyond all measure
PIECES = 50_000  # that an answer may have; more is no answer
SETTINGS = (
    {}, {"cht.conformance": "server"}, {"cht.conformance": "page"}, {"cht.release": "5.2"},
    {"cht.release": "5.2", "cht.conformance": "server", "carehq.unknown_arguments": "refuse"},
)


def basic(name, password):
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


LOGINS = {
    "cht": {"all": basic("admin", "pass"), "offline": basic("chw1", "Secret_123")},
    "commcare": {"all": {"HTTP_AUTHORIZATION": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"},
                 "offline": basic("amina@demo.commcarehq.org", "password")},
    "carehq": {"all": {"HTTP_X_CAREHQ_ACCOUNTID": "MY_ACCOUNT_ID", "HTTP_X_CAREHQ_APIKEY": "UNSIGNED_KEY"},
               "offline": {"HTTP_X_CAREHQ_ACCOUNTID": "MY_ACCOUNT_ID", "HTTP_X_CAREHQ_APIKEY": "MY_API_KEY"}},
}


class Hang(BaseException):
    """No handler may take it for an error of its own."""


class Wrong(Exception):
    """An answer that cannot be sent."""


class Fuzzer:
    def __init__(self, seed, operations=()):
        self.random = Random(seed)
        self.app = create_app(Config(limits=False, size=30, log="off"))
        self.operations = [(vendor, one) for vendor in self.app.vendors.values() for one in vendor.operations
                           if not operations or one.name in operations]
        origin = self.app.worlds.origin
        self.inputs = {vendor.name: Inputs(vendor, self.random, [
            id for spec in vendor.tables for id, _ in zip(origin.table(spec.name).ids(), range(8), strict=False)])
            for vendor in self.app.vendors.values()}
        self.origins = [self.app.worlds.plant(1, 30, settings) for settings in SETTINGS]
        self.asked, self.statuses, self.called, self.failures = Counter(), Counter(), Counter(), {}
        self.worst, self.slowest = 0.0, ""
        self.began = self.told = time.monotonic()
        self.request = {}
        handler = logging.Handler(logging.WARNING)
        handler.emit = self.logged
        logging.getLogger().addHandler(handler)

    def logged(self, record):
        self.fail(record.exc_info[1] if record.exc_info else Wrong(record.getMessage()))

    def fail(self, error):
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/mocksrv/" in frame.filename]
        place = f"{frames[-1].filename.rpartition('/mocksrv/')[2]}:{frames[-1].lineno}" if frames else str(error)[:60]
        known = self.failures.setdefault(f"{type(error).__name__} {place}",
                                         {"times": 0, "error": str(error)[:300], "first": self.request})
        known["times"] += 1

    def run(self, count):
        for number in range(count):
            if number % ROUND == 0:
                self.check_lock()
                self.app.worlds.replace("fuzz", self.origins[number // ROUND % len(SETTINGS)])
                self.tell(count)
            vendor, operation = self.random.choice(self.operations)
            self.called[f"{vendor.name}.{operation.name}"] += 1
            self.send(self.environ(vendor, operation))

    def tell(self, count):
        """A line to standard error now and then: how far it is."""
        now = time.monotonic()
        if now - self.told > TOLD:
            self.told, done = now, self.statuses.total()
            rate, failures = done / (now - self.began), sum(one["times"] for one in self.failures.values())
            print(f"{done:,} of {count:,} requests, {rate:,.0f} a second, {failures} failures; the longest took "
                  f"{self.worst:.2f} s ({self.slowest}); {megabytes()} MB", file=sys.stderr, flush=True)

    def summary(self):
        return {"requests": self.statuses.total(), "seconds": round(time.monotonic() - self.began), "as": self.asked,
                "operations": len(self.called), "fewest": min(self.called.values(), default=0),
                "worst": round(self.worst, 2), "slowest": self.slowest, "megabytes": megabytes(),
                "statuses": dict(sorted(self.statuses.items())), "failures": self.failures}

    def check_lock(self):
        """Whether somebody else may use the world: to the thread that holds a lock it is open."""
        if "fuzz" in self.app.worlds:
            lock, free = self.app.worlds["fuzz"].lock, []
            other = threading.Thread(target=lambda: free.append(lock.acquire(timeout=1) and not lock.release()))
            other.start()
            other.join()
            if free != [True]:
                self.fail(Wrong("the world stays locked"))

    def environ(self, vendor, operation):
        inputs, who = self.inputs[vendor.name], self.random.choice(("all", "all", "all", "offline", "nobody"))
        target = f"/~fuzz/{vendor.name}{inputs.path(operation)}{inputs.query(operation)}"
        media_type, body = inputs.body(operation)
        body = body[:LARGEST]
        method = operation.method if self.random.random() < 0.98 else self.random.choice(METHODS)
        path, _, query = target.partition("#")[0].partition("?")
        headers = {}
        if self.random.random() < 0.15:
            name = self.random.choice([*HEADERS])
            headers[name] = self.random.choice(HEADERS[name])
        if body and self.random.random() < 0.02:
            body, headers["HTTP_CONTENT_ENCODING"] = gzip.compress(body, 1), "gzip"
        self.asked[who] += 1
        self.request = {"operation": f"{vendor.name}.{operation.name}", "as": who, "method": method,
                        "target": target[:2000], "type": media_type, "headers": headers,
                        "body": body[:2000].decode("latin-1"), "size": len(body)}
        return {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.input_terminated": True,
            "mocksrv.target": target, "mocksrv.stopping": lambda: False,
            **({"CONTENT_TYPE": media_type} if media_type else {}),
            "CONTENT_LENGTH": str(len(body)), **LOGINS[vendor.name].get(who, {}), **headers,
        }

    def send(self, environ):
        answer = {}

        def start_response(status, headers, _error=None):
            answer.update(status=int(status[:3]), headers=headers)

        signal.alarm(HANGS)
        began = time.process_time()
        try:
            size = self.read(self.app(environ, start_response))
            self.check(environ["REQUEST_METHOD"], answer, size)
        except (Exception, Hang) as error:
            self.fail(error)
        finally:
            signal.alarm(0)
        took = time.process_time() - began
        if took > self.worst:
            self.worst, self.slowest = took, self.request["operation"]
        if took > SLOW:
            self.fail(Wrong(f"slow: {self.request['operation']}"))
        self.statuses[answer.get("status", 0)] += 1

    @staticmethod
    def read(items):
        size = 0
        try:
            for number, item in enumerate(items):
                size += len(item)
                if number > PIECES:
                    raise Wrong("the answer does not end")
        finally:
            if hasattr(items, "close"):
                items.close()
        return size

    def check(self, method, answer, size):
        headers = {name.lower(): value for name, value in answer["headers"]}
        for name, value in answer["headers"]:
            if any(char in name + value for char in "\r\n\0"):
                raise Wrong(f"a line break in the header {name}")
            (name + value).encode("latin-1")
        length = headers.get("content-length")
        if length not in (None, str(size)) and method != "HEAD" and answer["status"] not in (204, 304):
            raise Wrong(f"Content-Length {length}, {size} bytes: {self.request['operation']}")
        if "mocksrv itself failed" in headers.get("x-mocksrv-diagnosis", ""):
            self.asked["own failures"] += 1


def megabytes():
    """What the process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operation", action="append", default=[], help="by its name; all unless given")
    given = parser.parse_args()

    def hang(_number, _frame):
        raise Hang(f"no answer within {HANGS} s")

    signal.signal(signal.SIGALRM, hang)
    fuzzer = Fuzzer(given.seed, given.operation)
    try:
        fuzzer.run(given.count)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    fuzzer.check_lock()
    print(json.dumps(fuzzer.summary(), indent=1))
    sys.exit(bool(fuzzer.failures))


if __name__ == "__main__":
    main()
