"""What a submitted form does: it is stored, and its case blocks create and change cases, all or nothing.

Every write to a case goes through here: the receiver, case API v2, the Excel upload and the seed. Kinds of
outcome and problem texts: commcare-hq form_processor/submission_post.py and form_processor/parsers/form.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor import casexml, indexed_form, xform
from mocksrv.vendors.commcare.form_processor.casexml import Case, CaseCrash, CaseError, Source
from mocksrv.vendors.commcare.form_processor.stores import next_indexed_on, owned
from mocksrv.vendors.commcare.form_processor.xform import Form

if TYPE_CHECKING:
    from mocksrv.world import World

FORM_XML = "form.xml"
Document = dict[str, Any]
Listener = Callable[["World", Document, list[Case]], None]
LISTENERS: list[Listener] = []


def when_saved(listener: Listener) -> Listener:
    """Have a function called when a form was saved that is no duplicate, with the form and its cases."""
    LISTENERS.append(listener)
    return listener


class Attachment(NamedTuple):
    content_type: str
    data: bytes


@dataclass
class Submission:
    """A form on its way in. Without `xml` the form's JSON is what was sent."""

    domain: str
    form: Form
    xml: bytes | None = None
    attachments: Mapping[str, Attachment] = field(default_factory=dict)
    received_on: str | None = None
    user_id: str | None = None  # of who logged in
    app_id: str | None = None
    build_id: str | None = None
    submit_ip: str | None = None
    is_phone_submission: bool = False


@dataclass
class Outcome:
    """The outcome of a submission. `kind`: normal, duplicate, error (a known error in its cases), crash (an error that
    HQ does not expect) or broken (no XForm at all). `cases` are those that were written, in the order of their ids.
    """

    kind: str
    form_id: str
    problem: str | None = None
    cases: list[Case] = field(default_factory=list)
    before_3: str | None = None  # the message for phones without OpenRosa 3.0, in place of the problem


def store(world: World, domain: str, form: Form, **given: Any) -> Outcome:
    """Store a form given as JSON and apply its case blocks; `given` are other fields of `Submission`."""
    return submit(world, Submission(domain, form, **given))


def submit(world: World, sent: Submission) -> Outcome:
    """Store a form and apply its case blocks."""
    form_id = xform.instance_id(sent.form) or world.uuid()
    if len(form_id) > casexml.LONGEST:
        return Outcome("crash", form_id, "DataError: the instanceID is too long for HQ's database")
    old = world.table("commcare.forms").peek(form_id) or world.table("commcare.odd_forms").peek(form_id)
    if old is not None and old["domain"] != sent.domain:
        return submit_new(world, sent, world.uuid())  # not an edit: HQ gives the form another id
    if old is None:
        return submit_new(world, sent, form_id)
    if digest(form_xml(world, old)) == digest(xml_of(sent)):
        return resubmit(world, sent, dict(old))
    if old.get("xmlns") != sent.form.get("@xmlns"):
        return submit_new(world, sent, world.uuid())  # two different forms with one id by chance
    if old["state"] == "error":
        put_aside(world, old, {})
        return submit_new(world, sent, form_id)
    return edit(world, sent, dict(old))


def submit_new(world: World, sent: Submission, form_id: str) -> Outcome:
    """Store a form with a new id."""
    document = new_document(world, sent, form_id)
    try:
        cases = apply_form(world, sent, document)
    except CaseError as error:
        return keep_failed(world, sent, document, error)
    write(world, sent, document, cases)
    return Outcome("normal", form_id, cases=cases)


def resubmit(world: World, sent: Submission, old: Document) -> Outcome:
    """The same form once more: a duplicate, unless it failed the first time and works now."""
    problem, now = f"Form is a duplicate of another! ({old['form_id']})", dates.now(world)
    if old["state"] == "error":
        document = old | {"state": "normal", "problem": None, "initial_processing_complete": True,
                          "server_modified_on": now, "case_ids": casexml.case_ids(sent.form)}
        try:
            rebuilt = rebuild(world, document, {*old["case_ids"], *document["case_ids"]})
        except CaseError as error:
            return Outcome(kind_of(error), world.uuid(), error.problem, before_3=problem)
        replace(world, sent, old, document, rebuilt, now)
    copy = new_document(world, sent, world.uuid()) | {"state": "duplicate", "problem": problem}
    world.table("commcare.odd_forms").insert(copy["form_id"], copy)
    return Outcome("duplicate", copy["form_id"], problem)


def edit(world: World, sent: Submission, old: Document) -> Outcome:
    """Store another body under a known id: it replaces the old form, and the cases of both are rebuilt."""
    form_id, edited_on = old["form_id"], dates.now(world)
    document = new_document(world, sent, form_id) | {
        "received_on": old["received_on"], "edited_on": edited_on, "server_modified_on": edited_on,
        "edited_by_user_id": sent.user_id or xform.user_id(sent.form)}
    kept = {name: about for name, about in old["attachments"].items() if name != FORM_XML}
    document["attachments"] = kept | document["attachments"]
    touched = sorted({*old["case_ids"], *document["case_ids"]})
    try:
        rebuilt = rebuild(world, document, touched)
    except CaseCrash as error:
        return keep_failed(world, sent, document | {"form_id": world.uuid()}, error)
    except CaseError as error:
        # HQ keeps the old form as replaced and the new one as failed: neither is in the lists, cases stay.
        deprecate(world, old, edited_on)
        return keep_failed(world, sent, document | {"case_ids": touched}, error)
    deprecate(world, old, edited_on)
    return Outcome("normal", form_id, cases=replace(world, sent, old, document, rebuilt, edited_on))


def replace(world: World, sent: Submission, old: Document, document: Document, rebuilt: dict[str, Case | None],
            now: str) -> list[Case]:
    """Replace a form by another, and rebuild the cases of both."""
    if old["form_id"] in world.table("commcare.odd_forms"):
        world.table("commcare.odd_forms").delete(old["form_id"])
    for case_id, case in rebuilt.items():
        if case is None and case_id in world.table("commcare.cases"):
            world.table("commcare.cases").delete(case_id)
    cases = [case | {"server_date_modified": now} for case in rebuilt.values() if case is not None]
    write(world, sent, document, cases)
    return cases


def rebuild(world: World, document: Document, touched: Iterable[str]) -> dict[str, Case | None]:
    """Cases as the fold of their forms, with one form replaced by another body. Raises CaseError."""
    rebuilt: dict[str, Case | None] = {}

    @cache  # however many cases a form has, it is read once
    def blocks_of(form_id: str) -> tuple[Source, dict[str, list[casexml.Update]]] | None:
        form = document if form_id == document["form_id"] else world.table("commcare.forms").peek(form_id)
        return (source_of(form), casexml.by_case(form["form"])) if form else None

    for case_id in sorted(touched):
        check_domain(world, document["domain"], case_id)
        now = owned(world, "commcare.cases", case_id, document["domain"])
        last = (document["form_id"],) if case_id in document["case_ids"] else ()
        ids = dict.fromkeys((*(now["xform_ids"] if now else ()), *last))
        found = filter(None, map(blocks_of, ids))
        rebuilt[case_id] = casexml.fold((source, blocks.get(case_id, ())) for source, blocks in found)
    left = [case for case in rebuilt.values() if case]
    casexml.check_indices(left, lambda case_id: (
        rebuilt[case_id] is not None if case_id in rebuilt
        else owned(world, "commcare.cases", case_id, document["domain"]) is not None))
    casexml.check_columns(left)
    return rebuilt


def apply_form(world: World, sent: Submission, document: Document) -> list[Case]:
    """The cases as they are after the form; nothing is written. Raises CaseError."""
    source = source_of(document)
    changed: dict[str, Case] = {}
    for update in casexml.updates(sent.form):
        check_domain(world, sent.domain, update.case_id)
        before = changed.get(update.case_id) or world.table("commcare.cases").get(update.case_id)
        changed[update.case_id] = casexml.apply(before, update, source)
    casexml.check_indices(changed.values(), lambda case_id: (
        case_id in changed or owned(world, "commcare.cases", case_id, sent.domain) is not None))
    casexml.check_columns(changed.values())
    return list(changed.values())


def check_domain(world: World, domain: str, case_id: str) -> None:
    """A form may not touch another domain's cases."""
    case = world.table("commcare.cases").peek(case_id)
    if case is not None and case["domain"] != domain:
        raise CaseError("IllegalCaseId", "Bad case id")


def source_of(document: Mapping[str, Any]) -> Source:
    return Source(document["form_id"], document["domain"], document["received_on"], document["user_id"])


# --- writing ------------------------------------------------------------------------------------------------


def write(world: World, sent: Submission, document: Document, cases: Iterable[Case]) -> None:
    """Write a form and its cases into the tables; both get the moment from which lists show them."""
    document["indexed_on"] = next_indexed_on(world, "commcare.forms", sent.domain)
    world.table("commcare.forms").put(document["form_id"], document)
    keep_bytes(world, sent, document["form_id"])
    saved = list(cases)
    for case in saved:
        case["indexed_on"] = next_indexed_on(world, "commcare.cases", sent.domain)
        world.table("commcare.cases").put(case["case_id"], case)
    for listener in LISTENERS:
        listener(world, document, saved)


def keep_bytes(world: World, sent: Submission, form_id: str) -> None:
    for name, attachment in sent.attachments.items():
        put_blob(world, form_id, name, attachment)
    if sent.xml is not None:
        put_blob(world, form_id, FORM_XML, Attachment("text/xml", sent.xml))  # over a file that has this name


def put_blob(world: World, form_id: str, name: str, attachment: Attachment) -> None:
    world.table("commcare.blobs").put(f"{form_id}/{name}", {
        "content_type": attachment.content_type, "data": base64.b64encode(attachment.data).decode()})


def keep_failed(world: World, sent: Submission, document: Document, error: CaseError) -> Outcome:
    """Keep a form whose cases could not be made; its cases stay as they were."""
    document |= {"state": "error", "problem": error.problem, "initial_processing_complete": False}
    world.table("commcare.odd_forms").put(document["form_id"], document)
    keep_bytes(world, sent, document["form_id"])
    return Outcome(kind_of(error), document["form_id"], error.problem)


def kind_of(error: CaseError) -> str:
    return "crash" if isinstance(error, CaseCrash) else "error"


def keep_broken(world: World, domain: str, body: bytes, problem: str) -> Outcome:
    """Keep a submission that is not an XForm: HQ logs it, under a new id."""
    form_id = world.uuid()
    world.table("commcare.odd_forms").insert(form_id, {
        "form_id": form_id, "domain": domain, "state": "broken", "problem": problem, "received_on": dates.now(world)})
    put_blob(world, form_id, FORM_XML, Attachment("text/xml", body))
    return Outcome("broken", form_id, problem)


def deprecate(world: World, old: Document, edited_on: str) -> None:
    """Keep the old version of an edited form as deprecated."""
    put_aside(world, old, {"state": "deprecated", "orig_id": old["form_id"], "edited_on": edited_on})


def put_aside(world: World, old: Mapping[str, Any], changes: Document) -> None:
    """Keep a form under another id, with its bytes and some changes."""
    aside = {**old, "form_id": world.uuid(), **changes}
    blobs = world.table("commcare.blobs")
    for name in sorted({FORM_XML, *old["attachments"]}):
        if (blob := blobs.get(f"{old['form_id']}/{name}")) is not None:
            blobs.put(f"{aside['form_id']}/{name}", blob)
    for table in ("commcare.forms", "commcare.odd_forms"):
        if old["form_id"] in world.table(table):
            world.table(table).delete(old["form_id"])
    world.table("commcare.odd_forms").insert(aside["form_id"], aside)


# --- documents ----------------------------------------------------------------------------------------------


def new_document(world: World, sent: Submission, form_id: str, case_ids: list[str] | None = None) -> Document:
    """The form's document, but for `indexed_on`; `case_ids` if they are known already."""
    received_on = sent.received_on or dates.now(world)
    about = {name: {"content_type": item.content_type, "length": len(item.data)}
             for name, item in sent.attachments.items()}
    if sent.xml is not None:
        about[FORM_XML] = {"content_type": "text/xml", "length": len(sent.xml)}
    return {
        "form_id": form_id, "domain": sent.domain, "state": "normal", "xmlns": sent.form.get("@xmlns"),
        "app_id": sent.app_id, "build_id": sent.build_id, "form": sent.form,
        "metadata": indexed_form.metadata(sent.form, received_on, indexed_form.build_version(world, sent.build_id)),
        "received_on": received_on, "edited_on": None, "edited_by_user_id": None, "server_modified_on": received_on,
        "indexed_on": received_on, "archived": False, "attachments": about,
        "case_ids": casexml.case_ids(sent.form) if case_ids is None else list(dict.fromkeys(case_ids)),
        "user_id": xform.user_id(sent.form), "submit_ip": sent.submit_ip,
        "is_phone_submission": sent.is_phone_submission, "problem": None, "initial_processing_complete": True,
    }


def blob(world: World, document: Mapping[str, Any], name: str) -> Attachment | None:
    """A form's attachment; `form.xml` of a form that came as JSON is written when it is asked for."""
    stored = world.table("commcare.blobs").peek(f"{document['form_id']}/{name}")
    if stored is not None:
        return Attachment(stored["content_type"], base64.b64decode(stored["data"]))
    if name == FORM_XML and "form" in document:
        return Attachment("text/xml", xform.to_xml(document["form"]))
    return None


def form_xml(world: World, document: Mapping[str, Any]) -> bytes:
    found = blob(world, document, FORM_XML)
    return found.data if found else b""


def xml_of(sent: Submission) -> bytes:
    return sent.xml if sent.xml is not None else xform.to_xml(sent.form)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# --- many at once -------------------------------------------------------------------------------------------


def load(world: World, submissions: Iterable[Submission]) -> None:
    """Fill empty tables of forms and cases with new, faultless forms in the order of their receipt, fast.

    Every submission has a `received_on`, which its form and cases take as `indexed_on` too (one microsecond
    later for each write of the same moment).
    """
    forms: dict[str, Document] = {}
    cases: dict[str, Case] = {}
    last: dict[str, str] = {}
    for sent in submissions:
        form_id = xform.instance_id(sent.form) or world.uuid()
        updates = casexml.updates(sent.form)
        document = forms[form_id] = new_document(world, sent, form_id, [update.case_id for update in updates])
        document["indexed_on"] = later(last, f"forms {sent.domain}", document["received_on"])
        source = source_of(document)
        for update in updates:
            case = casexml.apply(cases.get(update.case_id), update, source)
            case["indexed_on"] = later(last, f"cases {sent.domain}", document["received_on"])
            cases[update.case_id] = case
    world.table("commcare.forms").load_many(forms.items())
    world.table("commcare.cases").load_many(cases.items())


def later(last: dict[str, str], key: str, moment: str) -> str:
    """The moment, or one microsecond after the last one under the key."""
    if key in last and moment <= last[key]:
        moment = dates.text(dates.moment(last[key]) + timedelta(microseconds=1))
    last[key] = moment
    return moment
