"""Care enquiries, their comments and home visits: the resources that the API writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mocksrv import outbox
from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.arguments import Given
from mocksrv.vendors.carehq.records import next_number
from mocksrv.vendors.carehq.rules import RULES, Held, Record, Rules

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

ENQUIRIES, VISITS = "carehq.care-enquiries", "carehq.home-visits"
OUTBOX = "carehq.outbox"
VISITABLE = ("new", "contacted")  # stages that the booking of a visit ends
VISIT_LASTS = timedelta(hours=1)

# --- care enquiries --------------------------------------------------------------------------------------------------


def check_enquiry(world: World, given: Given, values: Record, old: Held | None) -> None:
    """The location offers the service; closing has a reason."""
    merged = {**(old or {}), **values}
    location = world.table("carehq.locations").peek(merged.get("location") or "")
    if location is not None and merged.get("service") and merged["service"] not in location["services"] \
            and ("service" in values or "location" in values):
        given.refuse("service", errors.NOT_A_CHOICE,
                     f"location {location['name']} offers {', '.join(location['services'])}")
    if values.get("stage") == "closed" and not merged.get("reason_for_closing"):
        given.refuse("reason_for_closing", errors.REQUIRED)


def fill_enquiry(world: World, call: Call, enquiry: Record) -> None:
    enquiry["stage"] = "new"
    enquiry["ref"] = f"CE{next_number(world, 'enquiries'):06d}"
    enquiry["received"] = enquiry["received"] or enquiry["created"]
    enquiry["last_interaction"] = enquiry["created"]


RULES["care-enquiries"] = Rules(check=check_enquiry, fill=fill_enquiry)


# --- comments --------------------------------------------------------------------------------------------------------


def parent(world: World, record: Held) -> Held | None:
    """The enquiry or service user that a comment belongs to."""
    if record.get("care_enquiry"):
        return world.table(ENQUIRIES).peek(record["care_enquiry"])
    return world.table("carehq.service-users").peek(record.get("service_user") or "")


def check_comment(world: World, given: Given, values: Record, old: Held | None) -> None:
    """A comment belongs to an enquiry or to a service user: one of them, and not both."""
    if old is None and not given.errors.keys() & {"care_enquiry", "service_user"}:
        both = [name for name in ("care_enquiry", "service_user") if values.get(name)]
        if not both:
            given.refuse("care_enquiry", errors.REQUIRED)
        elif len(both) == 2:
            given.refuse("service_user", errors.NOT_A_CHOICE, "a comment has care_enquiry or service_user, not both")


def fill_comment(world: World, call: Call, comment: Record) -> None:
    """Comments without a user as author are labelled with the name of the API key."""
    above = parent(world, comment)
    comment["location"] = above["location"] if above else None
    comment["user_sticky_label"] = call.caller.name


def touch_enquiry(world: World, call: Call, comment: Record, values: Record) -> None:
    if comment["care_enquiry"]:
        world.table(ENQUIRIES).update(comment["care_enquiry"], {"last_interaction": comment["created"]})


RULES["comments"] = Rules(check=check_comment, fill=fill_comment, created=touch_enquiry)


# --- home visits -----------------------------------------------------------------------------------------------------


def check_visit(world: World, given: Given, values: Record, old: Held | None) -> None:
    """A visit takes place at the enquiry's location, so there must be one."""
    enquiry = world.table(ENQUIRIES).peek(values.get("care_enquiry") or "")
    if old is None and enquiry is not None and enquiry["location"] is None:
        given.refuse("care_enquiry", errors.NOT_A_CHOICE, "a visit needs an enquiry that has a location")


def fill_visit(world: World, call: Call, visit: Record) -> None:
    """Without a user the enquiry's is taken (developer page: home visits)."""
    enquiry = world.table(ENQUIRIES).peek(visit["care_enquiry"])
    assert enquiry is not None, "the reference was checked"
    visit["location"] = enquiry["location"]
    visit["assigned_to"] = visit["assigned_to"] or enquiry["assigned_to"]


def book_visit(world: World, call: Call, visit: Record, values: Record) -> None:
    """Move the enquiry on, and write the confirmation that the live service would send."""
    table = world.table(ENQUIRIES)
    enquiry = table.peek(visit["care_enquiry"])
    assert enquiry is not None, "the reference was checked"
    changes: dict[str, Any] = {"last_interaction": visit["created"]}
    if enquiry["stage"] in VISITABLE:
        changes |= {"stage": "visit_booked", "modified": visit["created"]}
    table.update(enquiry["_id"], changes)
    if enquiry["email"] and not values.get("suppress_confirmation"):
        world.table(OUTBOX).insert(f"{next_number(world, 'outbox'):06d}", {
            "kind": "email", "to": enquiry["email"], "subject": "Your visit", "home_visit": visit["_id"],
            "at": visit["created"]})
        outbox.put(world, outbox.Outgoing("carehq", "email", f"mailto:{enquiry['email']}", b"Your visit",
                                          method="MAIL", about=visit["_id"]))


def complete_visits(world: World) -> None:
    """The application marks a visit complete one hour after its time (help article); done here when visits are read."""
    if not world.setting("carehq.auto_complete_visits"):
        return
    table = world.table(VISITS)
    latest = (world.clock.now() - VISIT_LASTS).isoformat(" ")[:19]
    for visit in list(table.all()):
        if visit["completed"] or visit["cancelled"] or visit["date_time"] > latest:
            continue
        end = (datetime.fromisoformat(visit["date_time"]) + VISIT_LASTS).isoformat(" ")
        table.update(visit["_id"], {"completed": end, "modified": end})


RULES["home-visits"] = Rules(check=check_visit, fill=fill_visit, created=book_visit, before_reading=complete_visits)
