"""The way to a live service, walked against a second mocksrv that differs in twenty known ways."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from contract_tests.rehearsal import TWISTS
from mocksrv.tests.waiting import until

pytestmark = pytest.mark.mock_only
ROOT = Path(__file__).parents[1]
SUITE = ["carehq/test_contract.py", "commcare/test_lists.py", "cht/test_contacts.py", "cht/test_creating.py",
         "cht/test_monitoring.py", "cht/test_hydrate.py"]
# Counters that only rise, names that stay taken, what CouchDB keeps of documents until it is compacted, and how far the
# audit has come.
SERVERS_OWN = {"carehq.counters", "commcare.retired_usernames", "cht.attachments", "cht.databases", "cht.server",
               "cht.background", "cht.past", "cht.audit"}
AUDIT = "medic-audit/"  # the database that has a history of each document that was written
TRACES = ("settings-info", "bulk-user-upload-")  # what a CHT writes on the way, and what names nothing of a run
PEOPLE = ("carehq.service-users", "carehq.users", "commcare.users", "cht.medic")
ENVIRONMENT = {
    "CAREHQ_ACCOUNT_ID": "MY_ACCOUNT_ID", "CAREHQ_API_KEY": "MY_API_KEY", "CAREHQ_API_SECRET": "MY_API_SECRET",
    "COMMCARE_DOMAIN": "demo", "COMMCARE_USERNAME": "brudolph@dimagi.com",
    "COMMCARE_API_KEY": "0123456789abcdef0123456789abcdef01234567", "CHT_USER": "admin", "CHT_PASSWORD": "pass",
}


class Live:
    """The service that is tested against, as a process of its own."""

    def __init__(self, *options):
        self.process = subprocess.Popen([sys.executable, "-m", "contract_tests.rehearsal", *options], cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.environment = os.environ | ENVIRONMENT | {
            f"{vendor.upper()}_URL": f"{self.url}/{vendor}" for vendor in ("carehq", "commcare", "cht")}

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/_mocksrv{path}") as answer:
            return json.load(answer)

    def holds(self):
        """All documents that exist, without revisions."""
        tables = {}
        for name in (table["name"] for table in self.get("/tables")):
            if name not in SERVERS_OWN and not name.endswith(".revs"):
                tables[name] = {row["id"]: {key: value for key, value in row["doc"].items() if key != "_rev"}
                                for row in self.documents(name) if not row["id"].startswith(AUDIT)}
        return tables

    def documents(self, table):
        """All documents of a table, of which the server gives a thousand at a time."""
        skip, count = 0, 1
        while skip < count:
            page = self.get(f"/tables/{table}?skip={skip}&limit=1000")
            yield from page["documents"]
            skip, count = skip + 1000, page["count"]

    def start(self, command, folder, **options):
        """A process in a group of its own, with the gates' ledgers in that folder."""
        return subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=self.environment | {
            "MOCKSRV_LEDGERS": str(folder)}, start_new_session=True, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **options)

    def suite(self, folder, *arguments, files=SUITE):
        files = [f"contract_tests/{name}" for name in files]
        without = (f"-pno:{plugin}" for plugin in ("cacheprovider", "randomly", "schemathesis"))
        return self.start(["pytest", "-q", *without, *files, *arguments], folder)


@pytest.fixture(scope="module")
def live():
    server = Live()
    yield server
    server.close()


def test_the_report_names_each_of_the_twenty_and_nothing_else(live, tmp_path):
    before = live.holds()
    shapes, recorded = tmp_path / "shapes", tmp_path / "recorded"
    run = live.suite(tmp_path, "--target", "both", "--live-writes", "--shapes", str(shapes), "--record", str(recorded))
    said, _ = run.communicate(timeout=300)
    assert "things made" in said, said
    assert "could not be deleted" not in said
    assert live.holds() == before

    drift = subprocess.run([sys.executable, "-m", "mocksrv", "drift", str(shapes), "--json", "-"],
                           capture_output=True, text=True, timeout=60)
    assert drift.returncode == 1, drift.stderr
    found = json.loads(drift.stdout)["differences"]
    unknown = [row for row in found if not any(names(twist, row) for twist in TWISTS)]
    missed = [twist for twist in TWISTS if not any(names(twist, row) for row in found)]
    assert (unknown, missed) == ([], [])
    assert len(found) == len(TWISTS) == 20

    kept = {file.parent.relative_to(recorded).as_posix(): file.read_text("utf-8")
            for file in recorded.rglob("shapes.json")}
    assert kept.keys() == {"carehq/recorded/v1", "cht/recorded/4.15.0", "commcare/recorded/unversioned"}
    people = {text for table in PEOPLE for doc in before[table].values() for key in ("name", "last_name", "email")
              if isinstance(text := doc.get(key), str) and (text != text.lower() or "@" in text) and len(text) > 4}
    assert len(people) > 100
    assert [text for text in people if any(text in shapes for shapes in kept.values())] == []


def names(twist, row):
    return (row["vendor"], row["operation"], row["kind"]) == (twist.vendor, twist.operation, twist.kind) and \
        re.fullmatch(twist.where, row["where"])


def test_the_suite_of_carehq_passes_on_a_service_with_other_data(tmp_path):
    service = Live("--faithful", "--seed", "7", "--no-limits")
    try:
        before = service.holds()
        for writes in ([], ["--live-writes"]):
            run = service.suite(tmp_path, "--target", "live", *writes, files=["carehq"])
            said, _ = run.communicate(timeout=280)
            assert run.returncode == 0, said
            assert "could not be deleted" not in said
            passed, tests = int(re.search(r"(\d+) passed", said)[1]), int(re.search(r"carehq: \d+ of (\d+)", said)[1])
            assert passed > tests * (0.75 if writes else 0.55)
        assert service.holds() == before
    finally:
        service.close()


@pytest.mark.parametrize(("release", "others"), [("4.15", "5.2"), ("5.2", "4.15")])
def test_the_suite_of_cht_chooses_the_tests_of_the_servers_release(tmp_path, release, others):
    service = Live("--faithful", "--no-limits", "--set", f"cht.release={release}")
    try:
        before = service.holds()
        run = service.suite(tmp_path, "--target", "live", "--live-writes", "-rs",
                            files=["cht/test_releases.py", "cht/test_one_by_one.py", "cht/test_users_info.py"])
        said, _ = run.communicate(timeout=280)
        assert run.returncode == 0, said
        assert f"about CHT {others}; this is {release}" in said
        assert f"about CHT {release};" not in said
        assert "could not be deleted" not in said
        assert service.holds() == before
    finally:
        service.close()


@pytest.mark.parametrize(("vendor", "release", "lasting"), [
    ("carehq", "", True), ("commcare", "", False), ("commcare", "", True), ("cht", "4.15", False),
    ("cht", "5.2", False),
])
def test_a_whole_suite_finds_nothing_on_an_equal_service(request, tmp_path, vendor, release, lasting):
    """One with another seed, clock and other data; `lasting`: what the API cannot take away again is made, too."""
    seed = request.config.getoption("--rehearse")
    if seed is None:
        pytest.skip("takes two to twenty minutes: --rehearse 7 runs it, 7 being the service's seed")
    releases = ["--set", f"cht.release={release}", "--set", "cht.conformance=server"] if release else ["--no-limits"]
    service = Live("--faithful", "--seed", str(seed), "--skew", str(seed % 41 - 20), "--in-use", vendor, *releases)
    try:
        before = service.holds()
        leave = ["--live-writes", "--live-admin", *(["--live-lasting"] if lasting else [])]
        run = service.suite(tmp_path, "--target", "both", *leave, *(["--release", release] if release else []),
                            "--live-budget", "100000", "--shapes", str(tmp_path / "shapes"), files=[vendor])
        said, _ = run.communicate(timeout=3_000)
        assert run.returncode == 0, said
        assert "could not be deleted" not in said
        after = without_traces(service.holds())
        if lasting:  # then the rest is as it was
            after = {name: {id: doc for id, doc in rows.items() if id in before[name]} for name, rows in after.items()}
        assert after == without_traces(before)
        drift = subprocess.run([sys.executable, "-m", "mocksrv", "drift", str(tmp_path / "shapes")],
                               capture_output=True, text=True, timeout=60)
        assert drift.returncode == 0, drift.stdout
    finally:
        service.close()


def without_traces(tables):
    return {name: {id: doc for id, doc in rows.items() if not id.startswith(TRACES)} for name, rows in tables.items()}


def made(folder):
    """How many things the open ledgers hold."""
    return sum(file.read_text("utf-8").count('"made"') for file in folder.glob("*.jsonl"))


def test_a_run_that_is_killed_leaves_nothing(live, tmp_path):
    before = live.holds()
    run = live.suite(tmp_path, "--target", "live", "--live-writes", files=["cht/test_creating.py"])
    until(lambda: made(tmp_path) > 20)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    until(lambda: not list(tmp_path.glob("*.jsonl")))
    assert live.holds() == before


def test_a_gate_that_is_told_to_end_cleans_up(live, tmp_path):
    before = live.holds()
    gate = live.start(["mocksrv", "gate", "cht", "--live-writes"], tmp_path, stdin=subprocess.PIPE)
    opened = json.loads(gate.stdout.readline())
    body = json.dumps({"name": f"Area {opened['run']}", "type": "district_hospital"}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{opened['url']}/api/v1/places", body, {
        "Content-Type": "application/json", "Authorization": "Basic YWRtaW46cGFzcw=="})).close()
    gate.terminate()
    said = gate.stdout.read()
    assert (gate.wait(60), said) == (0, "mocksrv: 1 requests, 1 things made\n")
    gate.stdin.close()
    gate.stdout.close()
    assert live.holds() == before
    assert not list(tmp_path.glob("*.jsonl"))


def test_shapes_of_a_gate_without_a_test_are_cases_of_their_operation(live, tmp_path):
    file = tmp_path / "shapes.json"
    gate = live.start(["mocksrv", "gate", "cht", "--shapes", str(file)], tmp_path, stdin=subprocess.PIPE)
    opened = json.loads(gate.stdout.readline())
    for _ in range(2):
        urllib.request.urlopen(f"{opened['url']}/api/info").close()
    gate.stdin.close()
    assert gate.wait(60) == 0
    gate.stdout.close()
    assert list(json.loads(file.read_text("utf-8"))["operations"]["api_info"]) == ["api_info", "api_info #2"]


def test_what_a_killed_gate_leaves_the_next_one_deletes(live, tmp_path):
    before = live.holds()
    gate = live.start(["mocksrv", "gate", "cht", "--live-writes"], tmp_path, stdin=subprocess.PIPE)
    opened = json.loads(gate.stdout.readline())
    request = urllib.request.Request(f"{opened['url']}/api/v1/places", json.dumps(
        {"name": f"Area {opened['run']}", "type": "health_center",
         "parent": {"name": "Left alone", "type": "district_hospital"}}).encode(),
        {"Content-Type": "application/json", "Authorization": "Basic YWRtaW46cGFzcw=="})
    urllib.request.urlopen(request).close()
    os.killpg(gate.pid, signal.SIGKILL)
    gate.communicate()
    assert live.holds() != before
    cleaned = live.start(["mocksrv", "gate", "cht", "--clean"], tmp_path)
    said, _ = cleaned.communicate(timeout=60)
    assert "deleting what an earlier run has left" in said
    assert cleaned.returncode == 0
    assert live.holds() == before
