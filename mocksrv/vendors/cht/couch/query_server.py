"""CouchDB's query server: JavaScript of design documents, in an engine of its own, without files or network.

What it may take is limited: each call as much time as CouchDB gives it, all calls of a request more than one would wait
for, and memory. CouchDB 3.3 source, share/server, couch_query_servers; documentation, "Query Server".
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from mocksrv.clock import stopwatch
from mocksrv.vendors.cht.couch import errors
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.node import json_text

SECONDS, TOGETHER = 5, 15.0  # of one call, which is CouchDB's `os_process_timeout`, and of all calls of a request
MEMORY, STACK = 64 * 1024 * 1024, 512 * 1024  # bytes
TOO_LONG, TOO_LATE = "OS process timed out.", "The request could not be processed in a reasonable amount of time."
NO_FUNCTION = "Expression does not eval to a function. ({})"
INTERRUPTED = "interrupted"  # in the engine's own message
SHRINKING = "Reduce output must shrink more rapidly: input size: {}\noutput size: {}"
SMALL = 4096  # characters from which on a reduced value must be half as long as what it was made of

# Takes a design document as JSON, and gives a function that calls those of it: by path, with arguments as JSON.
ENGINE = r"""
text => {
  const design = JSON.parse(text), modules = {}, compiled = {};
  const at = path => path.reduce((found, name) => found === undefined || found === null ? found : found[name], design);
  const requireFrom = base => name => {
    const path = /^\.\.?(\/|$)/.test(name) ? base.slice(0, -1) : [];
    for (const part of name.split('/')) {
      if (part === '..') { path.pop(); } else if (part !== '.' && part !== '') { path.push(part); }
    }
    const id = path.join('/');
    if (!(id in modules)) {
      const source = at(path);
      if (typeof source !== 'string') { throw new Error('invalid_require_path: ' + name); }
      const module = modules[id] = { id, exports: {} };
      new Function('module', 'exports', 'require', source)(module, module.exports, requireFrom(path));
    }
    return modules[id].exports;
  };
  const compile = path => {
    const key = JSON.stringify(path);
    if (!(key in compiled)) {
      let found;
      try { found = (0, eval)('(' + String(at(path)).replace(/[;\s]+$/, '') + '\n)'); } catch (error) { found = null; }
      compiled[key] = typeof found === 'function' ? found : null;
    }
    return compiled[key];
  };
  let rows;
  Object.assign(globalThis, {
    emit: (key, value) => { rows.push([key, value]); }, isArray: Array.isArray, log: () => {}, require: requireFrom([]),
    sum: values => values.reduce((all, one) => all + one, 0), toJSON: JSON.stringify,
  });
  // Without arguments a function is only compiled.
  return (path, given) => {
    const wanted = compile(path = JSON.parse(path));
    if (wanted === null) { return JSON.stringify({ broken: String(at(path)) }); }
    if (given === 'null') { return '{}'; }
    rows = [];
    try {
      const value = wanted(...JSON.parse(given));
      return JSON.stringify({ rows, value });
    } catch (error) {
      return JSON.stringify({ thrown: error instanceof Error ? { error: String(error) } : error });
    }
  };
}
"""


class Here(threading.local):
    """The engine of a thread, which no other may enter, and until when its calls may last."""

    key = ""
    call: Callable[[str, str], str] | None = None
    until = float("inf")


here = Here()


def begin() -> None:
    """A request begins to call functions."""
    here.until = stopwatch() + TOGETHER


def forget() -> None:
    """The request is over: drop its engine, which may hold much, while the connection waits for the next."""
    if here.key:
        here.key, here.call = "", None


class Functions:
    """The functions of a design document."""

    def __init__(self, design: Mapping[str, Any]) -> None:
        self.text = json_text.text({name: value for name, value in design.items() if name[:1] != "_"})
        self.signature = hashlib.md5(self.text.encode(), usedforsecurity=False).hexdigest()

    def call(self, path: tuple[str, ...], *given: Any) -> dict[str, Any]:
        """What the function at that path gives: `{"rows", "value"?}` or `{"thrown"}`."""
        return self._working(path, list(given))

    def must_be(self, *path: str) -> None:
        """Refuses unless there is a function at that path, which is not called."""
        self._working(path, None)

    def is_function(self, *path: str) -> bool:
        """Whether there is a function at that path, which is not called."""
        return "broken" not in self._run(path, None)

    def _working(self, path: tuple[str, ...], given: list[Any] | None) -> dict[str, Any]:
        found = self._run(path, given)
        if "broken" in found:
            errors.couch(500, "compilation_error", NO_FUNCTION.format(found["broken"]))
        return found

    def _run(self, path: tuple[str, ...], given: list[Any] | None) -> dict[str, Any]:
        import quickjs  # type: ignore[import-untyped]

        if stopwatch() > here.until:
            errors.couch(500, "timeout", TOO_LATE, diagnosis=f"all functions together took more than {TOGETHER:g} s")
        try:
            if here.key != self.signature:
                here.key, here.call = "", engine(self.text)
                here.key = self.signature
            assert here.call is not None
            result = json_text.loads(here.call(json_text.text(list(path)), json_text.text(given)))
        except (quickjs.JSException, ValueError, TypeError) as error:
            here.key = ""
            failed(str(error).partition("\n")[0])
        if not isinstance(result, dict) or not isinstance(result.get("rows", []), list):
            here.key = ""
            failed("a function has replaced what JSON is written with")
        return result

    # --- the kinds ---

    def map(self, view: str) -> Callable[[Mapping[str, Any]], list[tuple[Any, Any]]]:
        """The map function of a view. A document at which it throws has no rows."""
        def emitted(doc: Mapping[str, Any]) -> list[tuple[Any, Any]]:
            found = self.call(("views", view, "map"), doc)
            if "thrown" in found:
                raise Thrown
            return [(key, value) for key, value in found.get("rows", ())]
        return emitted

    def reduce(self, view: str, keys: list[Any], values: list[Any]) -> Any:
        """What a view's reduce function makes of all rows at once; `keys` are pairs of key and document id."""
        found = self.call(("views", view, "reduce"), keys, values, False)
        if "thrown" in found:
            failed(told(found["thrown"]))
        value = found.get("value")
        before, after = len(json_text.text(values)), len(json_text.text(value))
        if after > SMALL and after * 2 > before:
            errors.couch(500, "reduce_overflow_error", SHRINKING.format(before, after))
        return value

    def passes(self, name: str, doc: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
        """Whether a document passes a filter; one that throws fails the request."""
        found = self.call(("filters", name), doc, request)
        if "thrown" in found:
            failed(told(found["thrown"]))
        return bool(found.get("value"))

    def objection(self, *given: Any) -> str | None:
        """What `validate_doc_update` throws at a new document, the old one, the user and the security, if it does."""
        thrown = self.call(("validate_doc_update",), *given).get("thrown")
        if isinstance(thrown, dict):
            thrown = thrown.get("forbidden", thrown.get("unauthorized", thrown))
        return None if thrown is None else told(thrown)


def engine(text: str) -> Callable[[str, str], str]:
    """An engine with a design document's functions."""
    import quickjs

    context = quickjs.Context()
    context.set_time_limit(SECONDS)
    context.set_memory_limit(MEMORY)
    context.set_max_stack_size(STACK)
    made: Callable[[str, str], str] = context.eval(f"({ENGINE})")(text)
    return made


def told(value: Any) -> str:
    """A thrown value as text."""
    if isinstance(value, dict) and set(value) == {"error"}:
        value = value["error"]
    return value if isinstance(value, str) else json_text.text(value)


def failed(message: str) -> NoReturn:
    """The engine gave up."""
    if INTERRUPTED in message:
        errors.couch(500, "os_process_error", TOO_LONG, diagnosis=f"the function did not end within {SECONDS} s")
    errors.couch(500, "unknown_error", message, diagnosis=f"the JavaScript of the design document failed: {message}")
