"""The made-up agency: every record fits the catalogue, every reference resolves, dates and sums are consistent."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mocksrv.clock import Clock
from mocksrv.config import Config
from mocksrv.vendors.carehq import schemas, vendor
from mocksrv.vendors.carehq.catalogue import RESOURCES
from mocksrv.worlds import Worlds

NOW = "2026-03-04 12:30:00"


def planted(size, seed=1, when=NOW):
    """All records of a new world, by resource and id, on a day of its own."""
    worlds = Worlds([vendor], Config(vendor=("carehq",), size=0, seed=seed))
    world = worlds["default"]
    world.clock = Clock()
    world.clock.freeze()
    world.clock.set(datetime.fromisoformat(when).replace(tzinfo=UTC))
    vendor.seed(world, size)
    return {slug: {record["_id"]: dict(record) for record in world.table(resource.table).all()}
            for slug, resource in RESOURCES.items()}


@pytest.fixture(scope="module")
def agency():
    return planted(400)


def every(agency):
    return ((RESOURCES[slug], record) for slug, records in agency.items() for record in records.values())


def test_it_is_as_large_as_promised(agency):
    small = planted(50)
    assert len(small["care-enquiries"]) == 50
    assert len(agency["care-enquiries"]) == 400
    assert len(small["locations"]) >= 12
    assert len(small["users"]) >= 5
    assert len(small["service-users"]) >= 25
    assert min(len(records) for records in small.values()) >= 2
    kinds = Counter(group["group_type"] for group in small["groups"].values())
    assert kinds["sales_channel"] >= 12
    assert kinds.keys() == set(RESOURCES["groups"].attributes["group_type"].of)
    stages = Counter(enquiry["stage"] for enquiry in small["care-enquiries"].values())
    assert stages.keys() == set(RESOURCES["care-enquiries"].attributes["stage"].of)


def test_every_record_fits_its_schema(agency):
    for resource, record in every(agency):
        assert list(record) == list(resource.attributes), resource.slug
        assert schemas.record_schema(resource)().validate(record) == {}, (resource.slug, record)


def test_every_reference_resolves(agency):
    for resource, record in every(agency):
        for attribute in resource.references:
            held = record[attribute.name]
            ids = held or [] if attribute.many or attribute.kind == "hash" else [held] if held else []
            for id in ids:
                target = agency[attribute.to][id]
                if attribute.group_type:
                    assert target["group_type"] == attribute.group_type, (resource.slug, attribute.name)


def test_what_is_unique_is_unique(agency):
    for resource in RESOURCES.values():
        for attribute in (*resource.unique, *(a for a in resource.attributes.values() if a.name in ("ref", "number"))):
            held = [r[attribute.name] for r in agency[resource.slug].values() if r[attribute.name]]
            if resource.slug != "invoices" or attribute.name != "ref":
                assert len(held) == len(set(held)), (resource.slug, attribute.name)


def test_ids_tell_when_a_record_was_made(agency):
    for _, record in every(agency):
        made = datetime.fromtimestamp(int(record["_id"][:8], 16), UTC)
        assert made.replace(tzinfo=None).isoformat(" ") == record["created"]


def test_nothing_happened_in_the_future(agency):
    for resource, record in every(agency):
        assert record["created"] <= record["modified"] <= NOW, resource.slug
    for enquiry in agency["care-enquiries"].values():
        assert enquiry["received"] <= enquiry["last_interaction"] <= NOW
    for slug in ("home-visits", "assessments"):
        for visit in agency[slug].values():
            assert visit["created"] < visit["date_time"]
            assert (visit["completed"] or "") <= NOW
            assert agency["care-enquiries"][visit["care_enquiry"]]["created"] <= visit["created"]


def test_enquiries_are_what_their_stage_says(agency):
    homes, people = agency["locations"], agency["service-users"]
    for enquiry in agency["care-enquiries"].values():
        assert (enquiry["stage"] == "closed") == bool(enquiry["reason_for_closing"])
        if enquiry["location"]:
            assert enquiry["service"] in homes[enquiry["location"]]["services"]
        if enquiry["stage"] == "placed":
            assert people[enquiry["service_user"]]["location"] == enquiry["location"]


def test_nobody_shares_a_room(agency):
    stays = {}
    for booking in agency["bookings"].values():
        if booking["booking_type"] == "service_user":
            room = agency["rooms"][booking["room"]]
            person = agency["service-users"][booking["service_user"]]
            assert room["location"] == booking["location"] == person["location"]
            stays.setdefault(booking["room"], []).append((booking["start_date"], booking["end_date"] or "9999"))
    for held in stays.values():
        held.sort()
        assert all(end <= start for (_, end), (start, _) in pairwise(held)), held


def test_invoices_add_up_and_follow_from_their_contract(agency):
    contracts = {c["invoice_ref"]: c for c in agency["billing-contracts"].values()}
    for invoice in agency["invoices"].values():
        contract = contracts[invoice["ref"]]
        assert invoice["subtotal"] + invoice["total_tax"] == invoice["total"] > 0
        assert invoice["balance"] == (0 if invoice["paid"] else invoice["total"])
        assert (invoice["service_user_contact"], invoice["location_contact"]) == (
            contract["service_user_contact"], contract["location_contact"])
        assert invoice["service_users"] == [contract["service_user"]]
        assert invoice["issue_date"] < invoice["due_date"]
        assert invoice["paid"] == bool(invoice["paid_date"])
        days, extra = divmod(invoice["subtotal"], contract["fee_contribution"] // 7)
        assert days <= 28 + 3
        assert extra == 0 or invoice["total_tax"] * 5 in (0, 2500)


def test_personal_data_of_the_anonymized_is_gone(agency):
    gone = [r for slug in ("care-enquiries", "service-users") for r in agency[slug].values() if r["anonymized"]]
    assert gone
    for record in gone:
        for name in ("first_name", "last_name", "email", "phone", "mobile", "dob", "nhs_number", "street_address"):
            assert not record.get(name)


def test_the_same_seed_gives_the_same_bytes(agency):
    assert planted(400) == agency
    assert planted(400, when="2026-03-04 20:00:00") == agency
    assert planted(400, seed=2).keys() == agency.keys()
    assert planted(400, seed=2) != agency
