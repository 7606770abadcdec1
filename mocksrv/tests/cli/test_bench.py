"""`mocksrv bench`: what it measures, and what it makes of it."""

import json

import pytest
from click.testing import CliRunner

from mocksrv.cli import main
from mocksrv.cli.bench import asked, read_curl


def test_it_reckons_with_what_it_has_measured():
    done = CliRunner().invoke(main, ["bench", "--seconds", "0.1", "--tests", "10", "--requests", "3", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [one["vendor"] for one in found["requests"]] == ["carehq", "commcare", "cht"]
    mean = sum(one["milliseconds"] for one in found["requests"]) / 3
    each = found["world_milliseconds"] + 3 * mean
    assert found["tests_seconds"] == pytest.approx(found["start_seconds"] + 10 * each / 1000, abs=0.02)
    assert found["start_seconds"] > 0


def test_it_tells_it_in_words():
    done = CliRunner().invoke(main, ["bench", "--seconds", "0.1", "--tests", "2"])
    assert "2 tests of 20 requests" in done.stdout
    assert "a request of cht" in done.stdout


def test_a_refusal_is_not_measured(mocksrv):
    with pytest.raises(SystemExit):
        asked(f"curl -u admin:wrong '{mocksrv.url}/api/v1/person?type=person'", 0.1)


def test_a_curl_line_is_read_whole():
    url, headers = read_curl("curl -H 'A: b: c' -u 'me:se cret' 'http://x/y?z=1'")
    assert (url, headers["A"], headers["Authorization"]) == ("http://x/y?z=1", "b: c", "Basic bWU6c2UgY3JldA==")
