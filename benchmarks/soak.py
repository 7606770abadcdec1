"""Sixteen threads on eight worlds for 30 seconds, over sockets; then the same calls one after another.

Every world must end exactly as in the serial run. Prints the requests made, and exits with 1 if a world differs.
Run: python benchmarks/soak.py [seconds]
"""

import json
import sys
import threading
import time

import requests

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server

AUTH = ("admin", "pass")
THREADS, WORLDS = 16, 8


def call(session, url, thread, number):
    """One call of a thread's endless list: its own documents only, so that the order of threads does not matter."""
    base = f"{url}/~w{thread % WORLDS}"
    key = f"soak-{thread}-{number % 50}"
    document = session.get(f"{base}/medic/{key}").json()
    fields = {"type": "note", "number": number, **({"_rev": document["_rev"]} if "_rev" in document else {})}
    answer = session.put(f"{base}/medic/{key}", json=fields)
    assert answer.status_code == 201, answer.text


def serve():
    app = create_app(Config(vendor=("cht",), port=0, size=0))
    return app, Server(app)


def notes(app, world):
    """The documents of a world without what depends on the order in which two threads wrote."""
    return {id: doc for id, doc in app.worlds[world].store.dump()["cht.medic"].items() if "soak-" in id}


def main(seconds):
    app, server = serve()
    counts = [0] * THREADS
    with server:
        ends = time.monotonic() + seconds

        def work(thread):
            with requests.Session() as session:
                session.auth = AUTH
                while time.monotonic() < ends:
                    call(session, server.url, thread, counts[thread])
                    counts[thread] += 1

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    serial, server = serve()
    with server, requests.Session() as session:
        session.auth = AUTH
        for thread, count in enumerate(counts):
            for number in range(count):
                call(session, server.url, thread, number)
    print(f"{2 * sum(counts)} requests by {THREADS} threads in {seconds} s")
    different = [number for number in range(WORLDS) if notes(app, f"w{number}") != notes(serial, f"w{number}")]
    print("every world ended as in the serial run" if not different else f"worlds that differ: {json.dumps(different)}")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
