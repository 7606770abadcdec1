"""Clients of CouchDB as they are published, unmodified: couchdb-python, IBM's SDK, nano, couchbackup."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mocksrv.tests.tools import program

pytestmark = [pytest.mark.writes, pytest.mark.mock_only]

COUCHDB, CLOUDANT, NANO, BACKUP = "1.2", "0.11.12", "11.0.5", "2.11.12"
ALONE = """
const main = async () => { %s };
main().then(out => { console.log(JSON.stringify(out === undefined ? null : out)); process.exit(0); },
            error => { console.error(error); process.exit(1); });
"""


def python(folder: Path, script: str, *arguments: str) -> Any:
    """Run a script that prints JSON, with the packages of a folder."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, *arguments], capture_output=True, text=True,
                          timeout=120, env=os.environ | {"PYTHONPATH": str(folder)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def node(folder: Path, body: str, *arguments: str) -> Any:
    """Run the body of an async function; what it returns."""
    done = subprocess.run(["node", "-e", ALONE % body, *arguments], cwd=folder, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def own(api: Any) -> str:
    """A database with 25 documents."""
    api.ok("PUT", "/clients")
    docs = [{"_id": f"d{number:02}", "number": number, "kind": "even" if number % 2 == 0 else "odd"}
            for number in range(25)]
    api.ok("POST", "/clients/_bulk_docs", {"docs": docs})
    return "clients"


def test_couchdb_python_walks_a_view_in_batches(api: Any, pip: Callable[[str, str], Path]) -> None:
    found = python(pip("couchdb", COUCHDB), """
import json, sys, couchdb
server = couchdb.Server(sys.argv[1]); server.resource.credentials = ("admin", "pass")
medic = server["medic"]
walked = [row.id for row in medic.iterview("medic-client/contacts_by_type", 7)]
between = {"startkey": ["clinic"], "endkey": ["health_center"]}
part = [row.id for row in medic.iterview("medic-client/contacts_by_type", 4, **between)]
own = server.create("own")
id, rev = own.save({"name": "Atieno"})
doc = own[id]; doc["name"] = "Otieno"; own.save(doc)
own.put_attachment(doc, b"habari", "a.txt", "text/plain")
text = own.get_attachment(id, "a.txt").read().decode()
own.update([{"_id": "x%d" % n, "n": n} for n in range(3)])
found = [row.id for row in own.find({"selector": {"n": {"$gt": 0}}})]
changes = own.changes(since=0)
own.delete(own["x0"])
left = sorted(own)
try:
    own.save({"_id": "x1"})
    conflict = False
except couchdb.ResourceConflict:
    conflict = True
names = [name for name in server if name == "own"]
del server["own"]
print(json.dumps({"walked": walked, "part": part, "text": text, "found": found, "changes": len(changes["results"]),
                  "left": len(left), "conflict": conflict, "names": names}))
""", api.url)
    rows = [row["id"] for row in api.ok("GET", "/medic/_design/medic-client/_view/contacts_by_type")["rows"]]
    some = [row["id"] for row in api.ok("GET", '/medic/_design/medic-client/_view/contacts_by_type'
                                               '?startkey=["clinic"]&endkey=["health_center"]')["rows"]]
    assert len(rows) > 20
    assert (found.pop("walked"), found.pop("part")) == (rows, some)
    assert found == {"text": "habari", "found": ["x1", "x2"], "changes": 4, "left": 3, "conflict": True,
                     "names": ["own"]}


def test_ibms_sdk_signs_in_and_pages(api: Any, own: str, pip: Callable[[str, str], Path]) -> None:
    found = python(pip("ibmcloudant", CLOUDANT), """
import json, sys
from ibmcloudant import CouchDbSessionAuthenticator
from ibmcloudant.cloudant_v1 import CloudantV1, Document
from ibmcloudant.features.changes_follower import ChangesFollower
from ibmcloudant.features.pagination import Pagination, PagerType
url, db = sys.argv[1:]
service = CloudantV1(authenticator=CouchDbSessionAuthenticator("admin", "pass")); service.set_service_url(url)
info = service.get_session_information().get_result()
def every(kind, **options):
    pager = Pagination.new_pagination(service, kind, **options).pager()
    return [getattr(row, "id", None) or row._id for row in pager.get_all()]
docs = every(PagerType.POST_ALL_DOCS, db=db, limit=7)
found = every(PagerType.POST_FIND, db=db, selector={"kind": "odd"}, limit=5)
view = every(PagerType.POST_VIEW, db="medic", ddoc="medic-client", view="contacts_by_type", limit=7)
seen = [item.id for item in ChangesFollower(service=service, db=db).start_one_off()]
made = service.post_document(db=db, document={"name": "Atieno"}).get_result()["ok"]
version = service.get_server_information().get_result()["version"]
print(json.dumps({"name": info["user_ctx" if "user_ctx" in info else "userCtx"]["name"], "docs": docs, "found": found,
                  "view": view, "seen": sorted(seen), "made": made, "version": version}))
""", api.url, own)
    ids = [f"d{number:02}" for number in range(25)]
    rows = [row["id"] for row in api.ok("GET", "/medic/_design/medic-client/_view/contacts_by_type")["rows"]]
    assert found == {"name": "admin", "docs": ids, "found": ids[1::2], "view": rows, "seen": ids, "made": True,
                     "version": found["version"]}


def test_nano(api: Any, own: str, npm: Callable[[str, str], Path]) -> None:
    out = node(npm("nano", NANO), """
      const nano = require('nano');
      const [url, name] = process.argv.slice(1);
      const server = nano({url, parseUrl: false, requestDefaults: {jar: true}});
      const fail = async run => { try { await run(); } catch (error) { return error.statusCode; } };
      await server.auth('admin', 'pass');
      const session = await server.session();
      const db = server.use(name);
      const info = await db.info();
      const one = await db.insert({name: 'Atieno'}, 'one');
      await db.attachment.insert('one', 'a.txt', Buffer.from('habari'), 'text/plain', {rev: one.rev});
      const text = (await db.attachment.get('one', 'a.txt')).toString();
      const stale = await fail(() => db.insert({_id: 'one', _rev: one.rev}));
      const listed = await db.list({limit: 3, startkey: 'd03'});
      const fetched = await db.fetch({keys: ['d01', 'nobody']});
      const found = await db.find({selector: {number: {$lt: 3}}});
      const bulk = await db.bulk({docs: [{_id: 'b1'}, {_id: 'd00'}]});
      const view = await server.use('medic').view('medic-client', 'contacts_by_type', {key: ['clinic'], limit: 2});
      const reader = await new Promise((done, wrong) => {
        const ids = [];
        db.changesReader.get({since: 0, wait: false, timeout: 1000}).on('change', change => ids.push(change.id))
          .on('end', () => done(ids)).on('error', wrong);
      });
      await db.destroy('b1', bulk[0].rev);
      await server.db.create('nano-own');
      const names = (await server.db.list()).filter(one => one === 'nano-own');
      const copied = await server.db.replicate(name, 'nano-own');
      await server.db.destroy('nano-own');
      return {user: session.userCtx.name, documents: info.doc_count, text, stale,
              listed: listed.rows.map(row => row.id), fetched: fetched.rows.map(row => row.error || row.id),
              found: found.docs.map(doc => doc._id),
              bulk: bulk.map(row => row.error || row.ok), view: view.rows.length, changes: reader.length, names,
              copied: copied.docs_written || copied.history[0].docs_written};
    """, api.url, own)
    assert out == {
        "user": "admin", "documents": 25, "text": "habari", "stale": 409, "listed": ["d03", "d04", "d05"],
        "fetched": ["d01", "not_found"], "found": ["d00", "d01", "d02"], "bulk": [True, "conflict"], "view": 2,
        "changes": 27, "names": ["nano-own"], "copied": 27}


def test_couchbackup_and_restore(api: Any, own: str, npm: Callable[[str, str], Path], tmp_path: Path) -> None:
    program("node")
    api.ok("PUT", f"/{own}/file", {"text": "habari", "_id": "file"})
    for number in range(3):
        rev = api.doc(f"d{number:02}", own)["_rev"]
        assert api.delete(f"/{own}/d{number:02}?rev={rev}").ok
    modules = npm("@cloudant/couchbackup", BACKUP)
    tools, signed = modules / "node_modules" / "@cloudant" / "couchbackup" / "bin", api.url.replace("://", "://admin:pass@")
    environment = os.environ | {"COUCH_URL": signed}
    saved = subprocess.run(["node", tools / "couchbackup.bin.js", "--db", own, "--log", tmp_path / "log"], timeout=120,
                           env=environment, cwd=tmp_path, capture_output=True)
    assert saved.returncode == 0, saved.stderr.decode()
    api.ok("PUT", "/restored")
    back = subprocess.run(["node", tools / "couchrestore.bin.js", "--db", "restored"], input=saved.stdout, timeout=120,
                          env=environment, cwd=tmp_path, capture_output=True)
    assert back.returncode == 0, back.stderr.decode()
    before, after = (api.ok("GET", f"/{name}/_all_docs?include_docs=true")["rows"] for name in (own, "restored"))
    assert len(before) == 23
    assert after == before
