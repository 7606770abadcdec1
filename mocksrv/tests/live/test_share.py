"""Most contract tests can run on a live service: what only a mock can do is the exception."""

import re
import subprocess
import sys
from pathlib import Path

from mocksrv.config import VENDORS

LEAST = 0.75
ROOT = Path(__file__).parents[3]


def test_three_quarters_of_each_vendors_tests_can_run_on_a_live_service():
    run = subprocess.run([sys.executable, "-m", "pytest", *(f"contract_tests/{vendor}" for vendor in VENDORS),
                          "--target", "live", "--collect-only", "-q", "-p", "no:cacheprovider"],
                         cwd=ROOT, capture_output=True, text=True, timeout=200)
    found = re.findall(r"^(\w+): (\d+) of (\d+) tests can run on a live service", run.stdout, re.MULTILINE)
    assert {vendor for vendor, _, _ in found} == set(VENDORS), run.stdout[-2_000:] + run.stderr
    assert [row for row in found if int(row[1]) < LEAST * int(row[2])] == []
