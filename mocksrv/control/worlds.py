"""Worlds, their settings, and snapshots of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Response

from mocksrv.clock import Clock
from mocksrv.config import ConfigError, parse_seed, parse_size
from mocksrv.control.base import CONTROL, ControlError, answer, app, control, name, payload, world, worlds
from mocksrv.control.clock import CHANGES, clock_state, made_of
from mocksrv.control.describe import TEXT, TRUTH, WHOLE, all_of, listed, some_of, told
from mocksrv.control.schemas import NAME as NAME_OF
from mocksrv.control.schemas import SETTINGS
from mocksrv.problems import DIAGNOSIS
from mocksrv.scenario import EVERYWHERE, Scenario
from mocksrv.serving.wsgi import NAME, NAMES
from mocksrv.vendor import Vendor
from mocksrv.world import DEFAULT, World

ORDER = {"name": NAME_OF, "fork": TEXT, "seed": WHOLE, "size": {"type": ["integer", "string"]},
         "settings": SETTINGS, "clock": some_of(CHANGES), "scenario": TEXT}
SNAPSHOTS = 1_000  # that are kept at most


def scenarios(vendors: Iterable[Vendor[Any]]) -> dict[str, Scenario]:
    """All scenarios by name."""
    return {one.name: one for one in (*EVERYWHERE, *(one for vendor in vendors for one in vendor.scenarios))}


def describe(one: World) -> dict[str, Any]:
    prefix = "" if one.name == DEFAULT else f"/~{one.name}"
    return {"name": one.name, "prefix": prefix, "clock": clock_state(one), "exchanges": len(one.journal),
            "bytes": one.weight}


@control.get("/worlds")
@told(listed("World"))
def list_worlds() -> Response:
    """All worlds."""
    return answer([describe(one) for one in worlds()])


@control.post("/worlds")
@told("World", 201, takes=ORDER, needs=("name",))
def make_world() -> Response:
    """Make the world of that `name` anew: as a `fork` of another, or with its own `seed`, `size`, `settings`, `clock`.

    `clock` takes what `POST /clock` takes, and the made-up records lie before that moment: with a frozen clock the same
    seed gives the same bytes on any day. Without it the clock is the machine's, whatever it was in the world before.
    """
    data = payload()
    key = data.get("name")
    if not isinstance(key, str) or not NAME.fullmatch(key):
        raise ControlError("bad-name", 400, f"name takes {NAMES}")
    source = forked(data) if "fork" in data else planted(data)
    trouble = known_scenario(data["scenario"]) if "scenario" in data else None
    note = "" if data.keys() & {"fork", "clock"} else lost_clock(key)
    made = worlds().replace(key, source)
    worlds().forget_snapshots(key)
    with made.lock:
        if trouble:
            trouble.apply(made)
        made.commit()
    return noted(answer(describe(made), 201), note)


def lost_clock(key: str) -> str:
    """The warning that the clock which was set in the world of that name is lost; "" if none was set."""
    if key not in worlds() or worlds()[key].clock == Clock():
        return ""
    clock = worlds()[key].clock
    state = "had been set" if clock.frozen is None else f"stood at {clock.iso()}"
    return (f"the clock of this world, which {state}, is the machine's again: set it afterwards, or make the world "
            'with a "clock" of its own (POST /_mocksrv/worlds)')


def noted(response: Response, note: str) -> Response:
    if note:
        response.headers[DIAGNOSIS] = note
    return response


def forked(data: dict[str, Any]) -> World:
    """The world that a new one is to be a copy of."""
    if data.keys() & {"seed", "size", "settings", "clock"}:
        raise ControlError("bad-fork", 400, "a fork is like its world; leave out seed, size, settings and clock")
    if not isinstance(data["fork"], str) or data["fork"] not in worlds():
        raise ControlError("no-such-world", 404, f"there is no world {data['fork']!r}; GET {CONTROL}/worlds lists them")
    return worlds()[data["fork"]]


def planted(data: dict[str, Any]) -> World:
    """A world with the data, settings and clock that are wanted."""
    settings, clock = parsed(data.get("settings", {})), made_of(data.get("clock", {}))
    try:
        if settings or data.keys() & {"seed", "size", "clock"}:
            wanted = {"seed": app().settings.seed, "size": app().settings.size} | data
            return worlds().plant_within_memory(parse_seed(wanted["seed"]), parse_size(wanted["size"]), settings, clock)
    except ConfigError as error:
        raise ControlError("bad-setting", 400, str(error)) from None
    return worlds().origin


@control.get("/scenarios")
@told(listed("Scenario"))
def list_scenarios() -> Response:
    """Problems that real clients have had, and what a client should do."""
    return answer([one.describe() for one in scenarios(app().vendors.values()).values()])


@control.post("/scenarios/<key>")
@told("Scenario")
def apply_scenario(key: str) -> Response:
    """Set up that scenario in this world."""
    payload()
    trouble, one = known_scenario(key), world()
    with one.lock:
        trouble.apply(one)
        one.commit()
    return answer(trouble.describe())


def known_scenario(key: Any) -> Scenario:
    known = scenarios(app().vendors.values())
    if not isinstance(key, str) or key not in known:
        raise ControlError("no-such-scenario", 404, f"there is no scenario {key!r}; use one of {', '.join(known)}")
    return known[key]


def parsed(settings: Any) -> dict[str, Any]:
    if not isinstance(settings, dict):
        raise ControlError("bad-setting", 400, 'settings takes an object such as {"cht.conformance": "server"}')
    try:
        return worlds().parse(settings)
    except ConfigError as error:
        raise ControlError("bad-setting", 400, str(error)) from None


@control.get("/settings")
@told("Settings")
def read_settings() -> Response:
    """The vendors' settings in this world."""
    return answer(world().settings)


@control.get("/settings/known")
@told(listed("Setting"))
def describe_settings() -> Response:
    """The same with what each means and takes."""
    values = world().settings
    return answer([{"setting": key, "value": values[key], "default": item.default, "choices": list(item.choices),
                    "help": item.help} for key, item in worlds().known.items()])


@control.post("/settings")
@told("Settings", takes="Settings")
def change_settings() -> Response:
    """Change some of the vendors' settings in this world."""
    changes = parsed(payload())
    one = world()
    with one.lock:
        one.settings |= changes
        one.commit()
    return answer(one.settings)


@control.delete("/worlds/<key>")
@told(None, 204)
def delete_world(key: str) -> Response:
    """Forget that world."""
    if not worlds().delete(key):
        raise ControlError("no-such-world", 404, f"there is no world {key!r}; GET {CONTROL}/worlds lists them")
    return Response(status=204)


@control.delete("/world")
@told(None, 204)
def forget_world() -> Response:
    """Forget this world, if it is there; asking for it again makes a new one."""
    worlds().delete(name())
    return Response(status=204)


@control.post("/reset")
@told("World")
def reset() -> Response:
    """Begin again with the seeded data, an empty journal, no faults, and the machine's time."""
    payload()
    note = lost_clock(name())
    return noted(answer(describe(worlds().reset(name()))), note)


# --- snapshots ---


FROM = {**all_of(world=NAME_OF, snapshot=NAME_OF), "description": "A snapshot of another world, to be copied."}


@control.get("/snapshots")
@told(listed("Snapshot"))
def list_snapshots() -> Response:
    """The snapshots of this world."""
    return answer([{"name": label, "world": name(), "clock": clock_state(one.state), "bytes": one.state.weight,
                    "lasting": one.lasting} for label, one in worlds().snapshots_of(name()).items()])


@control.post("/snapshots")
@told(all_of(name=NAME_OF, world=TEXT), 201, takes={"name": NAME_OF, "lasting": TRUTH, "from": FROM}, needs=("name",))
def make_snapshot() -> Response:
    """Keep this world under a name, which is its own: other worlds may have a snapshot of that name, too.

    It is forgotten with its world (`DELETE /world`) unless it is `lasting`. `from` copies a snapshot of another world
    instead: `{"name": "before", "from": {"world": "a", "snapshot": "before"}}`.
    """
    data = payload()
    label, lasting = free_name(data.get("name")), data.get("lasting", False)
    if not isinstance(lasting, bool):
        raise ControlError("not-a-truth", 400, "lasting takes true or false")
    source = copied(data["from"]) if "from" in data else world()
    worlds().keep(name(), label, source.fork(name()), lasting)
    return answer({"name": label, "world": name()}, 201)


def copied(wanted: Any) -> World:
    """The snapshot of another world that is to be copied."""
    if not isinstance(wanted, dict) or wanted.keys() != {"world", "snapshot"} or not all(
            isinstance(value, str) for value in wanted.values()):
        raise ControlError("bad-from", 400, 'from takes {"world": "a", "snapshot": "before"}')
    return kept(wanted["world"], wanted["snapshot"])


def free_name(label: Any) -> str:
    """The name, if a snapshot can be kept under it."""
    if not isinstance(label, str) or not NAME.fullmatch(label):
        raise ControlError("bad-name", 400, f"name takes {NAMES}")
    if len(worlds().snapshots) >= SNAPSHOTS and (name(), label) not in worlds().snapshots:
        raise ControlError("too-many-snapshots", 503, f"there are {SNAPSHOTS} snapshots already; delete some with "
                           f"DELETE {CONTROL}/snapshots/name")
    return label


def kept(key: str, label: str) -> World:
    """What the world of that name was, by the snapshot's name."""
    found = worlds().snapshots.get((key, label))
    if found is None:
        names = ", ".join(worlds().snapshots_of(key)) or "none"
        others = [other for other, its in list(worlds().snapshots) if its == label]
        copy = json.dumps({"name": label, "from": {"world": others[0], "snapshot": label}}) if others else ""
        raise ControlError("no-such-snapshot", 404, f"the world {key} has no snapshot {label!r}; it has {names}"
                           + (f". POST {CONTROL}/snapshots {copy} copies that of another world" if others else ""))
    return found.state


@control.get("/snapshots/<label>")
@told("SnapshotFile")
def download_snapshot(label: str) -> Response:
    """The whole snapshot as JSON."""
    return answer(kept(name(), label).dump())


@control.put("/snapshots/<label>")
@told(all_of(name=NAME_OF), 201, takes="SnapshotFile")
def upload_snapshot(label: str) -> Response:
    """Take in a snapshot that was downloaded before, here or from another server."""
    free_name(label)
    data = payload()
    if wrong := amiss(data):
        raise ControlError("bad-snapshot", 400, f"this is not a snapshot: {wrong}")
    try:
        loaded = worlds().load(label, data)
    except Exception as error:  # whatever is wrong with it, it is the sender's
        raise ControlError("bad-snapshot", 400, f"this is not a snapshot: {type(error).__name__}: {error}") from None
    worlds().keep(name(), label, loaded)
    return answer({"name": label}, 201)


PARTS = {"clock": dict, "seed": str, "draws": int, "settings": dict, "vendors": list, "tables": dict}
KINDS = {dict: "an object", str: "a text", int: "a whole number", list: "an array"}


def amiss(data: dict[str, Any]) -> str:
    """What is wrong with the form of a snapshot; "" if nothing."""
    if "_store" in data:
        return "it is a data file; start a server with it: mocksrv serve --data FILE"
    if missing := [part for part in PARTS if part not in data]:
        return (f"it lacks {', '.join(missing)}; send one as GET {CONTROL}/snapshots/name or `mocksrv snapshot save` "
                "gave it")
    for part, kind in PARTS.items():
        if not isinstance(data[part], kind):
            return f"its {part} should be {KINDS[kind]}"
    for table, rows in data["tables"].items():
        if not isinstance(rows, dict):
            return f"its table {table} should be an object of documents by id"
        for id, doc in rows.items():
            if not isinstance(doc, dict):
                return f"in its table {table}, {id} should be an object"
    return ""


@control.post("/snapshots/<label>/restore")
@told("World")
def restore_snapshot(label: str) -> Response:
    """Make this world what the snapshot was."""
    payload()
    return answer(describe(worlds().replace(name(), kept(name(), label))))


@control.delete("/snapshots/<label>")
@told(None, 204)
def delete_snapshot(label: str) -> Response:
    """Forget a snapshot."""
    kept(name(), label)
    worlds().snapshots.pop((name(), label), None)
    return Response(status=204)
