"""What work costs, counted: a busy machine changes nothing of it."""

import sys


def steps(work):
    """How many lines of Python the work takes."""
    count = 0

    def step(frame, event, argument):
        nonlocal count
        count += 1
        return step

    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(None)
    return count
