"""The transitions that run on documents, in the server's order: those that the API runs on new reports before it saves
them, and all of them in the background, on whatever was written.

One that fails is passed over, and leaves an error in the document. What ran is noted in `<id>-info` of
`medic-sentinel`, and does not run again. CHT 4.15 source, shared-libs/transitions/src/transitions/index.js.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection
from functools import cache
from pkgutil import resolve_name
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.ddocs.mapping import member
from mocksrv.vendors.cht.shared_libs import app_settings, lineage, message_tasks, minifying
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, Settings, Transition
from mocksrv.world import World

# Where each transition is, below mocksrv.vendors.cht: few settings switch one on, so that its module is loaded then.
SYNCHRONOUS = {
    "update_clinics": "transitions.senders:UPDATE_CLINICS",
    "self_report": "transitions.senders:SELF_REPORT",
    "registration": "transitions.registration:REGISTRATION",
    "accept_patient_reports": "transitions.patient_reports:ACCEPT_PATIENT_REPORTS",
    "accept_case_reports": "transitions.patient_reports:ACCEPT_CASE_REPORTS",
    "default_responses": "transitions.default_responses:DEFAULT_RESPONSES",
    "update_sent_by": "transitions.senders:UPDATE_SENT_BY",
    "death_reporting": "transitions.deaths:DEATH_REPORTING",
    "conditional_alerts": "transitions.alerts:CONDITIONAL_ALERTS",
    "update_scheduled_reports": "transitions.scheduled_reports:UPDATE_SCHEDULED_REPORTS",
    "resolve_pending": "transitions.default_responses:RESOLVE_PENDING",
}
BACKGROUND = {
    "generate_shortcode_on_contacts": "transitions.shortcodes:SHORTCODES",
    "generate_patient_id_on_people": "transitions.shortcodes:SHORTCODES",
    "multi_report_alerts": "transitions.multi_report_alerts:MULTI_REPORT_ALERTS",
    "update_notifications": "transitions.muting:UPDATE_NOTIFICATIONS",
    "muting": "transitions.muting:MUTING",
    "create_user_for_contacts": "users.for_contacts:CREATE_USER_FOR_CONTACTS",
}
ALL = SYNCHRONOUS | BACKGROUND
LONGEST = 15  # digits of a revision's number
PASSED_OVER = re.compile("(-info|____tombstone)$")  # ids of documents that the background process does not look at
LISTENERS: list[Callable[[World], None]] = []


@cache
def named(name: str) -> Transition:
    """The transition of one of these names."""
    found: Transition = resolve_name(f"mocksrv.vendors.cht.{ALL[name]}")
    return found


@sentinel.checker
def check(name: str, settings: Settings) -> None:
    """Look at the settings of a transition. Raises Misconfigured."""
    if name in ALL and (look := named(name).check) is not None:
        look(settings)


def before_saving(settings: Settings) -> list[str]:
    """The transitions that the API runs, in their order; none if the settings are wrong."""
    try:
        on = sentinel.configured(settings, SYNCHRONOUS)
    except sentinel.Misconfigured:
        return []
    return [name for name in sentinel.ORDER if name in on]


def when_there_are_messages(listener: Callable[[World], None]) -> Callable[[World], None]:
    """Have a function called when a saved report has messages to send."""
    LISTENERS.append(listener)
    return listener


def process(world: World, docs: list[Doc]) -> list[dict[str, Any]]:
    """Apply the transitions of the API, and save: one result each, as CouchDB's `_bulk_docs` has them."""
    on = app_settings.made(world, "transitions.api", before_saving)
    if not on:
        return documents.database(world).bulk(docs)
    for doc in docs:
        doc["_id"] = message_tasks.new_id(world)
    infodocs.begin(world, [doc["_id"] for doc in docs])
    saved = [processed(world, on, doc) for doc in docs]
    if any(message_tasks.tasks_of(doc) for doc in saved):
        for listener in LISTENERS:
            listener(world)
    return [{"ok": True, "id": doc["_id"], "rev": doc["_rev"]} for doc in saved]


def processed(world: World, on: Collection[str], doc: Doc) -> Doc:
    """A document that was saved: as it came, if no transition has changed it."""
    change = Change(world, app_settings.read(world), lineage.hydrate(world, copy.deepcopy(doc), alone=False))
    outcomes = run_all(change, on)
    stored = minifying.minified(change.doc) if outcomes else doc
    rev = documents.database(world).put(stored)["rev"]
    if outcomes:
        infodocs.ran(world, doc["_id"], outcomes, None)
    return {**stored, "_rev": rev}


@sentinel.follower
def follow(world: World, settings: Settings, doc: Doc, seq: int) -> None:
    """Apply the transitions to a document that was written; once more, if one of them has saved it by itself."""
    if PASSED_OVER.search(doc["_id"]):
        return
    on = sentinel.switched_on(settings)
    if not followed(world, settings, doc, seq, on):
        followed(world, settings, documents.database(world).load(doc["_id"]), seq, on)


def followed(world: World, settings: Settings, doc: Doc, seq: int, on: Collection[str], *, again: bool = False) -> bool:
    """Apply the transitions, and save the document again if one has changed it; False if it was saved meanwhile.

    `again`: they run whether they did before or not. Of a document that none has changed it is noted that it was met.
    """
    new = is_new(doc, infodocs.read(world, doc["_id"]))
    known = infodocs.meet(world, doc).get("transitions")
    change = Change(world, settings, lineage.hydrate(world, doc, alone=True), known if isinstance(known, dict) else {},
                    new=known is None and new, replay=not again)
    outcomes = run_all(change, on, again=again)
    if outcomes:
        try:
            change.doc.pop("transitions", None)  # which the infodoc has taken over
            documents.database(world).put(minifying.minified(change.doc))
        except documents.Conflict:
            return False
    if outcomes or known is None:
        infodocs.ran(world, doc["_id"], outcomes, sequence(seq), doc["_rev"])
    if outcomes and message_tasks.tasks_of(change.doc):
        for listener in LISTENERS:
            listener(world)
    return True


def is_new(doc: Doc, info: Doc) -> bool:
    """Whether a document was written once, be it after changes on a device: the server meets each write, but these."""
    return 1 in (generation(doc.get("_rev")), generation(info.get("_rev")))


def run_all(change: Change, on: Collection[str], *, again: bool = False) -> dict[str, bool]:
    """Run transitions in their order: for each that changed the document whether it did so without an error."""
    outcomes = {}
    for name in sentinel.ORDER:
        if name in on and name in ALL:
            outcome = apply(change, name, again=again)
            if outcome is not None:
                outcomes[name] = outcome
            for id in change.again:
                run_again(change, id, name)
            change.again.clear()
    return outcomes


def run_again(change: Change, id: str, name: str) -> None:
    """Run a transition on a report that it may have run on already, because of another one that came later."""
    report = change.database().get(id)
    if report is not None and named(name).concerns(Change(
            change.world, change.settings, lineage.hydrate(change.world, report, alone=True))):
        followed(change.world, change.settings, report, change.database().update_seq, {name}, again=True)


def apply(change: Change, name: str, *, again: bool) -> bool | None:
    """Run a transition, if it concerns the document and has not run on it, or `again`: None if it has not changed it,
    else whether it did so without an error."""
    transition = named(name)
    try:
        if not again and (not may_run(change, name, transition) or not transition.concerns(change)):
            return None
    except (Failed, Thrown):
        return None
    try:
        return True if transition.run(change) else None
    except (Failed, Thrown) as error:
        messages.note(change.doc, {"code": f"{name}_error'", "message": f"Transition error on {name}: {error}"})
        return False if isinstance(error, Failed) and error.changed else None


def may_run(change: Change, name: str, transition: Transition) -> bool:
    """Whether a transition has not seen this revision, and may run once more if it has run before."""
    last = generation(member(change.ran.get(name), "last_rev"))
    if last is not None and last == generation(change.doc.get("_rev")):
        return False
    return transition.again or not change.has_run(name)


def generation(rev: Any) -> int | None:
    """The number at the beginning of a revision."""
    digits = rev.partition("-")[0] if isinstance(rev, str) else ""
    return int(digits) if digits.isdecimal() and len(digits) < LONGEST else None


def advice(settings: Settings) -> list[str]:
    """What the server does not say about its transitions: why none runs."""
    try:
        sentinel.configured(settings)
    except sentinel.Misconfigured as error:
        return [f"no transition runs: {error}"]
    return []
