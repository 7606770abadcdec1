"""Own data: files put into a world, all or nothing, and its records in the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request

from mocksrv.control.base import CONTROL, ControlError, answer, app, control, payload, world, worlds
from mocksrv.control.describe import TEXT, TRUTH, WHOLE, all_of, listed, told
from mocksrv.problems import MEGABYTE, OutOfMemory, unknown
from mocksrv.store import Full

if TYPE_CHECKING:
    from mocksrv.imports import File


@control.get("/import")
@told(all_of(running=TRUTH, done=WHOLE, tables=listed("Importable")))
def describe_import() -> Response:
    """What can be imported; and of an import that is running in this world, how many records are in."""
    from mocksrv import imports

    done = world().memory.get(imports.PROGRESS)
    known = imports.tables(app().vendors.values())
    return answer({"running": done is not None, "done": done or 0, "tables": [
        {"table": name, "about": table.about, "single": table.single} for name, table in known.items()]})


@control.post("/import")
@told("Imported", takes={"files": listed("ImportFile")}, needs=("files",))
def import_files() -> Response:
    """Put files of own data into this world, all or nothing: `name` and `text`.

    The name ends in .toml, .json, .jsonl or .csv; a CSV file is named after its table, or has a `table`. A refusal
    names each fault with file, line and column in `faults`.
    """
    from mocksrv import imports

    files, one = [read(item) for item in listed_in(payload())], world()
    room = app().settings.memory * MEGABYTE
    with one.lock:
        try:
            counts = imports.load(one, app().vendors.values(), files, most=one.store.ledger.weight + room)
        except imports.Faulty as error:
            faults = [{"file": fault.file, "line": fault.line, "column": fault.column, "path": fault.path,
                       "text": fault.text} for fault in error.faults]
            raise ControlError("bad-import", 400, f"nothing was imported: {error}", faults=faults) from None
        except Full:
            raise OutOfMemory(app().settings.memory) from None
        if one.store.ledger.grown > 0 and not worlds().reserve(one.store.ledger.grown, held=True):
            one.undo()
            raise OutOfMemory(app().settings.memory)
        one.commit()
    return answer({"imported": counts})


def listed_in(data: dict[str, Any]) -> list[Any]:
    files = data.get("files")
    if not isinstance(files, list) or not files:
        raise ControlError("bad-import", 400, 'files takes a list of {"name": "people.toml", "text": "..."}')
    return files


def read(item: Any) -> File:
    from mocksrv.imports import File

    match item:
        case {"name": str() as name, "text": str() as text, **more} if more.keys() <= {"table"}:
            return File(name, text, str(more.get("table", "")))
    raise ControlError("bad-import", 400, 'a file is {"name": "people.toml", "text": "..."}; CSV may have "table"')


@control.get("/export")
@told("OwnData", query={"table": TEXT})
def export() -> Response:
    """The records of this world in the form in which they are imported: all, or those of each `table`."""
    from mocksrv import imports

    if others := request.args.keys() - {"table"}:
        raise ControlError("unknown-member", 400, f"{others.pop()!r} is not known here; use table")
    one, vendors, wanted = world(), app().vendors.values(), request.args.getlist("table")
    known = imports.tables(vendors)
    for name in wanted:
        if name not in known:
            raise ControlError("no-such-table", 404, unknown("table", name, known, f"GET {CONTROL}/import lists all"))
    with one.lock:
        return answer(imports.dump(one, vendors, wanted))
