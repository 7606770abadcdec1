"""The progress of an upgrade: its states, the documents that record them, and when each is reached.

The server's document is `upgrade_log:<start>:<version>` in medic-logs; the latest one is the current upgrade until its
state is final. The documentation page shows the one of CHT 3, `horti-upgrade` in medic.
Nothing runs in the background: states that are due by the world's clock are entered before the next request is
answered. CHT 4.15 source, api/src/services/setup/upgrade-log.js, upgrade-steps.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.setup.builds import CONFIG
from mocksrv.world import World

Doc = dict[str, Any]
LOGS, PREFIX, HORTI = "medic-logs", "upgrade_log:", "horti-upgrade"
RUNNING = "upgrade"  # the record in CONFIG: {"plan": states still to come, "at": ms of the last one, "by": user}
INITIATED, INDEXING, STAGED, DEPLOYED, DONE = "initiated", "indexing", "indexed", "complete", "finalized"
STAGING = ("staged", INDEXING, STAGED)
INSTALLING = (INITIATED, *STAGING, DEPLOYED, "finalizing", DONE)
COMPLETING = ("completing", DEPLOYED, "finalizing", DONE)
ABORTING = ("aborting", "aborted")
FAILED = ("errored",)
FINAL = (DONE, "aborted", "errored")
STAGED_DESIGN = "_design/:staged:"
# What the deployment daemon of CHT 3 noted on its way to each state. CHT 3.17 documentation, horti-upgrade.
HORTI_STAGES = {
    INITIATED: (("init", "The upgrade begins"),),
    "staged": (("preCleanup", "What earlier upgrades left is removed"), ("download", "The build is downloaded"),
               ("extractingDdocs", "The design documents are staged")),
    INDEXING: (("warmingViews", "The views are indexed"),),
    STAGED: (("readyToDeploy", "Everything is staged"),),
    "completing": (("initDeploy", "The deployment begins"),),
    DEPLOYED: (("deploying", "The new version is put in place"),),
    "finalizing": (("postCleanup", "What is no longer needed is removed"),),
}


# --- reading ---


def current(world: World) -> Doc | None:
    """The latest log, unless it is final."""
    logs = documents.database(world, LOGS)
    ids = logs.all_ids(PREFIX, f"{PREFIX}{world.clock.ms()}:\uffff", limit=1, reverse=True)
    log = logs.get(ids[0]) if ids else None
    return None if log is None or log["state"] in FINAL else log


def is_staged(world: World) -> bool:
    log = current(world)
    return log is not None and log["state"] == STAGED


def indexers(world: World) -> list[Doc]:
    """How far the views of the staged design documents are indexed, in percent; empty when nothing is."""
    log = current(world)
    if log is None or log["state"] != INDEXING:
        return []
    pace = world.setting("cht.upgrade_seconds") * 1000
    gone = world.clock.ms() - log["updated_date"]
    percent = 50 if by_polls(world) or not pace else min(99, max(0, int(100 * gone / pace)))
    return [{"database": "medic", "ddoc": f":staged:{name}", "tasks": {"couchdb@127.0.0.1-<0.1010.0>": percent},
             "progress": percent} for name in ("medic", "medic-client")]


def by_polls(world: World) -> int:
    number: int = world.setting("cht.upgrade_polls")
    return number


# --- going on ---


def install(world: World) -> None:
    """The log that the first installation leaves: written once for each state, as its revision shows."""
    logs, build = documents.database(world, LOGS), builds.installed(world)
    now = builds.FIRST
    log = {"_id": f"{PREFIX}{now}:{build['version']}", "user": "", "action": "install", "to": build, "start_date": now}
    history: list[Doc] = []
    for state in INSTALLING:
        history = [*history, {"state": state, "date": now}]
        log["_rev"] = logs.put(log | {"state_history": history, "state": state, "updated_date": now})["rev"]


def start(world: World, action: str, build: Doc, user: str, plan: tuple[str, ...]) -> None:
    """Begin an upgrade; one that is not finished is aborted."""
    enter(world, "aborted")
    now = world.clock.ms()
    id = f"{PREFIX}{now}:{build['version']}"
    first = {"state": INITIATED, "date": now}
    logs = documents.database(world, LOGS)
    old = logs.peek(id) or {}
    logs.put({"_id": id, **({"_rev": old["_rev"]} if old else {}), "user": "",  # so by a slip in the server's code
              "action": action, "from": builds.installed(world), "to": build, "start_date": now,
              "state_history": [first], "state": INITIATED, "updated_date": now})
    world.table(CONFIG).put(RUNNING, {"plan": list(plan), "at": now, "by": user})
    begin_horti(world, action, build, user)
    run_due(world)


def finish(world: World, plan: tuple[str, ...], user: str) -> None:
    """Enter these states at once, instead of whatever was planned."""
    world.table(CONFIG).put(RUNNING, {"plan": [], "at": world.clock.ms(), "by": user})
    for state in plan:
        enter(world, state)


@sentinel.regularly
def run_due(world: World) -> None:
    """Enter the states that are due by now."""
    table = world.table(CONFIG)
    running = table.peek(RUNNING)
    if running is None or not running["plan"]:
        return
    plan, at = list(running["plan"]), running["at"]
    pace, now = int(world.setting("cht.upgrade_seconds") * 1000), world.clock.ms()
    while plan and (plan[0] in FAILED or (not by_polls(world) and at + pace <= now)):
        at += 0 if plan[0] in FAILED else pace
        enter(world, plan.pop(0), at)
    if len(plan) < len(running["plan"]):
        keep(world, plan, at)


def polled(world: World) -> None:
    """Count a read of the progress, which drives the upgrade with `cht.upgrade_polls`."""
    often, running = by_polls(world), world.table(CONFIG).peek(RUNNING)
    if not often or running is None or not running["plan"]:
        return
    plan, polls = list(running["plan"]), running.get("polls", 0) + 1
    if polls % often == 0:
        enter(world, plan.pop(0))
    keep(world, plan, world.clock.ms(), polls)


def keep(world: World, plan: list[str], at: int, polls: int = 0) -> None:
    running = world.table(CONFIG).peek(RUNNING) or {}
    world.table(CONFIG).put(RUNNING, {"plan": plan, "at": at, "by": running.get("by", ""), "polls": polls})


def enter(world: World, state: str, date: int | None = None) -> None:
    """Record a new state of the current upgrade, if there is one, with its effects."""
    log = current(world)
    when = world.clock.ms() if date is None else date
    if log is not None and log["state"] != state:
        entry = {"state": state, "date": when}
        log |= {"state_history": [*log["state_history"], entry], "state": state, "updated_date": when}
        documents.database(world, LOGS).put(log)
    if state == "staged" and log is not None:
        stage_designs(world, log["to"])
    elif state in (DONE, "aborted"):
        remove_staged(world)
    if state == DEPLOYED and log is not None:
        builds.deploy(world, log["to"]["version"])
    tell_horti(world, state, when)


# --- design documents ---


def stage_designs(world: World, build: Doc) -> None:
    """The build's design documents beside those that are in use."""
    remove_staged(world)
    medic = documents.database(world)
    for id in medic.all_ids("_design/", "_design/\uffff"):
        design = {key: value for key, value in (medic.get(id) or {}).items() if not key.startswith("_")}
        medic.put({"_id": STAGED_DESIGN + id.removeprefix("_design/"), **design,
                   "build_info": builds.build_of(build["version"])})


def remove_staged(world: World) -> None:
    medic = documents.database(world)
    for id in medic.all_ids(STAGED_DESIGN, f"{STAGED_DESIGN}\uffff"):
        medic.delete(id)


# --- the document of CHT 3 ---


def begin_horti(world: World, action: str, build: Doc, user: str) -> None:
    """Write the document of CHT 3, where the page is followed."""
    if not Difference.UPGRADE_PROGRESS.as_page(world):
        return
    now, medic = world.clock.ms(), documents.database(world)
    old = medic.peek(HORTI)
    medic.put({"_id": HORTI, **({"_rev": old["_rev"]} if old else {}), "schema_version": 1, "user": user,
               "created": now, "action": "stage" if action == "stage" else "install", "build_info": build, "log": []})
    tell_horti(world, INITIATED, now)


def tell_horti(world: World, state: str, date: int) -> None:
    """Record a state there; the document is deleted at the end or after an abort."""
    medic = documents.database(world)
    doc = medic.get(HORTI)
    if doc is None:
        return
    if state in (DONE, "aborted"):
        medic.delete(HORTI)
        return
    doc["log"] += [{"type": "stage", "datetime": date, "key": f"horti.stage.{key}",
                    "message": {"message": text, "key": f"horti.stage.{key}"}}
                   for key, text in HORTI_STAGES.get(state, ())]
    if state == STAGED:
        doc["staging_complete"] = True
    elif state == "completing":
        doc["action"] = "complete" if doc["action"] == "stage" else doc["action"]
    medic.put(doc)
