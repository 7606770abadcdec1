"""Worlds over many processes: the table's laws, and HAProxy and nginx in front of processes that come, go and die."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.cli.workers import arguments
from mocksrv.config import Config, ConfigError
from mocksrv.shards import MOST, SLOTS, Shard, owner, table
from mocksrv.shards.haproxy import HAProxy
from mocksrv.tests.snippets import ROOT
from mocksrv.tests.tools import program
from mocksrv.tests.waiting import until

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
ADMIN = {"Authorization": f"Basic {b64encode(b'admin:pass').decode()}"}
PATIENCE = 30


# --- the table ---


@given(st.integers(1, MOST))
def test_the_slots_are_spread_evenly(processes):
    sizes = [table(processes).count(number) for number in range(1, processes + 1)]
    assert sum(sizes) == SLOTS
    assert min(sizes) >= SLOTS // processes * 0.8
    assert max(sizes) <= SLOTS / processes * 1.25


@given(st.integers(2, MOST))
def test_a_new_process_takes_its_share_and_nothing_else_moves(new):
    moved = [now for before, now in zip(table(new - 1), table(new), strict=True) if before != now]
    assert moved == [new] * (SLOTS // new)


@given(NAMES, st.integers(1, MOST))
def test_exactly_one_process_holds_a_world(name, count):
    assert [n for n in range(count + 1) if Shard(n, count).holds(name)] == [owner(name, count)]


@given(st.integers(1, MOST))
def test_the_first_process_holds_the_default_world(count):
    assert owner("default", count) == 1


@pytest.mark.parametrize("text", ["", "2", "3/2", "1/0", "1/129", "-1/2", "a/b", "1/2/3", "1/2 "])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match="such as 2/4"):
        Shard.parse(text)


# --- one process ---


def test_it_refuses_worlds_of_others(tmp_path):
    from mocksrv.app import create_app

    app = create_app(Config(size=0, shard=Shard(2, 3)))
    client = app.test_client()
    mine, other = name_of(2, 3), name_of(1, 3)
    assert client.get(f"/~{mine}/medic", headers=ADMIN).status_code != 503
    for path in (f"/~{other}/medic", f"/~{other}/_mocksrv/clock", "/medic", "/_mocksrv/clock"):
        answer = client.get(path, headers=ADMIN)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "is held by process 1 of 3" in answer.get_json()["detail"]
    answer = client.post(f"/~{mine}/_mocksrv/worlds", json={"name": other})
    assert answer.status_code == 503
    assert [one["name"] for one in client.get("/_mocksrv/worlds").get_json()] == [mine]
    with pytest.raises(ConfigError, match="leave out --data"):
        create_app(Config(shard=Shard(2, 3), data=tmp_path / "world.json"))


def test_a_world_that_it_lets_go_waits_until_it_is_taken():
    from mocksrv.app import create_app

    client = create_app(Config(size=0)).test_client()
    name = name_of(2, 2)
    client.put(f"/~{name}/medic/a", json={}, headers=ADMIN)
    assert client.post("/_mocksrv/shard", json={"shard": "nonsense"}).status_code == 400
    state = client.post("/_mocksrv/shard", json={"shard": "1/2"}).get_json()
    assert state == {"shard": "1/2", "leaving": [name]} == client.get("/_mocksrv/shard").get_json()
    assert client.get(f"/~{name}/medic/a", headers=ADMIN).status_code == 503
    assert "a" in client.get(f"/_mocksrv/leaving/{name}").get_json()["tables"]["cht.medic"]
    assert client.delete(f"/_mocksrv/leaving/{name}").status_code == 204
    assert client.get(f"/_mocksrv/leaving/{name}").status_code == 404


def name_of(number, count, start=0):
    """A world that this process holds."""
    return next(name for name in (f"w{n}" for n in range(start, start + 10_000)) if owner(name, count) == number)


# --- many, behind a balancer ---


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Process:
    """A mocksrv of its own, on a port that it keeps."""

    def __init__(self, shard, port=None):
        self.shard, self.port = shard, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        more = ["--shard", self.shard] if self.shard else []
        self.running = subprocess.Popen([sys.executable, "-m", "mocksrv", "serve", "--port", str(self.port), "--vendor",
                                         "cht", "--size", "empty", "--no-limits", *more], stdout=subprocess.DEVNULL)
        until(lambda: status(self.port, "/_mocksrv/ready") == 200)

    def end(self, number=signal.SIGTERM):
        self.running.send_signal(number)
        self.running.wait(PATIENCE)


def status(port, path):
    try:
        return ask(port, path)[0]
    except OSError:
        return None


def ask(port, path, method="GET", body=None, headers=ADMIN):
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {**headers, "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def mocksrv(*arguments, code=0):
    done = subprocess.run([sys.executable, "-m", "mocksrv", *arguments], capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == code, done.stderr
    return done.stderr if code == 2 else done.stdout


@contextmanager
def haproxy(folder, port, processes, spare=0):
    name = program("haproxy")
    mocksrv("shards", "haproxy", *(one.url.removeprefix("http://") for one in processes), "--into", str(folder),
            "--bind", f"127.0.0.1:{port}", "--spare", str(spare))
    running = subprocess.Popen([name, "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.PIPE)
    try:
        until(lambda: status(port, "/_mocksrv/ready") == 200)
        yield
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE)


@pytest.fixture
def processes():
    """Makes processes; ends them afterwards."""
    with ExitStack() as stack:
        def make(shard):
            one = Process(shard)
            stack.callback(one.end, signal.SIGKILL)
            return one

        yield make


class Writer(threading.Thread):
    """Writes numbers into worlds, and reads each back with the one before: what is lost or seen twice shows.

    `begins_anew` says of a world whether it may have lost everything, as those of a process that was killed.
    """

    def __init__(self, port, names, times, begins_anew=lambda _name: False):
        super().__init__(daemon=True)
        self.port, self.names, self.times, self.begins_anew = port, names, times, begins_anew
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.faults, self.anew, self.enough = [], set(), threading.Event()

    def run(self):
        try:
            self.write()
        finally:
            self.connection.close()

    def write(self):
        first = dict.fromkeys(self.names, 0)
        for number in count():
            if number >= self.times and self.enough.is_set():
                return
            name = self.names[number % len(self.names)]
            last = number - len(self.names)
            written, _ = self.ask("PUT", f"/~{name}/medic/n-{number}", "{}")
            if written not in (201, 202):
                self.faults.append((name, number, "written", written))
            for wanted in (number, last):
                if wanted < first[name]:
                    continue
                read, text = self.ask("GET", f"/~{name}/medic/n-{wanted}")
                if read == 404 and self.begins_anew(name) and name not in self.anew:
                    self.anew.add(name)
                    first[name] = wanted + 1
                elif read != 200 or json.loads(text)["_id"] != f"n-{wanted}":
                    self.faults.append((name, wanted, "read", read))

    def ask(self, method, path, body=None):
        """The answer, asked again for as long as it is 503."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection.request(method, path, body, {**ADMIN, "Content-Type": "application/json"})
                answer = self.connection.getresponse()
                status, text = answer.status, answer.read()
            except OSError:
                self.connection.close()
                status, text = 503, b""
            if status not in (502, 503) or time.monotonic() > end:
                return status, text
            time.sleep(0.02)


def writers(port, threads, times, **more):
    made = [Writer(port, [f"t{number}-{n}" for n in range(8)], times, **more) for number in range(threads)]
    for one in made:
        one.start()
    return made


def judged(threads):
    """What all of them have found wrong, when they have written as often as they should, and until now."""
    for one in threads:
        one.enough.set()
    for one in threads:
        one.join(120)
        assert not one.is_alive()
    return [fault for one in threads for fault in one.faults]


def test_haproxy_and_the_processes_agree_who_holds_a_world(tmp_path, processes):
    three = [processes(f"{number}/3") for number in (1, 2, 3)]
    port = free_port()
    with haproxy(tmp_path, port, three):
        for number in range(60):
            name = f"world-{number}"
            for path in (f"/~{name}/medic/_changes", f"/cht/~{name}/medic", f"/%7E{name}/medic"):
                assert ask(port, path)[0] != 503
        for path in ("/", "/medic", "/~default/medic", "/~no name/x".replace(" ", "%20"), "/_mocksrv/clock"):
            assert ask(port, path)[0] != 503
        urls = [one.url for one in three]
        listed = json.loads(mocksrv("shards", "worlds", "--json", *urls))
        assert {one["process"] for one in listed} == {1, 2, 3}
        assert all(owner(one["name"], 3) == one["process"] for one in listed)
        assert len(listed) == len({one["name"] for one in listed}) == 61
        assert ask(port, "/_mocksrv/worlds/world-7", "DELETE")[0] == 204
        assert mocksrv("shards", "where", "world-7", "3").strip() == str(owner("world-7", 3))
        text = mocksrv("shards", "metrics", *urls)
        assert len(re.findall(r'mocksrv_worlds\{process="[123]"\} \d', text)) == 3
        assert [one["ready"] for one in json.loads(mocksrv("shards", "health", "--json", *urls))] == [True] * 3


def test_worlds_move_while_they_are_written_to(tmp_path, processes):
    """10,000 writes and reads while a process comes and goes: nothing is lost, and no world is seen in two places."""
    one, two = processes("1/2"), processes("2/2")
    port = free_port()
    with haproxy(tmp_path, port, [one, two], spare=1):
        threads = writers(port, 4, 850)
        three = processes("3/3")
        urls = [one.url, two.url, three.url]
        tell = ["--haproxy", str(tmp_path / "haproxy.socket"), *urls]
        assert "3 processes hold the worlds" in mocksrv("shards", "resize", "--count", "3", *tell)
        grown = {world["name"]: world["process"] for world in json.loads(mocksrv("shards", "worlds", "--json", *urls))}
        assert "2 processes hold the worlds" in mocksrv("shards", "resize", "--count", "2", *tell)
        assert judged(threads) == []
        assert set(grown.values()) == {1, 2, 3}
        assert {world["process"] for world in json.loads(mocksrv("shards", "worlds", "--json", *urls))} == {1, 2}


def test_a_world_in_two_processes_would_be_noticed(tmp_path, processes):
    """The same with processes that do not know their shards, and a table that changes behind their backs."""
    both = [processes(None), processes(None)]
    port = free_port()
    with haproxy(tmp_path, port, both):
        threads = writers(port, 2, 200)
        until(lambda: any(thread.connection.sock for thread in threads))
        HAProxy(tmp_path / "haproxy.socket").put(1, str(tmp_path / "slots.map"))
        assert judged(threads) != []


def test_a_process_that_dies_loses_its_worlds_alone(tmp_path, processes):
    one, two = processes("1/2"), processes("2/2")
    port = free_port()
    mine, others = name_of(1, 2), name_of(2, 2)
    with haproxy(tmp_path, port, [one, two]):
        threads = writers(port, 2, 400, begins_anew=lambda name: owner(name, 2) == 2)
        ask(port, f"/~{mine}/medic/kept", "PUT", "{}")
        ask(port, f"/~{others}/medic/lost", "PUT", "{}")
        two.end(signal.SIGKILL)
        until(lambda: status(port, f"/~{others}/medic/lost") == 503)
        answer = json.loads(ask(port, f"/~{others}/medic/lost")[1])
        assert answer["detail"].startswith("process 2, which holds this world, does not answer")
        assert ask(port, f"/~{mine}/medic/kept")[0] == 200
        told = mocksrv("shards", "worlds", one.url, two.url, code=2)
        assert "process 2 of those named: no answer from" in told
        ready = json.loads(mocksrv("shards", "health", "--json", one.url, two.url, code=1))
        assert [each["ready"] for each in ready] == [True, False]
        two.start()
        until(lambda: status(port, f"/~{others}/medic/lost") == 404)
        assert judged(threads) == []


def test_workers_are_one_server_and_are_started_again(tmp_path):
    program("haproxy")
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "mocksrv", "serve", "--workers", "2", "--port", str(port),
                               "--size", "empty"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = [server.stdout.readline() for _ in range(7)]
        assert lines[0] == f"mocksrv is ready on http://127.0.0.1:{port}\n"
        urls = lines[-1].split()[1:]
        assert {one["shard"] for one in json.loads(mocksrv("shards", "health", "--json", *urls))} == {"1/2", "2/2"}
        name = name_of(2, 2)
        ask(port, f"/~{name}/medic/a", "PUT", "{}")
        (pid,) = [int(one) for one in os.listdir("/proc") if one.isdigit() and is_child(one, server.pid, "2/2")]
        os.kill(pid, signal.SIGKILL)
        until(lambda: status(port, f"/~{name}/medic/a") == 404)
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    assert "process 2/2 ended with -9; it starts again" in errors
    until(lambda: status(int(urls[0].rpartition(":")[2]), "/") is None)


def is_child(pid, parent, word):
    """Whether a process was started by that one, with that word."""
    try:
        stat, line = (Path("/proc", pid, name).read_text(encoding="utf-8") for name in ("stat", "cmdline"))
    except OSError:
        return False
    return int(stat.rpartition(")")[2].split()[1]) == parent and word in line.split("\0")


def test_workers_are_started_with_all_that_was_asked_for():
    given = Config(vendor=("cht",), seed=0, size=0, idle=0.0, limits=False, set={"cht.release": "5.2"},
                   imports=("own.toml",), deliver_to=("example.org",), locale="fr_FR", kept_body=9)
    words = arguments(given)
    pairs = {tuple(words[at : at + 2]) for at in range(len(words) - 1)}
    assert pairs >= {("--vendor", "cht"), ("--seed", "0"), ("--size", "0"), ("--idle", "0.0"), ("--locale", "fr_FR"),
                     ("--set", "cht.release=5.2"), ("--import", "own.toml"), ("--deliver-to", "example.org"),
                     ("--kept-body", "9")}
    assert words[-1] == "--no-limits"


@pytest.mark.parametrize(("option", "text"), [("--tls=ca", "leave out --tls"), ("--data=file", "leave out --data"),
                                              ("--port=0", "needs a --port")])
def test_what_workers_cannot_do_is_said(option, text):
    assert text in mocksrv("serve", "--workers", "2", option, code=2)


def test_nginx_finds_the_processes_by_its_own_hash(tmp_path, processes):
    name = program("nginx")
    one, two = processes(None), processes(None)
    port = free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in ((":9001", f":{one.port}"), (":9002", f":{two.port}"), (":8080", f":{port}")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "nginx.conf").write_text(f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/log;\n{text}",
                                         encoding="utf-8")
    running = subprocess.Popen([name, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        until(lambda: status(port, "/_mocksrv/ready") == 200)
        assert judged(writers(port, 2, 100)) == []
        seen = [json.loads(ask(each.port, "/_mocksrv/worlds")[1]) for each in (one, two)]
        named = [{world["name"] for world in worlds} - {"default"} for worlds in seen]
        assert all(named)
        assert not named[0] & named[1]
        two.end(signal.SIGKILL)
        lost = min(named[1])
        assert json.loads(ask(port, f"/~{lost}/medic")[1])["title"] == "process down"
        assert ask(port, f"/~{min(named[0])}/medic/n-0")[0] in (200, 404)
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE)


# --- deployments ---


def test_compose_is_what_its_tool_takes_and_its_table_is_haproxys(tmp_path):
    file = ROOT / "deploy" / "compose.yaml"
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file],
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    written(services["table"]["command"].split(), tmp_path)
    shards = [word for name, one in services.items() if name.startswith("process")
              for word in re.findall(r"\d/\d", one["command"])]
    assert shards == ["1/3", "2/3", "3/3"]


def test_the_kubernetes_manifest_is_valid_and_its_table_is_haproxys(tmp_path):
    validate = pytest.importorskip("kubernetes_validate", reason="pip install '.[dev]'")
    documents = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8")))
    for one in documents:
        validate.validate(one, "1.30", strict=True)
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in documents}
    pod = by_name["Deployment", "balancer"]["spec"]["template"]["spec"]
    written(pod["initContainers"][0]["command"][1:], tmp_path)
    stateful = by_name["StatefulSet", "process"]["spec"]
    script = stateful["template"]["spec"]["containers"][0]["command"][2]
    told = subprocess.run(["sh", "-c", script.replace("exec mocksrv", "echo")], capture_output=True, text=True,
                          check=True, env={"HOSTNAME": "process-2", "PATH": os.environ["PATH"]}).stdout
    assert told.split()[-1] == f"3/{stateful['replicas']}"


def written(command, folder):
    """What a deployment's command writes, where HAProxy looks for it; HAProxy takes it."""
    place = command.index("--into") + 1
    command = [*command[:place], str(folder), *command[place + 1 :]]
    mocksrv(*command)
    checked = subprocess.run([program("haproxy"), "-c", "-f", str(folder / "haproxy.cfg")], capture_output=True,
                             text=True, check=False, timeout=30)
    assert checked.returncode == 0, checked.stderr
