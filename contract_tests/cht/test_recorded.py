"""The answers that a real CHT 4.15.0 server gave, replayed: see fixtures/cht/recorded."""

import json
from datetime import UTC, datetime

import pytest

from contract_tests.replay import Replay
from mocksrv import fixtures
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving import Server

pytestmark = pytest.mark.mock_only
MOST_DIFFERENCES = 0.02  # of the judged lines
# Areas that need help from outside of the API: a background processor, or a database that is filled from below.
LEFT_OUT = {"sentinel_effects", "large"}
LATER_BUILD = ("upgrade", 229)  # from here on the recorded installation was another one


def lines():
    read = [json.loads(line) for path in fixtures.path("cht", "recorded", "4.15.0").glob("*.jsonl")
            for line in path.read_text().splitlines()]
    read = [line for line in read if line["area"] not in LEFT_OUT
            and not (line["area"] == LATER_BUILD[0] and line["seq"] >= LATER_BUILD[1])]
    return sorted(read, key=lambda line: line["order"])


def reviewed():
    known = json.loads(fixtures.path("cht", "differences.json").read_text())
    return {name: one["reason"] for one in known["differences"] for name in one.get("lines_of_replay", [])}


def test_the_recorded_answers_come_again():
    app = create_app(Config(vendor=("cht",), size=0, set={"cht.conformance": "strict"}))
    judged, different = 0, {}
    with Server(app) as server:
        replay = Replay(server.host, server.port)
        for line in lines():
            clock = app.worlds["default"].clock
            clock.freeze()
            clock.set(datetime.fromtimestamp(line["sent_at_ms"] / 1000, UTC))
            judged += not line["response"].get("hidden")
            if problems := replay.play(line):
                different[f"{line['area']}:{line['seq']}"] = f"{line['name']}: {'; '.join(problems)}"
    unknown = {name: text for name, text in different.items() if name not in reviewed()}
    assert not unknown, json.dumps(unknown, indent=1)
    assert reviewed().keys() <= different.keys(), "a difference that is reviewed is none any more"
    assert judged > 1_800
    assert len(different) <= MOST_DIFFERENCES * judged
