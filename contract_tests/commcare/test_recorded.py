"""What real modules of CommCare HQ answered, replayed: see fixtures/commcare/recorded."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from contract_tests.proof import Outcome, check
from contract_tests.replay_exactly import ID, TIME, ExactReplay
from mocksrv import fixtures
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server

pytestmark = pytest.mark.mock_only
VERSION = "2026-11-28"  # the day of the recording; the modules were HQ's newest that could be had
LOGIN = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
AREAS = ("lookup", "casev2", "locations", "users", "users2", "groups", "forms", "cases")
LISTED = ("locations", "groups")  # whose first line lists what every new world holds: there the ids are learnt



class Recording:
    """The replay of one area, in a world of its own."""

    def __init__(self, app, server, area, absent):
        self.app, self.area = app, area
        self.world = app.worlds[area]
        self.world.clock.freeze()
        self.world.clock.set(datetime.fromisoformat(VERSION).replace(tzinfo=UTC))
        self.replay = ExactReplay(server.host, server.port, f"/~{area}", LOGIN, absent)

    def play(self):
        """An outcome for each recorded answer."""
        for area in LISTED:
            self.replay.play(recorded(area)[0])
        outcomes = []
        for line in recorded(self.area):
            self.world.clock.set(self.world.clock.now() + timedelta(seconds=1))
            if "xml" in line:
                outcomes += self.submitted(line)
            else:
                problems = self.replay.play(line)
                if not line["response"].get("hidden"):
                    outcomes.append(self.outcome(line, line["response"]["status"], problems))
        return outcomes

    def outcome(self, line, status, problems):
        (entry,) = self.world.journal.find(limit=1)
        operation = self.app.operations.get(f"commcare.{entry.operation}")
        return Outcome(f"{self.area}:{line['seq']}", line["name"], operation, status, VERSION, problems)

    def submitted(self, line):
        """Outcomes of a form that is sent, and of what can be read then: the form itself, or the case that it makes."""
        own = self.world.uuid()
        xml = re.sub(r"(instanceID>)[^<]*(<)", rf"\g<1>{own}\g<2>", line["xml"])
        status, _, text = self.ask("POST", "receiver/api/", xml, {"Content-Type": "text/xml"})
        if "case" not in line:
            status, _, text = self.ask("GET", f"api/form/v1/{own}/")
            return [self.outcome(line, status, form_problems(line, json.loads(text) if status == 200 else {}))]
        case_id = re.search(r'case_id="([^"]*)"', xml)[1]
        status, _, text = self.ask("GET", f"api/case/v2/{case_id}/")
        return [self.outcome(line, status, case_problems(line["case"], json.loads(text) if status == 200 else {}))]

    def ask(self, method, path, body=None, headers=None):
        return self.replay.send({"method": method, "path": f"/a/demo/{path}", "query": None, "headers": headers or {},
                                 "body": body})


def recorded(area):
    file = fixtures.path("commcare", "recorded", VERSION, f"{area}.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def plain(value):
    return TIME.sub("<time>", ID.sub("<id>", json.dumps(value, sort_keys=True)))


def form_problems(line, shown):
    return [f"{part} {line[part]}, not {shown.get(part)}" for part in ("form", "metadata")
            if plain(line[part]) != plain(shown.get(part))]


def case_problems(case, shown):
    """Where a case is not as recorded; `p.` stands before the names of its properties."""
    ours = {name: shown.get(name) or "" for name in ("case_name", "case_type", "owner_id", "external_id")}
    ours |= {"closed": shown.get("closed")}
    ours |= {f"p.{name}": value for name, value in shown.get("properties", {}).items()}
    return [] if plain(case) == plain(ours) else [f"case {case}, not {ours}"]


@pytest.fixture(scope="module")
def known():
    return json.loads(fixtures.path("commcare", "differences.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def outcomes(known):
    """All outcomes, by area."""
    app = create_app(Config())  # all vendors, as when the recording's domain was made: they draw from one generator
    with Server(app) as server:
        return {area: Recording(app, server, area, known["absent_keys"].get(area, ())).play() for area in AREAS}


def test_the_recorded_answers_come_again_and_prove_what_is_written_down(request, outcomes, known):
    everything = [one for area in AREAS for one in outcomes[area]]
    check("commcare", VERSION, everything, known["differences"], request.config.getoption("--write-proof"))


@pytest.mark.parametrize("area", AREAS)
def test_each_area_agrees(outcomes, area):
    """But for a handful: what an older HQ did, and stand-ins for its databases, is nearly all in two of them."""
    different = [one for one in outcomes[area] if one.problems]
    assert len(different) <= max(1, 0.08 * len(outcomes[area]))
