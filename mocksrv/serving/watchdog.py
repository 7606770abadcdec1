"""Watches that no request blocks the interpreter: logs which one did, and ends a process that nothing else could end.

While a C function runs that never releases the interpreter's lock, such as a match of a regular expression, no Python
code runs: no other answer, no signal handler. So a thread restarts a timer outside of the interpreter again and again,
which it can as long as the interpreter is free. When it runs out it writes all threads' stacks to standard error and
ends the process: a server that is frozen keeps nothing alive, and SIGTERM alone could not end it.
"""

from __future__ import annotations

import faulthandler
import logging
import threading
from collections.abc import Callable, Iterable

from mocksrv.clock import pause, stopwatch

log = logging.getLogger(__name__)

EVERY = 0.5  # seconds between two looks
SLOW = 5.0  # seconds of a blocked interpreter that are logged
FROZEN = 60.0  # seconds after which the process ends


class Watchdog:
    """Watches from start() to stop(). `in_flight` gives the requests that are being answered, as the log shows them."""

    def __init__(self, in_flight: Callable[[], Iterable[str]], slow: float = SLOW, frozen: float = FROZEN) -> None:
        self._in_flight, self._slow, self._frozen = in_flight, slow, frozen
        self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="mocksrv:watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped:
            faulthandler.dump_traceback_later(self._frozen, exit=True)
            before, asked = stopwatch(), list(self._in_flight())
            pause(EVERY)
            held = stopwatch() - before - EVERY
            if held > self._slow:
                log.warning("the interpreter was held for %.1f s; in flight: %s", held,
                            ", ".join(dict.fromkeys([*asked, *self._in_flight()])) or "nothing")
        faulthandler.cancel_dump_traceback_later()
