"""PouchDB, the database in CHT's web application, unmodified: it replicates to and from the API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.writes

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


@pytest.fixture
def pouch(api: Any, each_release: str, npm: Callable[[str, str], Path], tmp_path: Path) -> Script:
    """Run the body of an async function that has `remote` and `local`; what it returns."""
    modules = npm("pouchdb", VERSION)
    name, password = api.auth
    assert api.request("PUT", "/medic-user-pouch-meta").status_code == 201
    url = api.url.replace("://", f"://{name}:{password}@") + "/medic-user-pouch-meta"

    def run(body: str) -> Any:
        done = subprocess.run(["node", "-e", PRELUDE % body, url, str(tmp_path)], cwd=modules, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_both_ways_once(api: Any, pouch: Script) -> None:
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
    assert api.doc("l5", "medic-user-pouch-meta")["n"] == 5
    assert api.get("/medic-user-pouch-meta/l0").json() == {"error": "not_found", "reason": "deleted"}


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
