"""`generate_shortcode_on_contacts`: people get a `patient_id`, places a `place_id`, by which reports name them.

CHT 4.15 source, shared-libs/transitions/src/transitions/generate_shortcode_on_contacts.js, lib/ids.js; the older
`generate_patient_id_on_people` does the same.
"""

from __future__ import annotations

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.ddocs.mapping import truthy
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.vendors.cht.transitions.change import Change, Transition
from mocksrv.world import World

DIGITS = 5


def name_of(change: Change) -> str | None:
    """The member that holds the code; None for what is no contact."""
    if contact_types.is_person(change.settings, change.doc):
        return "patient_id"
    return "place_id" if contact_types.is_place(change.settings, change.doc) else None


def lacks_code(change: Change) -> bool:
    name = name_of(change)
    return name is not None and not truthy(change.doc.get(name))


def give_code(change: Change) -> bool:
    """A code for a contact that has none."""
    if (name := name_of(change)) is not None:
        change.doc[name] = new_code(change.world)
    return True


def new_code(world: World) -> str:
    """Digits that no contact has yet; one more digit after each failure."""
    medic = documents.database(world)
    length = DIGITS
    while True:
        code = world.text("0123456789", length)
        if not medic.docs.count("by_shortcode", code):
            return code
        length += 1


SHORTCODES = Transition(lacks_code, give_code, again=True)
