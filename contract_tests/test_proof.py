"""What a replay may show, and what it proves."""

import pytest

from contract_tests.proof import Outcome, complaints, findings
from mocksrv.described.proof import Finding
from mocksrv.operation import Operation


def operation(name, *statuses):
    return Operation("shop", name, "GET", (f"/{name}",), lambda world, call: None, statuses=statuses)


def outcomes(count, *different):
    return [Outcome(f"a:{number}", "try", None, 200, "2026-01-01", ["status"] if number in different else [])
            for number in range(count)]


@pytest.mark.parametrize(("made", "reviewed", "said"), [
    (outcomes(100), [], []),
    (outcomes(100, 1, 2), [{"lines": ["a:1", "a:2"], "reason": "odd"}], []),
    (outcomes(100, 1), [], ["a:1 (try) differs: status"]),
    (outcomes(100), [{"lines": ["a:1"], "reason": "odd"}], ["a:1 is reviewed as different, but is not: strike it out"]),
    (outcomes(100), [{"lines": ["z:1"], "reason": "odd"}], ["z:1 is reviewed as different, but is not: strike it out"]),
    (outcomes(100, 1), [{"lines": ["a:1"], "reason": " "}], ["no reason is given for a:1"]),
    (outcomes(100, 1), [{"lines": ["a:1"]}], ["no reason is given for a:1"]),
    (outcomes(100, 1), [{"lines": ["a:1", "a:1"], "reason": "odd"}], ["a:1 is reviewed twice"]),
    (outcomes(100, 1, 2, 3), [{"lines": ["a:1", "a:2", "a:3"], "reason": "odd"}],
     ["3 of 100 answers differ: 3.0%, reviewed or not; at most 2% may"]),
])
def test_a_replay_is_complained_about(made, reviewed, said):
    assert complaints(made, reviewed) == said


def test_an_operation_is_proved_by_its_own_answers_and_by_no_other():
    good, refusing, odd = operation("good", 200, 404), operation("refusing", 200, 401, 404), operation("odd", 200)
    failing, strict = operation("failing", 200, 500), operation("strict", 204, 400, 404)
    made = [Outcome("a:1", "", good, 200, "2026-01-01"), Outcome("a:2", "", good, 404, "2026-01-02"),
            Outcome("a:3", "", good, 200, "2026-01-03", ["status"]), Outcome("a:4", "", refusing, 401, "2026-01-01"),
            Outcome("a:5", "", odd, 200, "2026-01-01", ["shape"]), Outcome("a:6", "", None, 404, "2026-01-01"),
            Outcome("a:7", "", failing, 500, "2026-01-01"), Outcome("a:8", "", failing, 404, "2026-01-01"),
            Outcome("a:9", "", strict, 400, "2026-01-01"), Outcome("a:10", "", strict, 404, "2026-01-01", ["status"])]
    assert findings(made, "1.2") == {"good": Finding("1.2", "2026-01-02", 2, 1, (200, 404)),
                                     "strict": Finding("1.2", "2026-01-01", 1, 1, (400,))}
