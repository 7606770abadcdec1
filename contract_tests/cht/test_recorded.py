"""The answers that a real CHT 4.15.0 server gave, replayed: see fixtures/cht/recorded."""

import json
from datetime import UTC, datetime

import pytest

from contract_tests.proof import Outcome, complaints, findings
from contract_tests.replay import Replay
from mocksrv import fixtures, proof
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving import Server

pytestmark = pytest.mark.mock_only
VERSION = "4.15.0"
# What changed around the recorded server: from this line on it reached a builds server; a step took half a second.
CHANGES = {"upgrade:229": {"cht.builds": "any", "cht.upgrade_seconds": 0.5}}


def recorded():
    """All lines in the order in which they were recorded."""
    files = fixtures.path("cht", "recorded", VERSION).glob("*.jsonl")
    return sorted((json.loads(line) for file in files for line in file.read_text().splitlines()),
                  key=lambda line: line["order"])


def replay(ignored_headers):
    """An outcome for each recorded answer, and the headers that differed."""
    app = create_app(Config(vendor=("cht",), size=0, set={"cht.conformance": "strict"}))
    world, outcomes = app.worlds["default"], []
    world.clock.freeze()
    with Server(app) as server:
        run = Replay(server.host, server.port, ignored_headers)
        for line in recorded():
            place, sent = f"{line['area']}:{line['seq']}", datetime.fromtimestamp(line["sent_at_ms"] / 1000, UTC)
            world.settings |= CHANGES.get(place, {})
            world.clock.set(sent)
            problems = run.play(line)
            if not line["response"].get("hidden"):
                (entry,) = world.journal.find(limit=1)
                outcomes.append(Outcome(place, line["name"], app.operations.get(f"cht.{entry.operation}"),
                                        line["response"]["status"], sent.date().isoformat(), problems))
    return outcomes, run.met


def test_the_recorded_answers_come_again_and_prove_what_is_written_down(request):
    known = json.loads(fixtures.path("cht", "differences.json").read_text())
    outcomes, headers = replay(known["headers"])
    assert not (found := complaints(outcomes, known["differences"])), "\n".join(found)
    assert not (unmet := known["headers"].keys() - headers), f"these headers do not differ: compare them: {unmet}"
    assert len(outcomes) > 1_900
    proved = findings(outcomes, VERSION)
    if request.config.getoption("--write-proof"):
        proof.replace("cht", "recorded", proved)
    written = proof.read("cht").get("recorded", {})
    wrong = sorted(name for name in proved.keys() | written.keys() if proved.get(name) != written.get(name))
    assert not wrong, (f"fixtures/cht/proof.json is not what this replay found of {', '.join(wrong)}: "
                       "write it with `make proof`, never by hand")
