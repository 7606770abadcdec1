"""The drift report: what it says, in each of its forms, and the command that makes it."""

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from mocksrv.cli import main
from mocksrv.drift import Unusable, accepted, add, document, report, save, shape
from mocksrv.drift.page import as_html

REVIEWED = """
[[accepted]]
operation = "get_*"
where = "/body/extra"
kind = "field added"
reason = "a proxy adds it"
date = 2026-11-20
"""
OLD = """
[[accepted]]
operation = "list_people"
where = "/body/gone"
kind = "type"
reason = "once there was one"
date = "2026-01-01"
"""
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m"


def answer(value, status=200):
    return shape({"status": status, "method": "GET", "headers": [["Content-Type", "application/json"]],
                  "body": json.dumps(value).encode()}, own=["7"])


def sides(**cases):
    """Both documents, of (mock's answer, live answer) by operation; None where a side did not get to."""
    made = [document("cht", "4.15.0", f"2026-11-2{number}", target) for number, target in enumerate(("mock", "live"))]
    for operation, answers in cases.items():
        for side, one in zip(made, answers, strict=True):
            if one is not None:
                add(side, operation, f"test_x.py::test_{operation}", one)
    return tuple(made)


@pytest.fixture
def pair():
    return sides(get_person=(answer({"a": 1}), answer({"a": 1, "extra": "x"})),
                 list_people=(answer([1]), answer(["x"])), fine=(answer(1), answer(2)), alone=(None, answer(2)),
                 broken=(answer({"error": "Bad thing"}, 400), answer({"error": f"Bad {HOSTILE}"}, 400)))


@pytest.fixture
def entries(tmp_path):
    (tmp_path / "accepted.toml").write_text(REVIEWED + OLD)
    return accepted.read(tmp_path / "accepted.toml", "cht")


@pytest.fixture
def full(pair, entries):
    return report.make([pair], entries)


def test_a_report_tells_what_is_left_accepted_unused_and_alone(full):
    assert [(one.operation, one.where, one.kind) for one in full.differences] == [
        ("broken", "/body/error", "text"), ("list_people", "/body/*", "type")]
    assert [(one.operation, entry.reason) for one, entry in full.accepted] == [("get_person", "a proxy adds it")]
    assert [entry.reason for entry in full.unused] == ["once there was one"]
    assert [(note.operation, note.missing_from) for note in full.unreached] == [("alone", "mock")]
    assert full.sentence() == ("2 differences in 4 cases of 4 operations; 1 accepted; 1 case only on one side; "
                               "1 accepted entry not used")


def test_an_entry_may_be_for_one_value_alone(pair, tmp_path):
    (tmp_path / "accepted.toml").write_text(REVIEWED + 'live = "string word"\n' + REVIEWED + 'live = "null"\n')
    made = report.make([pair], accepted.read(tmp_path / "accepted.toml"))
    assert [entry.live for _, entry in made.accepted] == ["string word"]
    assert [entry.live for entry in made.unused] == ["null"]


@pytest.mark.parametrize(("change", "reason"), [
    (("reason = ", "# "), "entry 1 needs a reason"), (("a proxy adds it", " "), "entry 1 needs a reason"),
    (("date = 2026-11-20", ""), "entry 1 needs a date"), (("field added", "new"), "kind must be one of status"),
    (("where", "wheer"), "entry 1 has an unknown wheer"), (("[[accepted]]", "[[other]]"), "nothing but"),
    (("[[accepted]]", "[accepted]"), "nothing but"), (("[[", "[[["), "is not TOML"),
])
def test_an_entry_that_is_not_reviewed_is_an_error(tmp_path, change, reason):
    file = tmp_path / "accepted.toml"
    file.write_text(REVIEWED.replace(*change))
    with pytest.raises(Unusable, match=reason):
        accepted.read(file)


def test_the_json_report_keeps_since_when_a_difference_is_known(pair, entries, tmp_path):
    first = report.make([pair], entries)
    assert {one.since for one in first.differences} == {"2026-11-21"}
    (tmp_path / "first.json").write_text(report.as_json(first))
    pair[1]["date"] = "2026-12-24"
    again = report.make([pair], entries, report.since_of(tmp_path / "first.json"))
    assert {one.since for one in [*again.differences, *(one for one, _ in again.accepted)]} == {"2026-11-21"}
    assert {one.since for one in report.make([pair]).differences} == {"2026-12-24"}
    (tmp_path / "none.json").write_text("[]")
    with pytest.raises(Unusable, match="no drift report"):
        report.since_of(tmp_path / "none.json")


def test_junit_has_a_test_for_each_operation(full):
    suite = ET.fromstring(report.as_junit(full)).find("testsuite")
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "skipped")} == {
        "name": "cht", "tests": "5", "failures": "2", "skipped": "1"}
    assert [test.get("name") for test in suite if test.find("failure") is None and test.find("skipped") is None] == [
        "fine", "get_person"]
    failure = suite.find("testcase[@name='list_people']/failure").text
    assert failure.startswith("/body/*: type: mock integer, live string word, since 2026-11-21 (test_x.py")


def test_markdown_is_a_table_whatever_is_in_it(full):
    lines = report.as_markdown(full).splitlines()
    assert lines[0] == f"{full.sentence()}."
    assert len(lines) == 6
    assert r"\<img src=x" in lines[4]


def test_html_takes_nothing_from_outside_and_runs_nothing(full):
    html = as_html(full)
    assert "default-src 'none'" in html
    assert "&lt;img" in html
    assert not [bad for bad in ("<script", "<img", "<link", "url(", "@import", "http://", "https://") if bad in html]
    assert "2 differences" in html
    assert "0 differences" in as_html(report.make([sides(fine=(answer(1), answer(2)))]))


# --- the command -----------------------------------------------------------------------------------------------------


def drift(*args):
    return CliRunner().invoke(main, ["drift", *map(str, args)])


@pytest.fixture
def folder(tmp_path, pair):
    """A folder of shapes and one like fixtures/."""
    for side in pair:
        save(side, tmp_path / "shapes" / f"cht.{side['target']}.json")
    (tmp_path / "fixtures").mkdir()
    return tmp_path


def test_the_command_writes_all_forms_and_says_1(folder):
    files = {name: folder / "out" / name for name in ("json", "junit", "markdown", "html")}
    forms = [f"--{name}={file}" for name, file in files.items()]
    done = drift(folder / "shapes", "--fixtures", folder / "fixtures", *forms)
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0].split() == list(report.COLUMNS)
    assert "not on the mock side: cht alone: test_x.py::test_alone" in done.stdout
    assert done.stdout.endswith("3 differences in 4 cases of 4 operations; 1 case only on one side.\n")
    assert "\x1b" not in done.stdout
    assert len(json.loads(files["json"].read_text(encoding="utf-8"))["differences"]) == 3
    assert all(file.stat().st_size for file in files.values())


def test_the_command_says_0_when_all_is_accepted_in_the_vendors_own_file(folder):
    (folder / "fixtures" / "cht").mkdir()
    (folder / "fixtures" / "cht" / "accepted.toml").write_text(
        REVIEWED + REVIEWED.replace("get_*", "list_people").replace("extra", "*").replace("field added", "type")
        + REVIEWED.replace("get_*", "broken").replace("extra", "error").replace("field added", "text") + OLD)
    done = drift(folder / "shapes", "--fixtures", folder / "fixtures", "--json", "-")
    assert (done.exit_code, len(json.loads(done.stdout)["accepted"])) == (0, 3)
    assert "accepted, but not seen: list_people /body/gone type" in done.stderr


def test_live_shapes_that_were_recorded_last_stand_in(folder, pair):
    live = folder / "shapes" / "cht.live.json"
    for number, version in enumerate(("4.9.0", "4.15.0", "4.14.0")):
        seen = {**pair[1], "version": version, "date": f"2026-11-2{number * (2 - number)}"}
        save(seen, folder / "fixtures" / "cht" / "recorded" / version / "shapes.json")
    live.unlink()
    done = drift(folder / "shapes", "--fixtures", folder / "fixtures", "--json", "-")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["compared"][0]["live_version"] == "4.15.0"


def test_input_that_is_of_no_use_is_2_and_says_why(folder, pair):
    shapes = folder / "shapes"
    mock, live = shapes / "cht.mock.json", shapes / "cht.live.json"
    (folder / "empty").mkdir()
    save({**pair[0], "operations": {}}, folder / "nothing.json")
    save({**pair[1], "vendor": "carehq"}, folder / "carehq.json")
    (folder / "accepted.toml").write_text(REVIEWED.replace("reason", "# "))
    (folder / "file").write_text("")
    for args, text in (
        ([folder / "empty"], "has no vendor with both sides"), ([mock], "give one folder, or"),
        ([live, mock], "the first shapes must be the mock's"), ([mock, folder / "carehq.json"], "of two vendors"),
        ([folder / "nothing.json", live], "nothing was compared"), ([folder / "file", live], "is not JSON"),
        ([mock, live, "--accepted", folder / "accepted.toml"], "needs a reason"),
        ([mock, live, "--previous", folder / "none"], "cannot read"),
        ([mock, live, "--html", folder / "file" / "x"], "cannot write"),
        ([folder / "missing"], "does not exist"),
    ):
        done = drift(*args)
        assert (done.exit_code, type(done.exception)) == (2, SystemExit), done.stderr
        assert text in done.stderr
    live.rename(folder / "live.json")
    done = drift(shapes, "--fixtures", folder / "fixtures")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2, "mocksrv: cht is left out: there are no shapes of the live service")
