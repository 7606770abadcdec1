"""Whom a message goes to: a word of the settings, a field, a path, or a number itself.

CHT 4.15 source, shared-libs/message-utils/src/index.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.ddocs.mapping import DEEPEST, first, member, truthy
from mocksrv.vendors.cht.node import javascript, vm
from mocksrv.vendors.cht.outbound import object_path
from mocksrv.vendors.cht.shared_libs import phones
from mocksrv.vendors.cht.transitions.change import Change, Failed

Context = Mapping[str, Any]
PLACES = {"clinic": "clinic", "health_center": "health_center", "district": "district_hospital"}
REPLACE = "doc.phone.replace(new RegExp(doc.match), doc.replace)"


def levels(doc: Any) -> list[Any]:
    """The contact that a document is, or comes from, and all places above it."""
    found: list[Any] = []
    level = doc if truthy(member(doc, "parent")) else member(doc, "contact")
    while truthy(level) and len(found) < DEEPEST:
        found.append(level)
        level = member(level, "parent")
    return found


def place_of(doc: Any, kind: str) -> Any:
    """The place of a type that a document belongs to; None without one."""
    return next((one for one in levels(doc) if kind in (member(one, "type"), member(one, "contact_type"))), None)


def phone_of(doc: Any, kind: str) -> Any:
    return member(place_of(doc, kind), "contact", "phone")


def linked_phone(doc: Any, tag: str) -> Any:
    """The phone of the document that the nearest place links under a tag."""
    found = (member(one, "linked_docs", tag) for one in levels(doc))
    return member(next((one for one in found if truthy(one)), None), "phone")


def above(context: Context, levels_up: int) -> Any:
    """The phone of the contact of a place, so many levels above the subject, or above who sent the report."""
    subject = first(context.get("patient"), context.get("place"), context)
    level = subject if truthy(member(subject, "parent")) else member(subject, "contact")
    if level is None:
        raise Failed("Cannot read properties of undefined (reading 'parent')")
    for _ in range(levels_up):
        level = member(level, "parent")
    return member(level, "contact", "phone")


def named(context: Context, recipient: str, sender: Any) -> Any:
    """The phone that a recipient of the settings stands for."""
    patient, place, contact = (context.get(name) for name in ("patient", "place", "contact"))
    kind, _, tag = recipient.partition(":")
    if recipient == "reporting_unit":
        return sender
    if kind == "ancestor":
        tag = tag.partition(":")[0]
        return first(phone_of(patient, tag), phone_of(place, tag), phone_of(context, tag))
    if kind == "link":
        tag = tag.partition(":")[0]
        return first(*(linked_phone(one, tag) for one in (patient, place, contact)),
                     *(phone_of(one, tag) for one in (patient, place, contact)))
    if recipient in ("parent", "grandparent"):
        return above(context, 2 if recipient == "parent" else 3)
    if recipient in PLACES:
        found = first(*(phone_of(one, PLACES[recipient]) for one in (patient, place, context)))
        return first(found, member(contact, "phone")) if recipient == "clinic" else found
    if truthy(field := first(member(context.get("fields"), recipient), context.get(recipient))):
        return field
    if "." in recipient:
        found = object_path.get(dict(context), recipient)
        return None if found is object_path.MISSING else found
    return recipient if phones.validate({}, recipient) else None


def phone(change: Change, context: Context, recipient: Any) -> Any:
    """The number that a message goes to, after the replacements that the settings have."""
    sender = first(context.get("from"), member(context.get("contact"), "phone"))
    found, wanted = sender, asked(change, recipient)
    if wanted:
        numbers = (named(context, one, sender) for one in wanted)
        found = next((one for one in numbers if truthy(one)), None)
        if not truthy(found):
            found = first(sender if goes_to_sender(change) else None, wanted[0])
    return filtered(change, replaced(change, found))


def asked(change: Change, recipient: Any) -> list[str]:
    """The recipients of the settings, which are to be tried one after the other."""
    several = releases.RECIPIENTS.holds(change.world) and isinstance(recipient, list)
    listed = recipient if several else [recipient] if truthy(recipient) else []
    if not several and not all(isinstance(one, str) for one in listed):
        raise Failed("recipient.trim is not a function")
    return [one.strip(javascript.SPACES) for one in listed if isinstance(one, str) and one.strip(javascript.SPACES)]


def goes_to_sender(change: Change) -> bool:
    """Whether the sender gets what no recipient gets."""
    wanted = member(change.settings.get("sms"), "default_to_sender")
    return wanted is None or truthy(wanted) or not releases.RECIPIENTS.holds(change.world)


def replaced(change: Change, number: Any) -> Any:
    """With another beginning, by `outgoing_phone_replace`."""
    rule = change.settings.get("outgoing_phone_replace")
    match, instead = member(rule, "match"), first(member(rule, "replace"), "")
    if isinstance(number, str) and isinstance(match, str) and match and number.startswith(match):
        return javascript.text(instead) + number[len(match):]
    return number


def filtered(change: Change, number: Any) -> Any:
    """With what `outgoing_phone_filters` replace by regular expressions."""
    rules = change.settings.get("outgoing_phone_filters")
    for rule in rules if isinstance(rules, list) and truthy(number) else ():
        match, instead = member(rule, "match"), member(rule, "replace")
        if truthy(match) and truthy(instead):
            try:
                number = vm.run(change.world, REPLACE, {"phone": number, "match": match, "replace": instead})
            except vm.ScriptError as error:
                raise Failed(str(error)) from None
    return number
