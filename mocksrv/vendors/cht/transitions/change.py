"""One document on its way through the transitions, and what a transition is.

CHT 4.15 source, shared-libs/transitions/src/lib/utils.js, shared-libs/registration-utils.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mocksrv.store import TOP
from mocksrv.vendors.cht.couch import collation, documents
from mocksrv.vendors.cht.couch.errors import CouchError
from mocksrv.vendors.cht.couch.view_index import rows_of
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.ddocs.mapping import each, first, has_no_errors, member, truthy
from mocksrv.vendors.cht.ddocs.views import VIEWS
from mocksrv.vendors.cht.node import javascript, vm
from mocksrv.vendors.cht.shared_libs import translations
from mocksrv.world import World

Doc = dict[str, Any]
Settings = dict[str, Any]
REPORT = "data_record"
SUBJECT = ("_id", "patient_id", "place_id")  # members of a contact that reports name it by
MOST_CHARACTERS = 200  # of a code of a form


class Failed(Exception):
    """A transition throws, as JavaScript does at what is not of the form that it expects; `changed`: the document is
    saved all the same."""

    def __init__(self, message: str, *, changed: bool = False) -> None:
        super().__init__(message)
        self.changed = changed


@dataclass
class Change:
    """A document with its contacts in full, which transitions change."""

    world: World
    settings: Settings
    doc: Doc
    ran: dict[str, Any] = field(default_factory=dict)
    """The transitions that have changed it before, by name."""
    new: bool = False
    """Whether the background process meets it for the first time."""
    replay: bool = True
    """Whether reports that followed it on a device may be processed once more."""
    again: list[str] = field(default_factory=list)
    """The ids of these reports."""

    def has_run(self, name: str) -> bool:
        """Whether a transition has changed it before, without an error."""
        return truthy(member(self.ran.get(name), "ok"))

    def database(self) -> documents.Database:
        return documents.database(self.world)

    def field(self, name: Any) -> Any:
        """A field of the report."""
        return member(self.doc, "fields", javascript.text(name))

    def locale(self) -> str:
        """The language of what is said about this document."""
        return javascript.text(first(
            self.doc.get("locale"), member(self.doc, "sms_message", "locale"), self.settings.get("locale_outgoing"),
            self.settings.get("locale"), translations.FALLBACK))

    def translate(self, key: Any) -> str:
        text = javascript.text(key)
        return (translations.find(self.world, text, self.locale()) or text).strip()

    def form(self) -> Any:
        """The definition of the form of a text message."""
        return member(self.settings.get("forms"), javascript.text(self.doc.get("form")))

    def is_report(self) -> bool:
        return self.doc.get("type") == REPORT and truthy(self.doc.get("form"))

    def is_valid_submission(self) -> bool:
        """Whether it came as an XForm, by a form for everybody, or from somebody who is known."""
        form, contact = self.form(), self.doc.get("contact")
        if self.is_xform():
            return True
        known = first(member(contact, "phone"), member(contact, "parent", "contact", "phone"))
        return truthy(form) and (truthy(member(form, "public_form")) or truthy(known))

    def is_xform(self) -> bool:
        return self.doc.get("type") == REPORT and self.doc.get("content_type") == "xml"

    # --- JavaScript of the settings ---

    def evaluate(self, expression: str, doc: Any = None) -> Any:
        """What an expression makes of this document, or of another as `doc`. Raises Failed."""
        try:
            found = vm.run(self.world, expression, self.doc if doc is None else doc)
        except vm.ScriptError as error:
            raise Failed(str(error)) from None
        return None if found is vm.UNDEFINED else found

    def holds(self, expression: Any) -> bool:
        """Whether a condition of the settings holds; there is none if it is no text. Raises Failed."""
        return not (isinstance(expression, str) and expression.strip()) or truthy(self.evaluate(expression))

    # --- what is stored ---

    def ids(self, design: str, view: str, key: Any) -> list[str]:
        """The ids of the documents under a key of one of the server's views, each as often as it is there."""
        name, place = ("medic", design, view), (collation.key(key),)
        rows = rows_of(self.world, name, VIEWS["medic", design][view])
        return [row[1] for row in rows.scan(place, (*place, TOP), len(rows))]

    def store(self, doc: Doc) -> str:
        """Save a document: its new revision. Raises Failed where the database refuses it."""
        try:
            rev: str = guarded(lambda: self.database().put(doc))["rev"]
        except CouchError as error:
            raise Failed(error.body["reason"]) from None
        return rev

    def by_view(self, design: str, view: str, key: Any) -> list[Doc]:
        """These documents."""
        medic = self.database()
        return [doc for id in self.ids(design, view, key) if (doc := medic.get(id)) is not None]

    def registrations(self, subjects: Iterable[Any]) -> list[Doc]:
        """The registrations that are about one of these subjects, each once."""
        found = {doc["_id"]: doc for one in subjects for doc in self.by_view("medic-client", "reports_by_subject", one)}
        return [doc for doc in found.values() if is_registration(self.settings, doc)]

    def registered(self, code: Any) -> list[Doc]:
        """The registrations of the contact with this short code."""
        found = self.by_view("medic-client", "registered_patients", code) if truthy(code) else []
        return [doc for doc in found if is_registration(self.settings, doc)]

    def contact(self, code: Any) -> Doc | None:
        """The contact with this short code."""
        found = self.by_view("medic-client", "contacts_by_reference", ["shortcode", code]) if truthy(code) else []
        return found[0] if found else None

    def senders(self) -> list[Doc]:
        """The contacts with the phone that this came from."""
        phone = self.doc.get("from")
        medic = self.database()
        found = medic.by("by_phone", phone) if isinstance(phone, str) and phone else []
        return [medic.load(one["_id"]) for one in found]


Run = Callable[[Change], bool]  # whether the document changed; raises Failed


@dataclass(frozen=True)
class Transition:
    """A transition: which documents it is for, and what it does to them."""

    concerns: Callable[[Change], bool]
    run: Run
    again: bool = False
    """Whether it runs on a document that it has changed before."""
    check: Callable[[Settings], None] | None = None
    """Looks at its settings, and raises Misconfigured."""


def subject_ids(contact: Any) -> list[Any]:
    """What reports may name a contact by."""
    return [member(contact, name) for name in SUBJECT if truthy(member(contact, name))]


def is_registration(settings: Settings, doc: Doc) -> bool:
    """Whether a report without errors registers somebody, by the settings of today."""
    if not has_no_errors(doc) or doc.get("type") != REPORT or not truthy(doc.get("form")):
        return False
    kinds = [member(one, "form") for one in each(settings.get("registrations"))]
    if not any(truthy(kind) and is_same(kind, doc["form"], not_letters, not_letters) for kind in kinds):
        return False
    form = member(settings.get("forms"), javascript.text(doc["form"]))
    return doc.get("content_type") == "xml" or (truthy(form) and (
        truthy(member(form, "public_form")) or truthy(doc.get("contact"))))


def same_form(code: Any, other: Any) -> bool:
    """Whether another code is this one, whatever its case, with signs behind it, or with the letter W before it."""
    return is_same(code, other, lambda text: not text.strip("w"), lambda text: not any(
        char.isascii() and (char.isalnum() or char == "_") for char in text))


def is_same(code: Any, other: Any, before: Callable[[str], bool], behind: Callable[[str], bool]) -> bool:
    """Whether another code is this one, whatever its case, with something around it that may be there."""
    one, two = javascript.text(code).lower(), javascript.text(other).lower()
    at = two.find(one)
    return at >= 0 and len(two) <= MOST_CHARACTERS and any(
        two.startswith(one, place) and before(two[:place]) and behind(two[place + len(one):])
        for place in range(at, len(two) - len(one) + 1))


def not_letters(text: str) -> bool:
    return not any("a" <= char <= "z" for char in text)
