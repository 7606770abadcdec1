"""The answers that real CHT servers of two releases gave, replayed: see fixtures/cht/recorded."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contract_tests.proof import Outcome, check, complaints
from contract_tests.replay import Replay
from mocksrv import fixtures
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.vendors.cht.couch import documents, maintenance

pytestmark = [pytest.mark.mock_only, pytest.mark.odd_bodies]
BUILDS = "http://127.0.0.1:5101/_couch/builds_4"
SETTINGS = {
    "4.15.0": {"cht.conformance": "server", "cht.builds_url": BUILDS},
    "5.2.0": {"cht.conformance": "server", "cht.release": "5.2", "cht.builds_url": BUILDS},
}
FEWEST = {"4.15.0": 1_800, "5.2.0": 3_800}  # answers that are compared
BIG = "a1000000-0000-4000-8000-000000000005"  # the person that 10,050 reports are about


def plant(world):
    maintenance.plant(documents.database(world), (
        {"_id": f"large-{number}", "type": "data_record", "form": "large", "fields": {"patient_id": BIG}}
        for number in range(10_050)))


def builds(url):
    """A builds server that has one version can be reached; a step takes half a second."""
    return lambda world: world.settings.update({"cht.builds": "4.15.1", "cht.builds_url": url,
                                                "cht.upgrade_seconds": 0.5})


# What was done to the recorded servers from outside of the API, before these lines.
CHANGES = {
    "4.15.0": {"large:1": plant, "upgrade:229": builds("http://admin:pass@127.0.0.1:5984/builds_4")},
    "5.2.0": {"large:1": plant, "upgrade:229": builds("http://127.0.0.1:15101/builds_4")},
}


@pytest.fixture(autouse=True)
def described(witness):
    """Every answer is one that the OpenAPI document declares; the bodies that were recorded are odd on purpose."""
    yield
    problems = [problem for problem in witness.problems if "for a body that its schema refuses" not in problem]
    assert not problems, "not as the OpenAPI document says:\n" + "\n".join(dict.fromkeys(problems))


def recorded(version):
    """All lines in the order in which they were recorded."""
    files = fixtures.path("cht", "recorded", version).glob("*.jsonl")
    return sorted((json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()),
                  key=lambda line: line["order"])


def more(version, number):
    """Further recordings. Of 4.15.0: each operation with its parameters in odd forms; areas that others need are left
    out, as are the headers that are not compared. Of 5.2.0: what 4.15.0 was asked, and signing in at a provider."""
    packed = fixtures.path("cht", "recorded", f"{version}-more", f"set{number}.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]


def replay(version, lines, ignored_headers):
    """An outcome for each recorded answer, and the headers that differed."""
    app = create_app(Config(vendor=("cht",), size=0, set=SETTINGS[version]))
    world, outcomes = app.worlds["default"], []
    world.clock.freeze()
    with Server(app) as server:
        run = Replay(server.host, server.port, ignored_headers)
        for line in lines:
            place, sent = f"{line['area']}:{line['seq']}", datetime.fromtimestamp(line["sent_at_ms"] / 1000, UTC)
            CHANGES[version].get(place, bool)(world)
            world.clock.set(sent)
            problems = run.play(line)
            if not line["response"].get("hidden"):
                (entry,) = world.journal.find(limit=1)
                outcomes.append(Outcome(place, line["name"], app.operations.get(f"cht.{entry.operation}"),
                                        line["response"]["status"], sent.date().isoformat(), problems))
    return outcomes, run.met


@pytest.mark.parametrize("version", SETTINGS)
def test_the_recorded_answers_come_again_and_prove_what_is_written_down(request, version):
    known = json.loads(fixtures.path("cht", "differences.json").read_text(encoding="utf-8"))
    outcomes, headers = replay(version, recorded(version), known["headers"])
    if version == "5.2.0":
        others, _ = replay(version, more(version, 1), known["headers"])
        outcomes += [replace(one, line=f"more {one.line}") for one in others]
    unmet = known["headers"].keys() - headers if version == "4.15.0" else ()
    assert not unmet, f"these headers do not differ: compare them: {unmet}"
    assert len(outcomes) > FEWEST[version]
    check("cht", version, outcomes, known["differences"][version], request.config.getoption("--write-proof"),
          level="recorded" if version == "4.15.0" else f"recorded {version}")


@pytest.mark.parametrize(("number", "least"), [(1, 1_600), (2, 500)])
def test_odd_calls_are_answered_as_recorded(number, least):
    known = json.loads(fixtures.path("cht", "differences.json").read_text(encoding="utf-8"))
    outcomes, _ = replay("4.15.0", more("4.15.0", number), known["headers"])
    assert len(outcomes) > least
    reviewed = [entry for entry in known["odd"] if number in entry["sets"]]
    assert not (found := complaints(outcomes, reviewed)), "\n".join(found)
