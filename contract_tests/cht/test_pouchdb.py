"""PouchDB, the database in CHT's web application, unmodified: it replicates to and from the API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.writes, pytest.mark.side_by_side]

VERSION = "9.0.0"
PRELUDE = """
const PouchDB = require('pouchdb');
const assert = require('assert');
const [url, folder] = process.argv.slice(1);
const remote = new PouchDB(url), local = new PouchDB(folder + '/local');
const until = async check => {
  for (let n = 0; n < 200; n++) {
    try { if (await check()) return; } catch (error) { if (error.status !== 404) throw error; }
    await new Promise(done => setTimeout(done, 25));
  }
  throw new Error('nothing came');
};
const main = async () => { %s };
main().then(out => { console.log(JSON.stringify(out === undefined ? null : out)); process.exit(0); },
            error => { console.error(error); process.exit(1); });
"""
Script = Callable[[str], Any]


def own(unique: str) -> str:
    """The name of a database as users have it."""
    return f"medic-user-{unique}-meta"


@pytest.fixture
def pouch(api: Any, unique: str, each_release: str, npm: Callable[[str, str], Path], tmp_path: Path) -> Script:
    """Run the body of an async function that has `remote` and `local`; what it returns."""
    modules = npm("pouchdb", VERSION)
    name, password = api.auth
    assert api.request("PUT", f"/{own(unique)}").status_code == 201
    url = api.url.replace("://", f"://{name}:{password}@") + f"/{own(unique)}"

    def run(body: str) -> Any:
        done = subprocess.run(["node", "-e", PRELUDE % body, url, str(tmp_path)], cwd=modules, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_both_ways_once(api: Any, unique: str, pouch: Script) -> None:
    out = pouch("""
      await local.bulkDocs(Array.from({length: 30}, (_, n) => ({_id: 'l' + n, n})));
      await local.put({_id: 'file', _attachments: {
        'a.txt': {content_type: 'text/plain', data: Buffer.from('habari').toString('base64')}}});
      await local.remove(await local.get('l0'));
      await remote.put({_id: 'r1', from: 'there', _attachments: {
        'b.bin': {content_type: 'application/octet-stream', data: Buffer.from([1, 2, 255])}}});
      const up = await local.replicate.to(remote), down = await local.replicate.from(remote);
      const again = await local.sync(remote);
      const text = (await remote.getAttachment('file', 'a.txt')).toString();
      const bytes = [...await local.getAttachment('r1', 'b.bin')];
      const here = (await local.allDocs()).rows, there = (await remote.allDocs()).rows;
      assert.deepStrictEqual(here, there);
      return {up: up.docs_written, down: down.docs_written, again: again.push.docs_written, text, bytes,
              count: here.length};
    """)
    assert out == {"up": 31, "down": 1, "again": 0, "text": "habari", "bytes": [1, 2, 255], "count": 31}
    assert api.doc("l5", own(unique))["n"] == 5
    assert api.get(f"/{own(unique)}/l0").json() == {"error": "not_found", "reason": "deleted"}


def test_conflicts_on_both_sides(pouch: Script) -> None:
    out = pouch("""
      await remote.put({_id: 'x', v: 0});
      await local.replicate.from(remote);
      const {_rev} = await local.get('x');
      await local.put({_id: 'x', _rev, v: 'here'});
      await remote.put({_id: 'x', _rev, v: 'there'});
      await local.sync(remote);
      const mine = await local.get('x', {conflicts: true}), theirs = await remote.get('x', {conflicts: true});
      assert.deepStrictEqual(mine, theirs);
      const loser = await remote.get('x', {rev: mine._conflicts[0]});
      const leaves = await remote.get('x', {open_revs: 'all'});
      await remote.remove('x', mine._conflicts[0]);
      await local.sync(remote);
      const after = await local.get('x', {conflicts: true});
      return {both: [mine.v, loser.v].sort(), leaves: leaves.length, after: after._conflicts || null,
              same: after.v === mine.v};
    """)
    assert out == {"both": ["here", "there"], "leaves": 2, "after": None, "same": True}


def test_live_in_both_directions(pouch: Script) -> None:
    out = pouch("""
      const sync = local.sync(remote, {live: true, retry: true});
      await local.put({_id: 'up', n: 1});
      await until(async () => (await remote.get('up')).n === 1);
      await remote.put({_id: 'down', n: 2});
      await until(async () => (await local.get('down')).n === 2);
      const doc = await local.get('down');
      await local.put({...doc, n: 3});
      await until(async () => (await remote.get('down')).n === 3);
      sync.cancel();
      return (await remote.info()).doc_count;
    """)
    assert out == 2


def test_the_feed_gives_each_document_once(pouch: Script) -> None:
    out = pouch("""
      await remote.bulkDocs(Array.from({length: 25}, (_, n) => ({_id: 'd' + n})));
      const doc = await remote.get('d3');
      await remote.put({...doc, again: true});
      const {results} = await remote.changes({batch_size: 7, include_docs: true});
      const some = await remote.changes({doc_ids: ['d1', 'd3'], return_docs: true});
      return {ids: results.map(one => one.id), last: results[results.length - 1].doc.again,
              some: some.results.map(one => one.id)};
    """)
    assert sorted(out["ids"]) == sorted(f"d{n}" for n in range(25))
    assert (out["ids"][-1], out["last"], out["some"]) == ("d3", True, ["d1", "d3"])


# --- as an offline user: the way of CHT's own application ---

OFFLINE = """
  const [, , name, password] = process.argv.slice(1);
  const base = url.replace(/\\/[^/]*$/, '').replace(/\\/\\/.*@/, '//');
  const headers = {Authorization: 'Basic ' + Buffer.from(name + ':' + password).toString('base64'),
                   'Content-Type': 'application/json'};
  const api = async (path, body) => {
    const answer = await fetch(base + path, body ? {headers, method: 'POST', body: JSON.stringify(body)} : {headers});
    if (!answer.ok) throw new Error(path + ' ' + answer.status + ' ' + await answer.text());
    return answer.json();
  };
  const medic = new PouchDB(base + '/medic', {skip_setup: true, auth: {username: name, password}});
  const down = async () => {
    const {doc_ids_revs} = await api('/api/v1/replication/get-ids');
    const have = new Map((await local.allDocs()).rows.map(row => [row.id, row.value.rev]));
    const wanted = doc_ids_revs.filter(({id, rev}) => have.get(id) !== rev);
    const got = await medic.bulkGet({docs: wanted, attachments: true, revs: true});
    const docs = got.results.flatMap(row => row.docs.filter(one => one.ok).map(one => one.ok));
    await local.bulkDocs(docs, {new_edits: false});
    const gone = [...have.keys()].filter(id => !doc_ids_revs.some(one => one.id === id));
    const deleted = await api('/api/v1/replication/get-deletes', {doc_ids: gone});
    return {wanted: wanted.length, got: docs.length, deleted: deleted.doc_ids};
  };
  const up = () => local.replicate.to(medic, {filter: doc => !doc._id.startsWith('_design/'), checkpoint: 'source'});
"""


@pytest.fixture
def offline(api: Any, places: Any, unique: str, npm: Callable[[str, str], Path], tmp_path: Path) -> Script:
    """The same for a new health worker, who has `down`, `up` and `medic`."""
    modules, name = npm("pouchdb", VERSION), f"chw-{unique}"
    api.ok("POST", "/api/v1/users", {"username": name, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})

    def run(body: str) -> Any:
        done = subprocess.run(["node", "-e", PRELUDE % (OFFLINE + body), f"{api.url}/medic", str(tmp_path), name,
                               "Kisumu_2024"], cwd=modules, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_an_offline_user_in_both_directions(api: Any, places: Any, offline: Script, unique: str) -> None:
    out = offline(f"""
      const first = await down();
      const person = await local.get('{places.clinic_person}');
      const report = {{_id: 'report-{unique}', type: 'data_record', form: 'visit', reported_date: 1700000000000,
                       contact: {{_id: '{places.person}', parent: {{_id: '{places.area}'}}}},
                       fields: {{patient_id: person._id}},
                       _attachments: {{content: {{content_type: 'text/plain', data: 'aGFiYXJp'}}}}}};
      await local.put(report);
      await local.put({{...person, name: 'Wanjiru wa Kamau'}});
      const sent = await up();
      const again = await down();
      const text = (await medic.getAttachment(report._id, 'content')).toString();
      return {{first, sent: [sent.docs_written, sent.doc_write_failures], again: again.wanted, text}};
    """)
    assert out["first"]["wanted"] == out["first"]["got"] >= 5
    assert (out["sent"], out["again"], out["text"]) == ([2, 0], 0, "habari")
    assert api.doc(places.clinic_person)["name"] == "Wanjiru wa Kamau"
    assert api.doc(f"report-{unique}")["_rev"].startswith("1-")


def test_an_offline_user_hears_of_what_is_not_its_own(api: Any, places: Any, offline: Script, unique: str) -> None:
    """What others delete is told by get-deletes; what is out of reach is not stored, and denied, which CHT's own
    application listens for to try again (CHT source, webapp's db-sync)."""
    out = offline(f"""
      await down();
      await local.put({{_id: 'foreign-{unique}', type: 'data_record', form: 'visit', fields: {{}},
                        contact: {{_id: '{places.other_person}'}}}});
      const denied = [], sent = await up().on('denied', ({{id, name}}) => denied.push([id, name]));
      const reading = await medic.get('{places.other_person}').catch(error => error.status);
      const before = (await local.allDocs()).rows.map(row => row.id).includes('{places.clinic_person}');
      const admin = {{...headers, Authorization: 'Basic ' + Buffer.from('admin:pass').toString('base64')}};
      const rev = (await local.get('{places.clinic_person}'))._rev;
      await fetch(`${{base}}/medic/{places.clinic_person}?rev=${{rev}}`, {{method: 'DELETE', headers: admin}});
      const {{deleted}} = await down();
      return {{failures: sent.doc_write_failures, denied, reading, before, deleted}};
    """)
    assert (out["failures"], out["reading"], out["before"]) == (1, 403, True)
    assert out["denied"] == [[f"foreign-{unique}", "forbidden"]]
    assert places.clinic_person in out["deleted"]
    assert api.get(f"/medic/foreign-{unique}").status_code == 404
