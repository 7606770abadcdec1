"""Schemathesis over a real socket: whatever is asked of an operation, its answer is one that the document declares, no
failure is ours, and nobody gets in without credentials. The examples are few and always the same; `make fuzz` has more.
"""

import pytest

from contract_tests import fuzz
from mocksrv.app import load_vendors
from mocksrv.config import VENDORS
from mocksrv.described.openapi import METHODS

pytestmark = pytest.mark.mock_only
# Operations that at least one of the requests must have got through: what is always refused tests little.
SUCCESSES = {"carehq": 40, "commcare": 45, "cht": 80}


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_answers_are_as_declared(vendor):
    failed, report, answers = fuzz.run(vendor.name, "--phases=examples,fuzzing,stateful", "--max-examples=3",
                                     "--generation-deterministic")
    assert not failed, report
    release = next((str(one.default) for one in vendor.settings if one.name == "release"), "")
    wanted = {operation.name for operation in vendor.operations
              if operation.simulated and operation.method in METHODS and operation.within(release)}
    assert wanted - set(fuzz.LEFT_OUT.get(vendor.name, ())) <= set(answers)
    successes = [name for name, found in answers.items() if any(200 <= status < 300 for status in found)]
    assert len(successes) >= SUCCESSES[vendor.name]
