"""Runs functions that write answers, with what CouchDB gives them: `start`, `send`, `getRow`, `provides` and
`registerType`.

CouchDB 3.3 source, share/server/render.js, couch_query_servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mocksrv.problems import NotSimulated, OwnRefusal
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import query_server
from mocksrv.vendors.cht.couch.design_documents import JAVASCRIPT
from mocksrv.vendors.cht.node import json_text

NAME = "mocksrv:render"  # of the function below, among those of the design document
RENDER = r"""
function (kind, path, design, given, rows) {
  const types = {}, kinds = {}, offered = [], sent = [], request = given[1];
  let begun = {}, answer = null, at = 0, chosen = null;
  globalThis.registerType = (name, ...all) => { types[name] = all; all.forEach(type => { kinds[type] = name; }); };
  [['all', '*/*'], ['text', 'text/plain; charset=utf-8', 'txt'], ['html', 'text/html; charset=utf-8'],
    ['xhtml', 'application/xhtml+xml', 'xhtml'], ['xml', 'application/xml', 'text/xml', 'application/x-xml'],
    ['js', 'text/javascript', 'application/javascript', 'application/x-javascript'], ['css', 'text/css'],
    ['ics', 'text/calendar'], ['csv', 'text/csv'], ['rss', 'application/rss+xml'], ['atom', 'application/atom+xml'],
    ['yaml', 'application/x-yaml', 'text/yaml'], ['multipart_form', 'multipart/form-data'],
    ['url_encoded_form', 'application/x-www-form-urlencoded'], ['json', 'application/json', 'text/x-json'],
  ].forEach(one => registerType(...one));
  globalThis.provides = (name, run) => { offered.push([name, run]); };
  globalThis.start = response => { begun = response || {}; };
  globalThis.send = part => { sent.push(String(part)); };
  const typed = response => {
    response.headers = response.headers || {};
    if (chosen) { response.headers['Content-Type'] = response.headers['Content-Type'] || chosen; }
    return response;
  };
  globalThis.getRow = () => {
    answer = answer || typed(begun);
    return at < rows.length ? rows[at++] : null;
  };
  const quality = (type, accept) => Math.max(0, ...accept.split(',').map(part => {
    const [range, ...more] = part.trim().split(';').map(text => text.trim());
    const [main, sub] = range.split('/'), [own, ownSub] = type.split(';')[0].split('/');
    const weight = more.filter(text => text.startsWith('q=')).map(text => Number(text.slice(2)))[0];
    const fits = (main === '*' || main === own) && (sub === '*' || sub === ownSub);
    return fits ? (weight === undefined ? 1 : weight) + (main !== '*') / 100 + (sub !== '*') / 1000 : 0;
  }));
  const provided = () => {
    const accept = request.headers.Accept;
    let name = request.query && request.query.format;
    if (!name && accept) {
      const known = offered.flatMap(([one]) => types[one] || []);
      const best = Math.max(0, ...known.map(type => quality(type, accept)));
      const type = known.find(one => best > 0 && quality(one, accept) === best);
      chosen = type;
      name = kinds[type];
    } else {
      name = name || offered[0][0];
      chosen = types[name][0];
    }
    const found = offered.find(([one]) => one === name);
    if (!found) {
      throw ['error', 'not_acceptable', 'Content-Type ' + (accept || name) + ' not supported, try one of: ' +
        offered.map(([one]) => (types[one] || [one]).join(', ')).join(', ')];
    }
    return found[1].call(design);
  };
  const wrapped = value => typeof value === 'string' ? { body: value } : value;
  const checked = (value, what) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw ['error', 'render_error', 'undefined response from ' + what + ' function'];
    }
    return value;
  };
  try {
    const run = (0, eval)('(' + path.reduce((found, name) => found[name], design).replace(/[;\s]+$/, '') + '\n)');
    if (kind === 'update') {
      const [doc, response] = run.apply(design, given);
      return { doc, response: checked(wrapped(response), kind) };
    }
    if (kind === 'list') {
      let tail = run.apply(design, given);
      if (offered.length) { tail = provided(); }
      if (!answer) { answer = typed(begun); }
      if (tail !== undefined) { sent.push(String(tail)); }
      return { response: answer, body: sent.join('') };
    }
    let response = wrapped(run.apply(design, given) || {});
    if (sent.length) {
      response = { ...response, headers: { ...response.headers, ...begun.headers },
        body: sent.join('') + (response.body || '') };
      sent.length = 0;
    }
    if (offered.length) {
      const more = wrapped(provided() || {});
      response = typed({ ...response, body: (response.body || '') + sent.join('') + (more.body || '') });
    }
    return { response: checked(response, kind) };
  } catch (error) {
    if (kind === 'show' && given[0] === null && request.path.length > 5) {
      throw ['error', 'not_found', 'document not found'];
    }
    if (error && ((error.error && error.reason) || error[0] === 'error' || error[0] === 'fatal')) { throw error; }
    throw ['error', 'render_error', 'function raised error: ' + String(error) + ' \nstacktrace: ' +
      (error && error.stack)];
  }
}
"""
STATUSES = {"not_found": 404, "not_acceptable": 406, "forbidden": 403, "unauthorized": 401, "bad_request": 400}


class Rendered(NamedTuple):
    """What a function gave: the answer, the text of a list, and the document of an update."""

    response: dict[str, Any]
    body: str
    doc: Any


def run(design: Mapping[str, Any], kind: str, path: tuple[str, str], given: list[Any],
        rows: list[Any]) -> Rendered:
    """Run a show, list or update function; refuses with what it throws."""
    language = design.get("language", JAVASCRIPT)
    if language != JAVASCRIPT:
        raise OwnRefusal(NotSimulated(f"the language {language} of {design['_id']}"))
    query_server.begin()
    functions = query_server.Functions({**design, NAME: RENDER})
    functions.must_be(*path)
    own = {name: value for name, value in design.items() if name[:1] != "_"}
    found = functions.call((NAME,), kind, list(path), own, given, rows)
    if "thrown" in found:
        refused(found["thrown"])
    value = found.get("value")
    value = value if isinstance(value, dict) else {}
    response = value.get("response")
    return Rendered(response if isinstance(response, dict) else {}, str(value.get("body", "")), value.get("doc"))


def refused(thrown: Any) -> None:
    """Refuse with an error that a function has thrown: `["error", name, reason]` or `{"error", "reason"}`."""
    if isinstance(thrown, list) and len(thrown) > 2:
        error, reason = thrown[1:3]
    elif isinstance(thrown, dict) and "error" in thrown and "reason" in thrown:
        error, reason = thrown["error"], thrown["reason"]
    else:
        error, reason = "render_error", query_server.told(thrown)
    texts = [one if isinstance(one, str) else json_text.text(one) for one in (error, reason)]
    errors.couch(STATUSES.get(texts[0], 500), *texts,
                 diagnosis="the function of the design document refused" if STATUSES.get(texts[0]) else
                 f"the function of the design document failed: {texts[1][:200]}")
