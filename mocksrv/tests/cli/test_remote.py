"""The commands that steer a running server."""

import json
import socket
import threading

import pytest
import requests
from click.testing import CliRunner

from mocksrv.cli import main
from mocksrv.remote import RemoteWorld
from mocksrv.serving import tls
from mocksrv.serving.server import Server


@pytest.fixture
def run(mocksrv):
    """Run a command on this test's world."""
    def run(*args, code=0):
        result = CliRunner().invoke(main, [*args, "--url", mocksrv.server, "--world", mocksrv.name])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_clock(run, mocksrv):
    assert json.loads(run("clock"))["frozen"] is False
    assert json.loads(run("clock", "--freeze", "--set", "2024-01-01T00:00:00Z"))["frozen"] is True
    assert json.loads(run("clock", "--advance", "60"))["now"] == "2024-01-01T00:01:00.000000Z"
    assert mocksrv.clock.read()["now"] == "2024-01-01T00:01:00.000000Z"
    assert "ISO 8601" in run("clock", "--set", "soon", code=2)
    assert json.loads(run("clock", "--advance", "1h30m"))["now"] == "2024-01-01T01:31:00.000000Z"
    assert json.loads(run("clock", "--advance", "-90m"))["now"] == "2024-01-01T00:01:00.000000Z"
    assert json.loads(run("clock", "--skew", "-5m"))["skew"] == -300
    assert "such as 1h30m" in run("clock", "--advance", "soon", code=2)


def test_faults_and_journal(run, mocksrv):
    added = json.loads(run("faults", "add", "vendor=cht", "status=503", "times=1", 'headers={"X-A": "b"}'))
    answer = requests.get(f"{mocksrv.url}/api/info")
    assert (answer.status_code, answer.headers["X-A"]) == (503, "b")
    requests.get(f"{mocksrv.url}/api/inf", auth=("admin", "pass"))
    assert json.loads(run("faults", "list"))[0]["hits"] == 1
    run("faults", "remove", str(added["id"]))
    assert json.loads(run("faults", "list")) == []
    text = run("journal", "status=4xx")
    assert "/api/inf" in text
    assert "    " in text
    assert " 503 " not in text
    assert json.loads(run("journal", "--json"))[0]["status"] == 503
    assert json.loads(run("journal", "--har"))["log"]["version"] == "1.2"
    assert "key=value" in run("faults", "add", "status", code=2)
    assert "status" in run("faults", "add", "status=9", code=2)


def test_own_answers(run, mocksrv, tmp_path):
    (tmp_path / "note.txt").write_text("mine {{ n }}")
    run("faults", "add", "operation=api_info", "times=1", f'answer={{"file": "{tmp_path}/note.txt"}}')
    assert json.loads(run("faults", "list"))[0]["answer"]["file"] == {"name": "note.txt", "bytes": 12}
    answer = requests.get(f"{mocksrv.url}/api/info", timeout=60)
    assert (answer.text, answer.headers["Content-Type"]) == ("mine {{ n }}", "text/plain")
    requests.get(f"{mocksrv.url}/api/info", timeout=60)
    marked, plain = [
        line for line in run("journal", "operation=api_info").splitlines() if "api_info" in line]
    assert marked.endswith("api_info  (own answer 1)")
    assert plain.endswith("api_info")
    assert "cannot read" in run("faults", "add", "operation=api_info", 'answer={"file": "none.txt"}', code=2)
    assert "answer.when" in run("faults", "add", "operation=api_info", 'answer={"when": "soon", "text": "x"}', code=2)


def test_scenario(run, mocksrv):
    assert "cht.bulk_delete_cut" in run("scenario")
    assert json.loads(run("scenario", "all.works_on_retry"))["name"] == "all.works_on_retry"
    assert requests.get(f"{mocksrv.url}/api/info").status_code == 503
    assert "all.flaky" in run("scenario", "nothing", code=2)


def test_snapshots_go_through_files(run, mocksrv, tmp_path):
    auth, file = ("admin", "pass"), str(tmp_path / "kept.json")
    requests.put(f"{mocksrv.url}/medic/kept", json={"type": "note"}, auth=auth)
    run("snapshot", "make", f"{mocksrv.name}-a")
    run("snapshot", "save", f"{mocksrv.name}-a", file)
    run("reset")
    assert requests.get(f"{mocksrv.url}/medic/kept", auth=auth).status_code == 404
    run("snapshot", "load", f"{mocksrv.name}-b", file)
    assert f"{mocksrv.name}-b" in run("snapshot", "list")
    run("snapshot", "restore", f"{mocksrv.name}-b")
    assert requests.get(f"{mocksrv.url}/medic/kept", auth=auth).json()["type"] == "note"


WHOLE = {"clock": {}, "seed": "1", "draws": 0, "settings": {}, "vendors": [], "tables": {}}


@pytest.mark.parametrize(("content", "text"), [
    (b"", "it is empty"), (b"{", "is not JSON (Expecting property name"), (b"\xff\xfe\x00", "it is not text"),
    (b"[" * 100_000, "is not JSON"), (b"[]", "the body must be a JSON object"),
    (b'{"tables": {}}', "it lacks clock, seed, draws, settings, vendors"),
    (b'{"_store": {}, "clock": {}}', "it is a data file"),
    (json.dumps(WHOLE | {"tables": 5}).encode(), "its tables should be an object"),
    (json.dumps(WHOLE | {"seed": 1}).encode(), "its seed should be a text"),
    (json.dumps(WHOLE | {"tables": {"cht.medic": []}}).encode(), "its table cht.medic should be an object"),
    (json.dumps(WHOLE | {"tables": {"cht.medic": {"a": 1}}}).encode(), "in its table cht.medic, a should be an object"),
    (json.dumps(WHOLE).encode(), "this is not a snapshot"),
])
def test_a_bad_snapshot_file_says_what_is_wrong_with_it(run, tmp_path, content, text):
    (tmp_path / "bad.json").write_bytes(content)
    said = run("snapshot", "load", "bad", str(tmp_path / "bad.json"), code=2)
    assert text in said
    assert len(said.splitlines()) == 1


def test_verify(run, mocksrv):
    requests.get(f"{mocksrv.url}/api/info")
    assert run("verify", "operation=api_info", "exactly=1") == "as expected\n"
    assert "expected exactly 2 of operation=api_info, saw 1" in run("verify", "operation=api_info", "exactly=2", code=1)
    assert json.loads(run("verify", "path=*/api/*", "never=true", "--json", code=1))["ok"] is False
    assert run("verify", 'in_order=[{"operation": "api_info"}]') == "as expected\n"
    assert "takes a whole number" in run("verify", "exactly=many", code=2)
    assert "key=value" in run("verify", "often", code=2)


def test_verify_what_was_sent(run, mocksrv):
    person = {"name": "Asha", "type": "person", "phone": "0123"}
    requests.post(f"{mocksrv.url}/api/v1/people?limit=5", json=person, auth=("admin", "pass"), headers={"X-Id": "007"})
    as_it_is = ("query.limit=5", "headers.X-Id=007", "json_path.$.name=Asha", 'json_path.$.phone={"matches": "^0"}',
                'json={"type": "person"}', 'query.skip={"absent": true}', 'json_path.$[?@ == "Asha"]="Asha"')
    assert run("verify", "operation=create_people", *as_it_is, "exactly=1") == "as expected\n"
    told = run("verify", "query.limit=6", "json_path.$.name=Usha", code=1)
    assert '    - query limit: "6"\n    + query limit: "5"\n' in told
    assert '    - json_path $.name: "Usha"\n    + json_path $.name: "Asha"\n' in told
    verdict = json.loads(run("verify", "query.limit=6", "--json", code=1))
    assert verdict["nearest"][0]["missed"] == [{"where": "query limit", "expected": '"6"', "got": '"5"'}]
    assert "query has a value already" in run("verify", "query=5", "query.limit=5", code=2)
    assert "query has a value already" in run("verify", "query.limit=6", 'query={"skip": "0"}', code=2)
    assert "limit has a value already" in run("verify", "query.limit=6", "query.limit=5", code=2)
    assert "json_path.$.phone takes a value" in run("verify", 'json_path.$.phone={"like": 1}', code=2)
    hq = mocksrv.account("commcare")
    hq.client.post(f"{hq.url}/a/demo/receiver/", data="<data><name id='a=b'>Asha</name></data>",
                   headers={"Content-Type": "text/xml"})
    assert run("verify", "xml_path.//name[@id='a=b']=Asha", "vendor=commcare") == "as expected\n"


def test_credentials(run, mocksrv):
    text = run("credentials")
    for vendor, accounts in mocksrv.control("GET", "/credentials").items():
        for account in accounts:
            assert all(value in text for value in account.values() if isinstance(value, str)), vendor
    assert f"curl -u admin:pass '{mocksrv.url}/api/v1/person" in text
    assert json.loads(run("credentials", "cht", "--json"))["cht"][0]["username"] == "admin"
    assert "carehq" not in run("credentials", "cht")
    assert "use carehq, commcare, cht" in run("credentials", "nobody", code=2)


def on_server(mocksrv, *args, code=0):
    result = CliRunner().invoke(main, [*args, "--url", mocksrv.server])
    assert result.exit_code == code, result.output
    return result.output


def test_worlds_are_made_listed_and_deleted(mocksrv):
    name = f"{mocksrv.name}-made"
    made = on_server(mocksrv, "worlds", "make", name, "--size", "empty", "--seed", "7", "--scenario", "all.flaky",
                     "--set", "cht.conformance=server", "--at", "2024-02-29T10:00:00Z")
    assert (json.loads(made)["name"], json.loads(made)["clock"]["frozen"]) == (name, True)
    world = RemoteWorld(mocksrv.server, name)
    assert world.control("GET", "/settings")["cht.conformance"] == "server"
    assert world.faults()
    copy = json.loads(on_server(mocksrv, "worlds", "make", f"{name}-2", "--fork", name))
    assert copy["clock"]["now"] == "2024-02-29T10:00:00.000000Z"
    assert any(line.split()[:3] == [name, "2024-02-29T10:00:00", "yes"]
               for line in on_server(mocksrv, "worlds", "list").splitlines())
    for one in (name, f"{name}-2"):
        on_server(mocksrv, "worlds", "delete", one)
    assert not [one for one in json.loads(on_server(mocksrv, "worlds", "list", "--json")) if name in one["name"]]
    assert "there is no world" in on_server(mocksrv, "worlds", "delete", name, code=2)
    assert "name takes 1 to 64" in on_server(mocksrv, "worlds", "make", "a b", code=2)
    assert "use vendor.setting=value" in on_server(mocksrv, "worlds", "make", name, "--set", "x", code=2)
    assert "leave out seed" in on_server(mocksrv, "worlds", "make", name, "--fork", "default", "--seed", "1", code=2)


@pytest.mark.parametrize("name", ["a b", "ä", "a/b", "", "x" * 65, "a%20b", "?", "\u202e"])
def test_a_name_that_no_world_can_have_says_so(mocksrv, name):
    said = on_server(mocksrv, "clock", "--world", name, code=2)
    assert said == f"mocksrv: no world can be called {name!r}: use 1 to 64 ASCII letters, digits, dots, dashes or " \
                   "underscores\n"


@pytest.mark.parametrize("name", ["a b", "ä", "a/b", "../worlds", "a?b#c", "%2f"])
def test_odd_names_of_what_is_not_there_are_told_as_they_came(run, name):
    assert f"no snapshot {name!r}" in run("snapshot", "restore", name, code=2)
    assert f"no scenario {name!r}" in run("scenario", name, code=2)


@pytest.mark.parametrize(("url", "text"), [
    ("127.0.0.1:8080", "use a URL such as http://127.0.0.1:8080"), ("localhost", "such as http://localhost"),
    ("ftp://127.0.0.1", "begins with neither http:// nor https://"), ("", "such as http://127.0.0.1:8080"),
    ("http://", "names no host"), ("http://[::1", "Invalid IPv6 URL"), ("http://127.0.0.1:99999", "Port out of range"),
    ("http://127.0.0.1:http", "Port could not be cast"), ("http://nowhere.invalid", "no answer from http://nowhere"),
    ("http://127.0.0.1:8080/~a --world b", "http://127.0.0.1:8080/~a names a world already: leave out --world"),
])
def test_a_url_that_leads_nowhere_says_why(url, text):
    result = CliRunner().invoke(main, ["clock", "--url", *url.split(" ")])
    assert result.exit_code == 2
    assert text in result.output
    assert len(result.output.splitlines()) == 1


def something_else(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>no</h1>"]


def test_a_server_that_is_no_mocksrv_is_named():
    with Server(something_else) as server:
        result = CliRunner().invoke(main, ["clock", "--url", server.url])
    assert (result.exit_code, "did not answer in JSON: is there a mocksrv?" in result.output) == (2, True)


def test_tls_and_its_lack_are_told_from_a_server_that_is_not_there(tmp_path, monkeypatch):
    with Server(something_else, tls=tls.context(tmp_path, "127.0.0.1")) as server:
        untrusted = CliRunner().invoke(main, ["clock", "--url", server.url])
        plain = CliRunner().invoke(main, ["clock", "--url", server.url.replace("https", "http")])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        trusted = CliRunner().invoke(main, ["clock", "--url", server.url])
    assert "is not trusted" in untrusted.output
    assert "SSL_CERT_FILE=" in untrusted.output
    assert "use https://" in plain.output
    assert "is there a mocksrv?" in trusted.output
    with Server(something_else) as server:
        without = CliRunner().invoke(main, ["clock", "--url", server.url.replace("http", "https")])
    assert "does not speak TLS" in without.output
    assert [one.exit_code for one in (untrusted, plain, trusted, without)] == [2] * 4
    assert all(len(one.output.splitlines()) == 1 for one in (untrusted, plain, trusted, without))


def test_wait_ends_when_the_server_is_ready(mocksrv, shop_app):
    assert on_server(mocksrv, "wait", "--timeout", "5s") == f"mocksrv is ready on {mocksrv.server}\n"
    assert json.loads(on_server(mocksrv, "wait", "--json"))["ready"] is True
    server = Server(shop_app())  # it listens, but nobody answers yet
    later = threading.Timer(0.5, server.start)
    later.start()
    result = CliRunner().invoke(main, ["wait", "--url", server.url])
    later.join()
    server.stop()
    assert result.exit_code == 0, result.output


def test_wait_gives_up_on_who_listens_and_never_answers():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        result = CliRunner().invoke(main, ["wait", "--url", url, "--timeout", "300ms"])
    assert (result.exit_code, "timed out" in result.output) == (1, True)


def test_wait_gives_up_and_says_why():
    with socket.socket() as taken:  # which listens not
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = CliRunner().invoke(main, ["wait", "--url", url, "--timeout", "300ms"])
    assert result.exit_code == 1
    assert "not ready after 0.3 s" in result.output
    assert "refused" in result.output


def test_no_server_says_what_to_do():
    result = CliRunner().invoke(main, ["clock", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 2
    assert "mocksrv serve" in result.output
