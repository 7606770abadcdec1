"""The account itself: option lists, codes and rates; the homes and their staff."""

from __future__ import annotations

from mocksrv.vendors.carehq.seed import places
from mocksrv.vendors.carehq.seed.base import DAY, Agency

FOUNDED = -900 * DAY  # when the account was set up
ROLES = ("manager", "deputy_manager", "administrator", "receptionist", "customer_relations_adviser")
PAYMENTS = ("Please pay within 14 days.", "Bank: Example Bank, sort code 00-00-00, account 00000000.",
            "Card payments by telephone.", "Cash at reception, against receipt.", "Cheques payable to {name}.")


def account(agency: Agency) -> None:
    groups(agency)
    for name, days in places.FUND_TYPES:
        agency.add("care-fund-types", FOUNDED, name=name, notification_period=days)
    for name in ("Amberley Care", "Hollybank Homes"):
        agency.add("brands", FOUNDED, name=name)
    rates = {code: agency.add("tax-rates", FOUNDED, tax_code=code, description=text, rate=rate)
             for code, text, rate in places.TAX_RATES}
    codes = {code: agency.add("nominal-codes", FOUNDED, nominal_code=code, description=text)
             for code, text in places.NOMINAL_CODES}
    for text, code, tax, contributions in places.ITEM_TYPES:
        agency.add("invoice-item-types", FOUNDED, description=text, invoice_line_item_description=text,
                   nominal_code=codes[code]["_id"], tax_rate=rates[tax]["_id"],
                   use_for_funding_types=list(contributions))
    for position, (code, name, _, funding) in enumerate(places.RATE_TYPES, 1):
        agency.add("room-rate-types", FOUNDED, code=code, name=name, position=position, rate_period="weekly",
                   quoted_rate=code == "STD", exclude_from_averages=code == "RESP", funding_types=list(funding),
                   duration_types=["respite"] if code == "RESP" else ["permanent"],
                   types_of_care=["residential", "residential_dementia", "nursing", "nursing_dementia"])


def groups(agency: Agency) -> None:
    """The option lists, parents before their children."""
    for group_type in sorted(places.GROUPS, key=lambda name: name in places.CHILDREN):
        names = places.GROUPS[group_type]
        above = places.CHILDREN.get(group_type)
        parents = agency.groups(above) if above else []
        for at, name in enumerate(names):
            agency.add("groups", FOUNDED + at, group_type=group_type, name=name, description="",
                       archived=name in places.ARCHIVED, protected=name in places.PROTECTED,
                       nominal_code="4300" if group_type == "ledger_expense_category" else None,
                       parent_group=parents[at % len(parents)]["_id"] if parents else None)


def homes(agency: Agency, count: int) -> None:
    """The locations, each with its local authority, its NHS board and its brochures."""
    regions, tags = agency.groups("location_group"), agency.groups("location_contact_tag")
    for at in range(count):
        town = places.TOWNS[at % len(places.TOWNS)]
        house, kind = places.HOUSES[at % len(places.HOUSES)], places.KINDS[(at // 3) % len(places.KINDS)]
        name = f"{house} {kind}" if at < len(places.HOUSES) else f"{house} {kind}, {town[0]}"
        created, inbox = FOUNDED + (at + 1) * DAY, f"{house}.{kind}{at}@example.org".lower()
        terms = dict(zip(("", "_bac", "_card", "_cash", "_cheque"), PAYMENTS, strict=True))
        address = agency.address(town)
        home = agency.add(
            "locations", created, agency.office(300, 20), name=name, ref=f"L{at + 1:03}", email=inbox,
            accepts_dementia=at % 4 != 3, app_number=agency.mobile(), brand=agency.made["brands"][at % 2]["_id"],
            company_name="Amberley Care Ltd", company_reg_no="00000000", groups=[regions[at % len(regions)]["_id"]],
            lon_lat=[town[3], town[4]], phone=agency.phone(), services=list(places.SERVICES[at % len(places.SERVICES)]),
            street_address=address, website=f"https://www.example.org/{house}-{kind}".lower(),
            invoices_address=address if at % 3 == 0 else None, invoices_email=f"accounts.{inbox}",
            **{f"invoice_payment_instructions{end}": text.format(name=name) for end, text in terms.items()})
        for tag, authority in zip(tags, places.AUTHORITIES, strict=False):
            agency.add("location-contacts", created + 3600, account_code=f"{home['ref']}{authority[:3].upper()}",
                       billing_enabled=True, company_name=f"{town[1]} {authority}", email=f"invoices{at}@example.net",
                       last_name=agency.dice.pick(agency.names["last"]), location=home["_id"], phone=agency.phone(),
                       tags=[tag["_id"]])
        agency.add("literature-items", created + 7200, file=f"/literature/{house}-{kind}.pdf".lower(),
                   ref=f"BR{at + 1:03}", location=home["_id"], name=f"{name} brochure")
    for at, name in enumerate(("Choosing a care home", "Paying for care", "Moving day", "Brochure of last year")):
        agency.add("literature-items", FOUNDED + at, name=name,
                   file=f"/literature/{name}.pdf".lower().replace(" ", "-"), ref=f"GEN{at + 1}", archived=at == 3)


def staff(agency: Agency) -> None:
    """An owner, regional managers, and a user or two for each home."""
    user(agency, 0, role="account_owner", owner_operator=True)
    for at, region in enumerate(agency.groups("location_group")[:3], 1):
        user(agency, at, role="regional_manager", location_groups=[region["_id"]])
    for at, home in enumerate(agency.made["locations"], 10):
        user(agency, at, role="location_user", location_role=ROLES[at % len(ROLES)], locations=[home["_id"]],
             suspended=at == 12, reason_for_suspension="Left the company" if at == 12 else None)


def user(agency: Agency, at: int, **values: object) -> None:
    person = agency.person()
    invited = FOUNDED + at * DAY + 9 * 3600
    agency.add("users", invited, agency.office(200, 1), first_name=person["first_name"], last_name=person["last_name"],
               email=f"{person['first_name']}.{person['last_name']}{at}@example.org".lower().replace(" ", ""),
               invited=agency.at(invited), invite_accepted=agency.at(invited + 5400), mobile=agency.mobile(),
               mfa_enabled=agency.dice.chance(60), notify_on_reply=True,
               notify_on_admission_or_discharge=agency.dice.chance(40), **values)
