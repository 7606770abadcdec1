"""A request that holds the interpreter is told of, and a process that it has frozen ends."""

import subprocess
import sys
import textwrap

HELD = """
import logging, re, sys
from mocksrv.serving.watchdog import Watchdog
logging.basicConfig(stream=sys.stderr, format="%(message)s")
Watchdog(lambda: ["GET /slow"], slow=0.2, frozen=float(sys.argv[2])).start()
def slow():
    re.match("(a+)+$", "a" * int(sys.argv[1]) + "b")  # a match lets nobody else run
slow()
print("free again", flush=True)
import time; time.sleep(1.5)
"""


def hold(letters, frozen):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(HELD), str(letters), str(frozen)], capture_output=True,
                          text=True, timeout=60, check=False)


def test_who_held_the_interpreter_is_told():
    done = hold(27, 60)
    assert done.stdout == "free again\n"
    assert "the interpreter was held for" in done.stderr
    assert "GET /slow" in done.stderr


def test_a_frozen_process_ends_with_its_stack():
    done = hold(60, 1)
    assert (done.returncode, done.stdout) == (1, "")
    assert "in slow" in done.stderr
