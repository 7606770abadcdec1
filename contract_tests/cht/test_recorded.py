"""The answers that a real CHT 4.15.0 server gave, replayed: see fixtures/cht/recorded."""

import json
from datetime import UTC, datetime

import pytest

from contract_tests.proof import Outcome, check
from contract_tests.replay import Replay
from mocksrv import fixtures
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.vendors.cht.couch import documents, maintenance

pytestmark = pytest.mark.mock_only
VERSION = "4.15.0"
SETTINGS = {"cht.conformance": "strict", "cht.builds_url": "http://127.0.0.1:5101/_couch/builds_4"}
BIG = "a1000000-0000-4000-8000-000000000005"  # the person that 10,050 reports are about
# What was done to the recorded server from outside of the API, before these lines.
CHANGES = {
    "large:1": lambda world: maintenance.plant(documents.database(world), (
        {"_id": f"large-{number}", "type": "data_record", "form": "large", "fields": {"patient_id": BIG}}
        for number in range(10_050))),
    "upgrade:229": lambda world: world.settings.update(  # it reached a builds server; a step took half a second
        {"cht.builds": "4.15.1", "cht.builds_url": "http://admin:pass@127.0.0.1:5984/builds_4",
         "cht.upgrade_seconds": 0.5}),
}


def recorded():
    """All lines in the order in which they were recorded."""
    files = fixtures.path("cht", "recorded", VERSION).glob("*.jsonl")
    return sorted((json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()),
                  key=lambda line: line["order"])


def replay(ignored_headers):
    """An outcome for each recorded answer, and the headers that differed."""
    app = create_app(Config(vendor=("cht",), size=0, set=SETTINGS))
    world, outcomes = app.worlds["default"], []
    world.clock.freeze()
    with Server(app) as server:
        run = Replay(server.host, server.port, ignored_headers)
        for line in recorded():
            place, sent = f"{line['area']}:{line['seq']}", datetime.fromtimestamp(line["sent_at_ms"] / 1000, UTC)
            CHANGES.get(place, bool)(world)
            world.clock.set(sent)
            problems = run.play(line)
            if not line["response"].get("hidden"):
                (entry,) = world.journal.find(limit=1)
                outcomes.append(Outcome(place, line["name"], app.operations.get(f"cht.{entry.operation}"),
                                        line["response"]["status"], sent.date().isoformat(), problems))
    return outcomes, run.met


def test_the_recorded_answers_come_again_and_prove_what_is_written_down(request):
    known = json.loads(fixtures.path("cht", "differences.json").read_text(encoding="utf-8"))
    outcomes, headers = replay(known["headers"])
    assert not (unmet := known["headers"].keys() - headers), f"these headers do not differ: compare them: {unmet}"
    assert len(outcomes) > 1_900
    check("cht", VERSION, outcomes, known["differences"], request.config.getoption("--write-proof"))
