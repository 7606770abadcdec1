"""What the server's views emit: database, design document and view -> `View`.

CHT 4.15 source, ddocs/{medic,users-meta}-db; documentation page, "CouchDB views". Reports are documents of type
data_record with a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.access.authorization import report_keys
from mocksrv.vendors.cht.couch.view_index import View
from mocksrv.vendors.cht.export import search
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import contact_types, message_tasks
from mocksrv.vendors.cht.shared_libs.contact_types import is_contact, is_report, lineage_ids

Doc = Mapping[str, Any]
Rows = Iterator[tuple[Any, Any]]
RANKS: dict[Any, str] = {"district_hospital": "0", "health_center": "1", "clinic": "2", "person": "3"}
WAITING = ("pending", "scheduled", "forwarded-to-gateway")


def part(doc: Doc, name: str) -> Doc:
    """A member that should be an object; `{}` if it is none."""
    value = doc.get(name)
    return value if isinstance(value, dict) else {}


# --- contacts ------------------------------------------------------------------------------------------------


def order(doc: Doc) -> str:
    """What contacts are listed by: the dead and the muted last, then by type and name."""
    kind = contact_types.type_id(doc)
    rank = RANKS.get(kind, kind) if isinstance(kind, str) else str(kind)
    name = doc.get("name")
    dead, muted = str(bool(doc.get("date_of_death"))).lower(), str(bool(doc.get("muted"))).lower()
    return f"{dead} {muted} {rank} {name.lower() if isinstance(name, str) else ''}"


def contacts_by_type(doc: Doc) -> Rows:
    if is_contact(doc):
        yield [contact_types.type_id(doc)], order(doc)


def contacts_by_parent(doc: Doc) -> Rows:
    parent = part(doc, "parent").get("_id")
    if is_contact(doc) and parent:
        yield [parent, contact_types.type_id(doc)], order(doc)


def contacts_by_depth(doc: Doc) -> Rows:
    if is_contact(doc):
        code = doc.get("patient_id") or doc.get("place_id")
        for depth, id in enumerate(lineage_ids(doc)):
            yield [id], code
            yield [id, depth], code


def contacts_by_place(doc: Doc) -> Rows:
    if is_contact(doc):
        for id in list(lineage_ids(doc))[1:]:
            yield [id], order(doc)


def contacts_by_phone(doc: Doc) -> Rows:
    if is_contact(doc) and doc.get("phone"):
        yield doc["phone"], None


def contacts_by_reference(doc: Doc) -> Rows:
    if is_contact(doc):
        for code in (doc.get("patient_id"), doc.get("place_id")):
            if code:
                yield ["shortcode", str(code)], None
        if doc.get("rc_code"):
            yield ["external", str(doc["rc_code"]).upper()], None


def docs_by_id_lineage(doc: Doc) -> Rows:
    if is_contact(doc):
        for depth, id in enumerate(lineage_ids(doc)):
            yield [doc["_id"], depth], {"_id": id}
    elif is_report(doc):
        yield [doc["_id"], 0], None
        for depth, id in enumerate(lineage_ids(part(doc, "contact")), 1):
            yield [doc["_id"], depth], {"_id": id}


def words(tokens: Callable[[Doc], set[str]], wanted: Callable[[Doc], bool],
          value: Callable[[Doc], Any], *prefix: Callable[[Doc], Any]) -> Callable[[Doc], Rows]:
    """A view of every word under which a document is found."""
    def rows(doc: Doc) -> Rows:
        if wanted(doc):
            head, shared = [one(doc) for one in prefix], value(doc)
            for token in sorted(tokens(doc)):
                yield [*head, token], shared

    return rows


# --- reports -------------------------------------------------------------------------------------------------


def reported(doc: Doc) -> Any:
    return doc.get("reported_date")


def reports(*key: Callable[[Doc], Any]) -> Callable[[Doc], Rows]:
    """A view of reports under a key that is a list."""
    def rows(doc: Doc) -> Rows:
        if is_report(doc):
            yield [one(doc) for one in key], reported(doc)

    return rows


def form(doc: Doc) -> Any:
    return doc.get("form")


def is_valid(doc: Doc) -> bool:
    return not doc.get("errors")


def reports_by_place(doc: Doc) -> Rows:
    if is_report(doc):
        for id in lineage_ids(part(part(doc, "contact"), "parent")):
            yield [id], reported(doc)


def reports_by_subject(doc: Doc) -> Rows:
    if is_report(doc):
        for subject in sorted(search.subjects_of(doc)):
            yield subject, reported(doc)


# --- messages ------------------------------------------------------------------------------------------------


def tasks(doc: Doc) -> Iterator[dict[str, Any]]:
    return message_tasks.tasks_of(doc) if message_tasks.has_tasks(doc) else iter(())


def messages(doc: Doc) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each message with its task."""
    for task in tasks(doc):
        for message in message_tasks.messages_of(task):
            yield task, message


def messages_by_state(doc: Doc) -> Rows:
    for task in tasks(doc):
        due = task.get("due") or task.get("timestamp") or doc.get("reported_date")
        for message in message_tasks.messages_of(task):
            if message.get("uuid") and message.get("to") and message.get("message"):
                yield [task.get("state"), due], {"id": message["uuid"], "to": message["to"],
                                                 "content": message["message"], "due": due}


def messages_by_uuid(doc: Doc) -> Rows:
    for _, message in messages(doc):
        if message.get("uuid"):
            yield message["uuid"], None


def messages_by_gateway_ref(doc: Doc) -> Rows:
    for source in (part(doc, "sms_message"), *tasks(doc)):
        if source.get("gateway_ref"):
            yield source["gateway_ref"], None


def messages_by_contact_date(doc: Doc) -> Rows:
    if doc.get("type") != "data_record" or (doc.get("form") and not message_tasks.has_tasks(doc)):
        return
    when, incoming = reported(doc), part(doc, "sms_message")
    if incoming and not doc.get("form"):
        contact = part(doc, "contact").get("_id") or doc.get("from") or doc["_id"]
        yield [contact, when], {"id": doc["_id"], "date": when, "contact": contact}
    for task, message in messages(doc):
        contact = part(message, "contact").get("_id") or message.get("to") or doc["_id"]
        moment = task.get("timestamp") or when
        yield [contact, moment], {"id": doc["_id"], "date": moment, "contact": contact}


def message_queue(doc: Doc) -> Rows:
    for task, message in messages(doc):
        state = task.get("state")
        group = "scheduled" if state == "scheduled" else "due" if state in WAITING else "muted-past"
        due = task.get("due") or task.get("timestamp") or doc.get("reported_date")
        yield [group, due], {"record": {"id": doc["_id"], "reportedDate": doc.get("reported_date")},
                             "sms": message, "state": state, "due": due}


# --- any document --------------------------------------------------------------------------------------------


def doc_by_type(doc: Doc) -> Rows:
    if doc.get("type") == "translations":
        yield ["translations", bool(doc.get("enabled"))], {"code": doc.get("code"), "name": doc.get("name")}
    else:
        yield [doc.get("type")], None


def docs_by_shortcode(doc: Doc) -> Rows:
    for code in (doc.get("patient_id"), doc.get("place_id")) if is_contact(doc) else ():
        if code:
            yield str(code), None


def docs_by_replication_key(doc: Doc) -> Rows:
    kind = doc.get("type")
    if doc["_id"] in ("resources", "branding", "partners", "service-worker-meta", "zscore-charts", "settings",
                      "privacy-policies") or kind in ("form", "translations"):
        yield "_all", {}
    elif kind == "data_record":
        contact = part(doc, "contact").get("_id")
        for key in report_keys(doc):
            yield key, {"type": kind, "submitter": contact} | ({"subject": key} if key != contact else {})
    elif kind == "task":
        yield doc.get("user"), {"type": kind}
    elif kind == "target":
        yield doc.get("owner"), {"type": kind}
    elif kind == "user-settings":
        yield doc["_id"], {}
    elif is_contact(doc):
        yield doc["_id"], {"type": kind}


# --- usage ---------------------------------------------------------------------------------------------------


def feedback_by_date(doc: Doc) -> Rows:
    if doc.get("type") == "feedback":
        yield part(doc, "meta").get("time"), None


def device_by_user(doc: Doc) -> Rows:
    meta, device = part(doc, "metadata"), part(doc, "device")
    if doc.get("type") == "telemetry" and meta.get("user") and meta.get("deviceId"):
        date = "-".join(javascript.text(meta.get(name) or 1).rjust(2, "0") for name in ("year", "month", "day"))
        yield [meta["user"], meta["deviceId"]], {"date": date, "id": doc["_id"], "device": dict(device)}


CONTACT, REPORT = (search.contact_tokens, is_contact, order), (search.report_tokens, is_report, reported)
OF_CONTACTS, OF_REPORTS = contact_types.CONTACT_TYPES, frozenset(("data_record",))
OF_BOTH = OF_CONTACTS | OF_REPORTS
VIEWS: dict[tuple[str, str], dict[str, View]] = {
    ("medic", "medic"): {
        "contacts_by_depth": View(contacts_by_depth, types=OF_CONTACTS),
        "docs_by_replication_key": View(docs_by_replication_key),
        "docs_by_shortcode": View(docs_by_shortcode, types=OF_CONTACTS),
        "messages_by_state": View(messages_by_state),
    },
    ("medic", "medic-client"): {
        "contacts_by_freetext": View(words(*CONTACT), types=OF_CONTACTS),
        "contacts_by_parent": View(contacts_by_parent, types=OF_CONTACTS),
        "contacts_by_phone": View(contacts_by_phone, types=OF_CONTACTS),
        "contacts_by_place": View(contacts_by_place, types=OF_CONTACTS),
        "contacts_by_reference": View(contacts_by_reference, types=OF_CONTACTS),
        "contacts_by_type": View(contacts_by_type, types=OF_CONTACTS),
        "contacts_by_type_freetext": View(words(*CONTACT, contact_types.type_id), types=OF_CONTACTS),
        "doc_by_type": View(doc_by_type),
        "docs_by_id_lineage": View(docs_by_id_lineage, types=OF_BOTH),
        "messages_by_contact_date": View(messages_by_contact_date, "latest", types=OF_REPORTS),
        "reports_by_date": View(reports(reported), types=OF_REPORTS),
        "reports_by_form": View(reports(form), "true", types=OF_REPORTS),
        "reports_by_freetext": View(words(*REPORT), types=OF_REPORTS),
        "reports_by_place": View(reports_by_place, types=OF_REPORTS),
        "reports_by_subject": View(reports_by_subject, types=OF_REPORTS),
        "reports_by_validity": View(reports(is_valid), types=OF_REPORTS),
        "reports_by_verification": View(reports(lambda doc: doc.get("verified")), types=OF_REPORTS),
    },
    ("medic", "medic-sms"): {
        "messages_by_gateway_ref": View(messages_by_gateway_ref),
        "messages_by_uuid": View(messages_by_uuid),
    },
    ("medic", "medic-admin"): {"message_queue": View(message_queue, "_count")},
    ("medic-users-meta", "users-meta"): {
        "device_by_user": View(device_by_user, types=frozenset(("telemetry",))),
        "feedback_by_date": View(feedback_by_date, types=frozenset(("feedback",))),
    },
}
