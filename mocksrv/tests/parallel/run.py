"""Two hundred tests at once on one server, in another order each round: `python -m mocksrv.tests.parallel.run`.

Each round ends with the server as it was: no world is left but the default one. Exit code 1 if any test failed.
"""

import argparse
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests

SUITE = Path(__file__).with_name("suite.py")


@contextmanager
def server():
    """A server process of its own; its base URL."""
    process = subprocess.Popen([sys.executable, "-m", "mocksrv", "serve", "--port", "0"], text=True,
                               stdout=subprocess.PIPE)
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def play(order, *options, count=200, workers=4):
    """One round; its exit code and what pytest said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MOCKSRV_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "mocksrv.tests.parallel.shuffle", "-p", "no:cacheprovider",
         "-n", str(workers), "--shuffle", str(order), "--count", str(count), *options, str(SUITE)],
        capture_output=True, text=True, check=False, env=clean)
    return done.returncode, done.stdout + done.stderr


def worlds(url):
    return [world["name"] for world in requests.get(f"{url}/_mocksrv/worlds").json()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    wanted = parser.parse_args()
    failed = 0
    with server() as url:
        for order in range(wanted.rounds):
            began = time.monotonic()
            code, text = play(order, "--mocksrv-url", url, workers=wanted.workers)
            left = worlds(url)
            print(f"order {order}: {text.strip().splitlines()[-1]}, {time.monotonic() - began:.1f} s, "
                  f"worlds left: {', '.join(left)}", flush=True)
            if code or left != ["default"]:
                failed += 1
                print(text)
    print(f"{wanted.rounds - failed} of {wanted.rounds} rounds passed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
