"""mocksrv's own WSGI server beside waitress and cheroot, all with the same app that does nothing.

Run: python benchmarks/servers.py [--rounds 3] [--seconds 2]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from peers import Peer, Work, from_pypi, request
from requests_per_second import compare, show

APP = Path(__file__).parent / "peers" / "plain_app.py"
ROOT = Path(__file__).parents[1]


def work(_port: int) -> Work:
    one = request("GET", "/one")
    return Work(request("GET", "/page"), one, lambda _number: request("POST", "/one", body={}), lambda *_: one)


def server(name: str) -> Peer:
    return Peer(
        name,
        from_pypi("servers", "python", "httptools", "waitress==3.0.2", "cheroot==11.1.2"),
        lambda python, port, _folder: [str(python), str(APP), name, str(port)],
        request("GET", "/one"),
        work,
        {"PYTHONPATH": str(ROOT)},
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2)
    chosen = options.parse_args()
    show(compare([server(name) for name in ("mocksrv", "waitress", "cheroot")], chosen.rounds, chosen.seconds))


if __name__ == "__main__":
    main()
