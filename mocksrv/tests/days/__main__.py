"""Run the tests on other days: `python -m mocksrv.tests.days [--day DAY ...] [arguments of pytest]`.

The machine's clock is shifted by libfaketime for Python alone: tests with a browser, Node.js and the like are skipped.
Without `--day` all days are run; `--day any` is one of them, by the day of the year.
"""

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime.now(UTC)
UTC_ZONE = "UTC"
DAYS = {  # what the machine's clock shows at the start, and its time zone
    "february": (datetime(2027, 2, 28, 23, 50, tzinfo=UTC), UTC_ZONE),  # ten minutes before March
    "leap-day": (datetime(2028, 2, 29, 12, tzinfo=UTC), UTC_ZONE),
    "new-year": (datetime(2026, 12, 31, 23, 58, tzinfo=UTC), UTC_ZONE),
    "two-years": (NOW + timedelta(days=730), UTC_ZONE),
    "summer": (datetime(2027, 3, 28, 0, 55, tzinfo=UTC), "Europe/London"),  # the hour after this one is left out
    "winter": (datetime(2027, 10, 31, 0, 55, tzinfo=UTC), "Europe/London"),  # this one comes twice
    "kathmandu": (datetime(2027, 6, 30, 20, tzinfo=UTC), "Asia/Kathmandu"),  # 5:45 ahead: it is tomorrow there
    "st-johns": (datetime(2027, 11, 1, 1, tzinfo=UTC), "America/St_Johns"),  # 2:30 behind: it is still yesterday there
}
LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1",
             "/usr/local/lib/faketime/libfaketime.so.1")
LEFT_OUT = "contract_tests/test_fuzz.py"  # schemathesis hangs
# Words in the names of tests and their files that are about days and moments.
SHORT = "(seed or clock or time or monitoring or background or agency or expire or stale) and not architecture"


def library():
    for pattern in LIBRARIES:
        for found in Path("/").glob(pattern.lstrip("/")):
            return found
    sys.exit("the clock is shifted with libfaketime: apt-get install faketime")


def environment(day):
    moment, zone = DAYS[day]
    return os.environ | {
        "LD_PRELOAD": str(library()), "FAKETIME": f"{(moment - datetime.now(UTC)).total_seconds():+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "TZ": zone,
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # its remedy for hangs of other C libraries makes Python's locks hang
        "PYTHONPATH": os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))}


def main():
    options = argparse.ArgumentParser(prog="python -m mocksrv.tests.days", description=__doc__.partition("\n\n")[2],
                                      allow_abbrev=False)
    options.add_argument("--day", action="append", choices=[*DAYS, "any"], help="one of the days; may be repeated")
    options.add_argument("--short", action="store_true", help="only the tests whose names speak of time")
    given, more = options.parse_known_args()
    more += ["-k", SHORT] if given.short else []
    any_day = list(DAYS)[NOW.timetuple().tm_yday % len(DAYS)]
    wanted = [any_day if day == "any" else day for day in given.day or DAYS]
    failed = []
    for number, day in enumerate(wanted, 1):
        moment, zone = DAYS[day]
        print(f"day {number} of {len(wanted)}: {day}, from {moment:%Y-%m-%d %H:%M} UTC with TZ={zone}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", f"--ignore={LEFT_OUT}", *more]
        if subprocess.run(command, env=environment(day), check=False).returncode:
            failed.append(day)
    sys.exit(f"failed on: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
