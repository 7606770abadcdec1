"""Imported by every Python of the tests on another day, from PYTHONPATH.

Only the clock on the wall is shifted, and libfaketime 0.9.10 then refuses time.sleep, which waits for a moment of the
monotonic clock (EINVAL).
"""

import select
import time


def sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = sleep
