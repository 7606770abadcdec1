"""Rooms, and the people who live in them: service users, their contacts, bookings, absences and complaints."""

from __future__ import annotations

from mocksrv.vendors.carehq.seed import places
from mocksrv.vendors.carehq.seed.base import DAY, Agency, Record
from mocksrv.vendors.carehq.seed.setting_up import FOUNDED

OUTCOMES = ("upheld", "partially_upheld", "not_upheld", "inconclusive", "withdrawn")
CARE = ("residential", "residential_dementia", "nursing", "nursing_dementia")
PAYS = ("direct_debit", "standing_order", "bac", "card", "cheque")


def rooms(agency: Agency, each: int) -> None:
    """So many rooms in each home, with a rate for each type."""
    dice, features, types = agency.dice, agency.groups("room_feature"), agency.made["room-rate-types"]
    for home in agency.made["locations"]:
        for number in range(1, each + 1):
            extra = 1_000 * dice.below(20)
            agency.add("rooms", FOUNDED + 30 * DAY + number, name_no=str(number), location=home["_id"],
                       floor=str(min(5, number * 3 // each)), archived=number == each and each > 4 and dice.chance(20),
                       features=[features[0]["_id"], dice.pick(features[1:])["_id"]],
                       funding_types=["private", "local_authority", "local_authority_top_up", "chc"],
                       rates={t["_id"]: rate[2] + extra for t, rate in zip(types, places.RATE_TYPES, strict=True)},
                       suitable_for=list(CARE if home["accepts_dementia"] else CARE[::2]),
                       supports_double_occupancy=dice.chance(10))


def move_in(agency: Agency, count: int) -> None:
    """Service users with a contact each, and a booking of a room that nobody else has at the time."""
    free: dict[str, list[Record]] = {home["_id"]: [] for home in agency.made["locations"]}
    for room in agency.made["rooms"]:
        if not room["archived"]:
            free[room["location"]].append(room)
    for at in range(1, count + 1):
        home = agency.made["locations"][at % len(agency.made["locations"])]
        start = agency.office(600, 30)
        person = service_user(agency, at, home, start - 10 * DAY)
        contact(agency, person, start - 9 * DAY)
        if free[home["_id"]]:
            left = agency.dice.chance(15)
            room = free[home["_id"]].pop()
            booking(agency, person, room, start, left)
            if left:
                free[home["_id"]].insert(0, room)


def service_user(agency: Agency, at: int, home: Record, created: int) -> Record:
    dice, person = agency.dice, agency.person()
    nursing = "nursing_home" in home["services"]
    anonymized = at % 40 == 25
    names: Record = {"first_name": "", "last_name": "", "title": ""} if anonymized else {
        "first_name": person["first_name"], "last_name": person["last_name"], "title": person["title"]}
    return agency.add(
        "service-users", created, agency.office(29, 1), **names,
        anonymized=agency.at(agency.office(20, 2)) if anonymized else None,
        account_code=f"SU{at:06}", ref=f"SU{at:06}", patient_id=f"P{at:06}", location=home["_id"], status="active",
        assistance_with_dressing=dice.chance(60), assistance_with_eating=dice.chance(25),
        assistance_with_medication=dice.chance(70), assistance_with_personal_care=dice.chance(65),
        billing_enabled=True, billing_comms_preference=["post"] if dice.chance(30) else ["email"],
        day_care_use="not_used", dementia=dice.pick((True, False, None)), end_of_life_care=dice.chance(5),
        dob=None if anonymized else agency.on(-(dice.between(66, 99) * 365 + dice.below(365)) * DAY),
        fnc_status="applied" if nursing else None, fnc_applied_for=agency.on(created) if nursing else None,
        genders=[person["gender"]], nhs_number=None if anonymized else nhs_number(999_000_000 + at % 1_000_000))


def nhs_number(nine: int) -> str:
    """Ten digits, the last of which checks the others; those that begin with 999 are for tests."""
    digits = [int(digit) for digit in str(nine)]
    check = 11 - sum((10 - at) * digit for at, digit in enumerate(digits)) % 11
    return nhs_number(nine - 7) if check == 10 else f"{nine}{check % 11}"


def contact(agency: Agency, person: Record, created: int) -> Record:
    """The next of kin, who pays as well."""
    dice, relative = agency.dice, agency.person()
    relative["last_name"] = person["last_name"] or relative["last_name"]
    email = agency.email(relative)
    return agency.add(
        "service-user-contacts", created, first_name=relative["first_name"], last_name=relative["last_name"],
        title=relative["title"], email=email, email_invoices_to=[email], mobile=agency.mobile(), phone=agency.phone(),
        account_code=f"C{person['ref']}", billing_enabled=True, billing_comms_preference=["email"],
        emergency_contact=dice.chance(80), next_of_kin=True, has_direct_debit_mandate=dice.chance(50),
        invoices_service_user_id_fields=["full_name", "ref"], location=person["location"],
        payment_method=dice.pick(PAYS), poa_types=["lpa_property_affairs"] if dice.chance(40) else [],
        postal_address=agency.address(),
        relationship=dice.pick(places.RELATIONSHIPS[relative["gender"]]), service_user=person["_id"])


def booking(agency: Agency, person: Record, room: Record, start: int, left: bool) -> None:
    """A stay; those who left did so some time ago."""
    respite, end = left and agency.dice.chance(60), min(start + agency.dice.between(14, 60) * DAY, -2 * DAY)
    agency.add("bookings", start - 5 * DAY, end if left else start, booking_type="service_user", check_in=True,
               checkout=left, start_date=agency.on(start), end_date=agency.on(end) if left else None,
               location=room["location"], rate=list(room["rates"].values())[3 if respite else 0],
               rate_period="weekly", respite=respite,
               reason_for_checkout=agency.dice.pick(agency.groups("leave_reason"))["_id"] if left else None,
               room=room["_id"], service_user=person["_id"])
    if left:
        person |= {"status": "inactive", "deactivated": agency.at(end)}
        person["modified"] = max(person["modified"], person["deactivated"])


def live(agency: Agency) -> None:
    """What happens in the homes: absences, complaints, rooms out of service."""
    dice = agency.dice
    for at, person in enumerate(agency.made["service-users"]):
        if at % 5 == 1 and person["status"] == "active":
            starts = agency.office(28, 3)
            away = dice.chance(30)
            agency.add("absences", starts - DAY, starts=agency.at(starts), location=person["location"],
                       ends=None if away else agency.at(min(starts + dice.between(1, 6) * DAY, -3600)),
                       notes=dice.pick(places.ABSENCES), service_user=person["_id"],
                       with_family_or_friend=dice.chance(50),
                       reason_for_absence=dice.pick(agency.groups("absence_reason"))["_id"], with_other="")
        if at % 9 == 2:
            complaint(agency, person, at)
    for room in agency.made["rooms"][:: 40]:
        start = agency.office(20, 5)
        agency.add("bookings", start, booking_type="out_of_service", start_date=agency.on(start),
                   location=room["location"], end_date=agency.on(start + 14 * DAY), notes="Redecoration",
                   room=room["_id"])


def complaint(agency: Agency, person: Record, at: int) -> None:
    dice = agency.dice
    reported, closed = agency.office(25, 9), dice.chance(60)
    answered = reported + 7 * DAY if closed else reported
    agency.add("complaints", reported, answered, complaint_reported_date=agency.on(reported),
               location=person["location"],
               notes=dice.pick(places.COMPLAINTS), outcome=dice.pick(OUTCOMES) if closed else None,
               outcome_reported_date=agency.on(answered) if closed else None, ref=f"CO{at:05}",
               referred_to_other_bodies=dice.chance(5), service_user=person["_id"],
               subject_matter=dice.pick(agency.groups("complaint_subject_matter"))["_id"])
