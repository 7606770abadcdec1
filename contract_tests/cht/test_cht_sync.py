"""cht-sync, which copies a CHT's databases into PostgreSQL: the requests that it sends, by the libraries that it uses.

Facts from medic/cht-sync, couch2pg: PouchDB's core with its HTTP adapter and sessions; batches of the changes feed from
a sequence on, how many are left by a feed of no rows, and the changed documents by their ids. It does not ask for the
deleted ones.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.cht.conftest import PASSWORD, Client

pytestmark = pytest.mark.writes
PACKAGES = {"pouchdb-core": "8.0.1", "pouchdb-adapter-http": "8.0.1", "pouchdb-session-authentication": "1.4.0"}
DATABASES = ("medic", "medic-sentinel", "medic-users-meta", "medic-logs", "_users")
SCRIPT = """
const PouchDB = require('pouchdb-core');
PouchDB.plugin(require('pouchdb-adapter-http')).plugin(require('pouchdb-session-authentication'));
const [base, url, since, limit] = process.argv.slice(1);
// Sessions are asked for at the host's root; a world of the mock has a path.
const fetch = (address, options) =>
  PouchDB.fetch(new URL(address).pathname === '/_session' ? base + '/_session' : address, options);
const main = async () => {
  const db = new PouchDB(url, {skip_setup: true, fetch});
  const copied = {}, sizes = [];
  let seq = since === '0' ? 0 : since;
  for (;;) {
    const {results, last_seq} = await db.changes({
      limit: Number(limit), since: seq, seq_interval: Number(limit), batch_size: Number(limit)});
    seq = last_seq;
    if (!results.length) return {copied, sizes, seq};
    sizes.push(results.length);
    const gone = results.filter(row => row.deleted), there = results.filter(row => !row.deleted);
    const {rows} = await db.allDocs({keys: there.map(row => row.id), include_docs: true});
    for (const row of rows) copied[row.id] = row.doc;
    for (const row of gone) copied[row.id] = {_id: row.id, _rev: row.changes[0].rev, _deleted: true};
  }
};
main().then(out => process.stdout.write(JSON.stringify(out), () => process.exit(0)),
            error => { console.error(error); process.exit(1); });
"""
Copy = Callable[..., dict[str, Any]]


def with_login(api: Client, path: str) -> str:
    assert api.auth
    return api.url.replace("://", "://{}:{}@".format(*api.auth), 1) + path


@pytest.fixture
def copy(api: Client, each_release: str, npm: Callable[[str, str], Path]) -> Copy:
    """Copies a database from a sequence on: its documents, the sizes of the batches, and the next sequence."""
    modules = [str(npm(name, version) / "node_modules") for name, version in PACKAGES.items()]

    def run(database: str, since: str = "0", batch: int = 1000) -> dict[str, Any]:
        done = subprocess.run(["node", "-e", SCRIPT, api.url, with_login(api, f"/{database}"), since, str(batch)],
                              capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | {"NODE_PATH": os.pathsep.join(modules)})
        assert done.returncode == 0, done.stdout + done.stderr
        out: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return out

    return run


def live(api: Client, database: str) -> dict[str, Any]:
    """The documents that are there now."""
    rows = api.ok("GET", f"/{database}/_all_docs", params={"include_docs": "true"})["rows"]
    return {row["id"]: row["doc"] for row in rows}


@pytest.mark.mock_only  # whole databases
def test_whole_databases_in_batches(api: Client, copy: Copy) -> None:
    gone = api.ok("POST", "/medic", {"name": "gone"})
    api.ok("DELETE", f"/medic/{gone['id']}?rev={gone['rev']}")
    for database in DATABASES:
        out = copy(database, batch=20)
        there = {id: doc for id, doc in out["copied"].items() if "_deleted" not in doc}
        assert there == live(api, database)
        assert set(out["sizes"][:-1]) <= {20}
        assert database != "medic" or out["copied"][gone["id"]]["_deleted"] is True
        assert copy(database, out["seq"])["copied"] == {}


def test_what_changed_since(api: Client, copy: Copy, unique: str) -> None:
    session = log_in(api)

    def left(since: str) -> int:
        answer = requests.get(f"{api.url}/medic/_changes", params={"limit": "0", "since": since}, headers=session,
                              timeout=30)
        assert answer.status_code == 200
        pending: int = answer.json()["pending"]
        return pending

    since = str(api.ok("GET", "/medic/")["update_seq"])
    before = left(since)
    kept, gone = (api.ok("POST", "/medic", {"name": f"{which} {unique}", "type": "person"}) for which in "ab")
    api.ok("DELETE", f"/medic/{gone['id']}?rev={gone['rev']}")
    assert left(since) >= before + 2
    copied = copy("medic", since)["copied"]
    assert copied[kept["id"]] == api.doc(kept["id"])
    assert copied[gone["id"]]["_deleted"] is True


def log_in(api: Client) -> dict[str, str]:
    assert api.auth
    name, password = api.auth
    answer = api.anonymous().post("/_session", {"name": name, "password": password})
    return {"Cookie": f"AuthSession={answer.cookies['AuthSession']}"}


def test_accounts_are_copied_with_their_secrets(api: Client, copy: Copy, unique: str) -> None:
    """It takes them out itself."""
    since = str(api.ok("GET", "/_users/")["update_seq"])
    api.ok("POST", "/api/v1/users", {"username": unique, "password": PASSWORD, "roles": ["program_officer"]})
    copied = copy("_users", since)["copied"][f"org.couchdb.user:{unique}"]
    assert {"password_scheme", "derived_key", "salt"} <= copied.keys()
