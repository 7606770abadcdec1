"""Care enquiries in every stage, and what follows from them: comments, home visits, assessments."""

from __future__ import annotations

from mocksrv.vendors.carehq.catalogue import RESOURCES
from mocksrv.vendors.carehq.seed import places
from mocksrv.vendors.carehq.seed.base import DAY, Agency, Record

# The stages in which enquiries are, of ten each: those of before this month, of this month, and of this week.
OLD = ("closed", "placed", "closed", "placed", "closed", "placed", "contacted", "closed", "placed", "closed")
RECENT = ("new", "contacted", "visit_booked", "new", "placing", "assessment_booked", "contacted", "visit_booked",
          "closed", "placed")
FRESH = ("new", "contacted", "new", "visit_booked", "new", "contacted", "new", "new", "contacted", "visit_booked")
SHARE_OF_OLD = 60  # of a hundred enquiries
VISITED = {"visit_booked", "assessment_booked", "placing", "placed"}
ASSESSED = {"assessment_booked", "placing", "placed"}
FUNDING = RESOURCES["care-enquiries"].attributes["funding_type"].of
HOSTS = RESOURCES["home-visits"].attributes["host"].of
OUTCOMES = RESOURCES["assessments"].attributes["outcome"].of


def arrive(agency: Agency, count: int) -> None:
    """So many enquiries, the oldest first; those placed have a service user of their home."""
    homes, groups = agency.made["locations"], {name: agency.groups(name) for name in places.GROUPS}
    residents: dict[str, list[Record]] = {}
    for person in agency.made["service-users"]:
        residents.setdefault(person["location"], []).append(person)
    users = {user["locations"][0]: user["_id"] for user in agency.made["users"] if user["locations"]}
    for at, created in enumerate(arrivals(agency, count)):
        stage = (OLD if created < -30 * DAY else RECENT if created < -7 * DAY else FRESH)[at % 10]
        home = homes[(at * 5) % len(homes)] if stage in VISITED or at % 11 else None
        placed = residents.get(home["_id"]) if home and stage == "placed" else None
        enquiry(agency, at + 1, stage, created, home, groups,
                service_user=placed[at % len(placed)]["_id"] if placed else None,
                assigned_to=users[home["_id"]] if home and stage != "new" else None)


def arrivals(agency: Agency, count: int) -> list[int]:
    """When they came: most over the last year, many in the last weeks; by day or in the evening."""
    old = count * SHARE_OF_OLD // 100
    days = [agency.dice.between(31, 365) for _ in range(old)] + [agency.dice.between(2, 30) for _ in range(count - old)]
    return sorted(agency.dice.between(7 * 3600, 21 * 3600) - day * DAY for day in days)


def enquiry(agency: Agency, number: int, stage: str, created: int, home: Record | None,
            groups: dict[str, list[Record]], **values: object) -> None:
    dice, seeker, person = agency.dice, agency.person(), agency.person()
    last = created if stage == "new" else min(created + dice.between(1, 20) * DAY, -3600)
    anonymized = number % 50 == 7
    brochures = [item["_id"] for item in agency.made["literature-items"][:1]] if dice.chance(30) else []
    private: Record = {} if anonymized else {
        "first_name": seeker["first_name"], "title": seeker["title"], "email": agency.email(seeker),
        "mobile": agency.mobile(), "phone": agency.phone() if dice.chance(50) else None,
        "street_address": agency.address(),
        "care_requirements": dice.pick(places.REQUIREMENTS), "service_user_first_name": person["first_name"],
        "service_user_last_name": seeker["last_name"],
        "dob": agency.on(-(dice.between(66, 99) * 365) * DAY) if dice.chance(50) else None,
        "lon_lat": [home["lon_lat"][0], home["lon_lat"][1]] if home and dice.chance(30) else None,
    }
    agency.add(
        "care-enquiries", created, last, **private, **values, last_name="" if anonymized else seeker["last_name"],
        anonymized=agency.at(last) if anonymized else None, ref=f"CE{number:06}", stage=stage,
        received=agency.at(created), last_interaction=agency.at(last),
        location=home["_id"] if home else None,
        service=dice.pick(home["services"]) if home else "residential_home",
        funding_type=FUNDING[number % len(FUNDING)],
        sales_channel=groups["sales_channel"][number % len(groups["sales_channel"])]["_id"],
        referrer_type=groups["referrer_type"][number % 3]["_id"], genders=[person["gender"]],
        referrer=groups["referrer"][number % 5]["_id"] if dice.chance(20) else None,
        reason_for_closing=dice.pick(groups["enquiry_close_reason"])["_id"] if stage == "closed" else None,
        closing_notes=dice.pick(places.NOTES) if stage == "closed" else None, dementia=dice.pick((True, False, None)),
        enquiring_for_self=dice.chance(10), has_used_service_before=dice.pick((True, False, None)),
        given_age=dice.between(66, 99) if dice.chance(50) else None, literature_sent=brochures,
        relationship_to_service_user=dice.pick(places.RELATIONSHIPS[seeker["gender"]]))


def follow(agency: Agency) -> None:
    """Comments on some, a visit and an assessment where the stage says so."""
    authors = {user["_id"]: f"{user['first_name']} {user['last_name']}" for user in agency.made["users"]}
    for at, found in enumerate(agency.made["care-enquiries"]):
        if found["stage"] in VISITED:
            visit(agency, found)
        if found["stage"] in ASSESSED:
            assessment(agency, found)
        if at % 3 == 0:
            author = found["assigned_to"]
            agency.add("comments", agency.moment(found["last_interaction"]), care_enquiry=found["_id"],
                       comment="" if found["anonymized"] else agency.dice.pick(places.NOTES),
                       location=found["location"],
                       anonymized=found["anonymized"], pinned=agency.dice.chance(10), user=author,
                       user_sticky_label=authors.get(author, "Website form"))
    for person in agency.made["service-users"][::6]:
        agency.add("comments", agency.office(28, 1), comment=agency.dice.pick(places.REMARKS),
                   location=person["location"],
                   service_user=person["_id"], user=agency.made["users"][0]["_id"],
                   user_sticky_label=authors[agency.made["users"][0]["_id"]])


def visit(agency: Agency, found: Record) -> None:
    """Past visits are completed an hour after their time, some were cancelled; those just booked lie ahead."""
    dice, booked = agency.dice, agency.moment(found["last_interaction"])
    ahead = found["stage"] == "visit_booked"
    when = dice.between(2, 12) * DAY + 10 * 3600 if ahead else min(booked + DAY, -2 * DAY) // DAY * DAY + 11 * 3600
    created = min(booked, when - 3600)
    cancelled = not ahead and dice.chance(10)
    agency.add("home-visits", created, created if ahead else when + 3600, assigned_to=found["assigned_to"],
               care_enquiry=found["_id"], date_time=agency.at(when), host=dice.pick(HOSTS),
               location=found["location"],
               cancelled=agency.at(when - 1800) if cancelled else None, notes="",
               completed=None if ahead or cancelled else agency.at(when + 3600),
               visit_type="virtual" if dice.chance(15) else "in_person")


def assessment(agency: Agency, found: Record) -> None:
    dice, booked = agency.dice, agency.moment(found["last_interaction"])
    ahead = found["stage"] == "assessment_booked"
    when = dice.between(3, 14) * DAY + 14 * 3600 if ahead else min(booked + 2 * DAY, -2 * DAY) // DAY * DAY + 14 * 3600
    created, assessor = min(booked, when - 3600), agency.person()
    virtual = dice.chance(15)
    agency.add("assessments", created, created if ahead else when + 3600, care_enquiry=found["_id"],
               assessment_type="virtual" if virtual else "in_person", assigned_to=found["assigned_to"],
               assessor=f"{assessor['first_name']} {assessor['last_name']}", date_time=agency.at(when),
               completed=None if ahead else agency.at(when + 3600), location=found["location"],
               outcome=None if ahead else OUTCOMES[0 if found["stage"] == "placed" else dice.below(2)],
               street_address=None if virtual else found["street_address"])
