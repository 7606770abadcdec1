"""A server that is killed, or whose file may not grow: what it has answered is there, what it has refused is not."""

import base64
import http.client
import json
import random
import resource
import signal
import threading
import time

from mocksrv.tests.attack.conftest import times
from mocksrv.tests.attack.host import Host

JSON = {"Content-Type": "application/json"}
CHT = JSON | {"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode()}
HQ = JSON | {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}


class Writer(threading.Thread):
    """Writes in one way until the server is gone, and remembers what was answered."""

    def __init__(self, host, way, round):
        super().__init__()
        self.host, self.way, self.round = host, way, round
        self.kept, self.deleted, self.batches = {}, set(), []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=20)

        def ask(method, path, body, headers=CHT):
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        number = 0
        try:
            while True:
                number += 1
                getattr(self, self.way)(ask, f"{self.way}-{self.round}-{number}")
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def documents(self, ask, id):
        status, answer = ask("PUT", f"/medic/{id}", {"value": id, "filler": "x" * (len(id) % 3 * 2000)})
        assert status == 201
        self.kept[id] = answer["rev"]
        if len(self.kept) % 4 == 0:  # unanswered, it may be gone or not
            del self.kept[id]
            if ask("DELETE", f"/medic/{id}?rev={answer['rev']}", None)[0] == 200:
                self.deleted.add(id)

    def batch(self, ask, id):
        ids = [f"{id}-{number}" for number in range(30)]
        self.batches.append(ids)  # answered or not: all or none
        status, answers = ask("POST", "/medic/_bulk_docs", {"docs": [{"_id": one} for one in ids]})
        assert status == 201
        self.kept |= {one["id"]: one["rev"] for one in answers}

    def cases(self, ask, id):
        status, answer = ask("POST", "/a/demo/api/case/v2/", {"case_type": "t", "case_name": id, "owner_id": "o",
                                                              "external_id": id, "properties": {"value": id}}, HQ)
        assert status in (200, 201)
        self.kept[answer["case"]["case_id"]] = id

    def check(self):
        """What is not as it was answered."""
        if self.way == "cases":
            return [id for id, value in self.kept.items()
                    if value.encode() not in self.host.ask("GET", f"/a/demo/api/case/v2/{id}/", headers=HQ)[1]]
        ids = [*self.kept, *self.deleted, *(id for ids in self.batches for id in ids)]
        status, body = self.host.ask("POST", "/medic/_all_docs", json.dumps({"keys": ids}), CHT)
        assert status == 200
        rows = {row["key"]: row.get("value") or {} for row in json.loads(body)["rows"]}
        wrong = [id for id, rev in self.kept.items() if rows[id].get("rev") != rev or rows[id].get("deleted")]
        wrong += [id for id in self.deleted if not rows[id].get("deleted")]
        return wrong + [ids for ids in self.batches if len({"rev" in rows[id] for id in ids}) > 1]


def pytest_generate_tests(metafunc):
    if "piece" in metafunc.fixturenames:
        metafunc.parametrize("piece", range(1, times(metafunc.config, 1, 20) + 1))


def test_killed_servers_lose_nothing_that_they_have_answered(tmp_path, piece, amount):
    """A few kills on one file: what finds the file whole after one is what is killed next."""
    chance, answered, wrong = random.Random(piece), 0, []
    with Host("--data", str(tmp_path / "world.json"), "--size", "0") as host:
        for round in range(amount(3, 10)):
            writers = [Writer(host, way, f"{round}-{number}")
                       for number, way in enumerate(("documents", "batch", "cases", "documents"))]
            for writer in writers:
                writer.start()
            time.sleep(0.1 + chance.random() * 0.5)
            host.end(signal.SIGKILL)
            for writer in writers:
                writer.join()
            json.loads((tmp_path / "world.json").read_text())  # what anybody may read with TinyDB
            answered += sum(len(writer.kept) + len(writer.deleted) for writer in writers)
            host.start()
            wrong += [one for writer in writers for one in writer.check()]
    print(f"{answered} answered writes")
    assert wrong == []
    assert answered > 20


def allow(host, size):
    """Let the server's files grow to so many bytes and no further, as a full disk would."""
    host.limit(resource.RLIMIT_FSIZE, size)


def test_a_full_disk_loses_nothing_and_keeps_nothing_that_was_refused(tmp_path, amount):
    """The system refuses writes beyond a file's limit, as it does on a full disk, in the middle of one."""
    file = tmp_path / "world.json"
    kept, refused = [], []
    with Host("--data", str(file), "--size", "0") as host:
        for round in range(amount(3, 20)):
            size = max(one.stat().st_size for one in tmp_path.iterdir() if one.name.startswith("world"))
            allow(host, size + 50_000)
            for number in range(12):
                id = f"d-{round}-{number}"
                status, body = host.ask("PUT", f"/medic/{id}", json.dumps({"filler": "x" * 9_000}), CHT)
                assert status in (201, 507), body
                (kept if status == 201 else refused).append(id)
                assert host.ask("GET", f"/medic/{id}", headers=CHT)[0] == (200 if status == 201 else 404)
            assert host.ask("PUT", "/~other/medic/x", "{}", CHT)[0] in (201, 409)
            allow(host, resource.RLIM_INFINITY)
            assert host.ask("PUT", f"/medic/after-{round}", "{}", CHT)[0] == 201
            kept.append(f"after-{round}")
        host.end(signal.SIGKILL)
        host.start()
        statuses = {id: host.ask("GET", f"/medic/{id}", headers=CHT)[0] for id in (*kept, *refused)}
    assert len(refused) >= amount(3, 20)
    assert {id: status for id, status in statuses.items() if status != (200 if id in kept else 404)} == {}
