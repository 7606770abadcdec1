"""Funds, contracts and invoices: what is billed follows from the contract, and totals add up."""

from __future__ import annotations

from datetime import date
from functools import cache

from mocksrv.vendors.carehq.seed import places
from mocksrv.vendors.carehq.seed.base import DAY, Agency, Record
from mocksrv.vendors.carehq.seed.setting_up import FOUNDED

PERIOD = 28  # days of a billing period
PERIODS = 2  # invoices of a contract
WEEK = 7
DUE = 14  # days after issue
TYPES = ("contribution", "local_authority", "contribution", "fnc", "contribution", "top_up")


def terms(agency: Agency) -> None:
    """The shared rulesets and schedules."""
    items = agency.made["invoice-item-types"]
    reasons = [group["_id"] for group in agency.groups("absence_reason")]
    for at, (name, funding) in enumerate((("Private", ["contribution", "top_up", "lifestyle"]),
                                          ("Local authority", ["local_authority", "block_bed", "dta_spot"]),
                                          ("NHS", ["fnc", "chc", "fpc"]), ("Private until 2024", ["contribution"]))):
        agency.add("billing-rulesets", FOUNDED + at, name=name, shared=True, archived=at == 3,
                   contribution_types=funding,
                   absent_discount_rate=20.0 if at == 0 else None, apply_absent_discount_after=14 if at == 0 else None,
                   apply_absent_discount_for=reasons[:1], billing_per="night" if at else "day",
                   days_billed_after_death=3,
                   days_after_death_invoice_item_type=items[0]["_id"], invoice_item_types=[items[at % 3]["_id"]])
    for at, (name, rule, length) in enumerate((("Every four weeks", "weeks", 4), ("Monthly", "monthly", None),
                                               ("Weekly", "weeks", 1))):
        agency.add("billing-schedules", FOUNDED + at, name=name, shared=True, billing_period_rule=rule,
                   billing_date_rule="days_from_billing_period", billing_date_value=1,
                   billing_period_day=1 if rule == "monthly" else None, billing_period_length=length,
                   billing_start_date=agency.on(FOUNDED), billing_timing="in_arrears",
                   due_date_rule="days_after_invoice_date", due_date_value=DUE)


def bill(agency: Agency) -> None:
    """A fund for every second service user, a contract for each booking, and its last invoices."""
    payers = {contact["service_user"]: contact for contact in agency.made["service-user-contacts"]}
    authorities = {contact["location"]: contact for contact in agency.made["location-contacts"][::-1]}
    people = {person["_id"]: person for person in agency.made["service-users"]}
    for at, stay in enumerate([b for b in agency.made["bookings"] if b["service_user"]]):
        person = people[stay["service_user"]]
        kind = TYPES[at % len(TYPES)]
        private = kind in ("contribution", "top_up")
        fund = care_fund(agency, person, at) if at % 2 == 0 else None
        deal = contract(agency, stay, person, kind, fund if private else None,
                        service_user_contact=payers[person["_id"]]["_id"] if private else None,
                        location_contact=None if private else authorities[person["location"]]["_id"])
        payer = payers[person["_id"]] if private else authorities[person["location"]]
        invoices(agency, stay, deal, payer, private)


def care_fund(agency: Agency, person: Record, at: int) -> Record:
    kind = agency.made["care-fund-types"][at % len(places.FUND_TYPES)]
    opened = agency.moment(person["created"]) + DAY
    return agency.add("care-funds", opened, care_fund_type=kind["_id"], description=kind["name"],
                      opening_balance=agency.dice.between(200, 4_000) * 10_000,
                      opening_balance_date=agency.on(opened), service_user=person["_id"])


def contract(agency: Agency, stay: Record, person: Record, kind: str, fund: Record | None,
             **payer: str | None) -> Record:
    items = {funding: item for item in agency.made["invoice-item-types"] for funding in item["use_for_funding_types"]}
    rules = {funding: rule for rule in agency.made["billing-rulesets"] if not rule["archived"]
             for funding in rule["contribution_types"]}
    return agency.add(
        "billing-contracts", agency.moment(stay["created"]) + 3600, billing_ruleset=rules[kind]["_id"],
        contribution_type=kind, billing_schedule=agency.made["billing-schedules"][0]["_id"],
        care_fund=fund["_id"] if fund else None,
        start_date=stay["start_date"], end_date=stay["end_date"], fee_contribution=stay["rate"] // WEEK * WEEK,
        fee_contribution_unit="week", invoice_item_type=items[kind]["_id"],
        line_item_description=items[kind]["description"], invoice_ref=person["ref"], location=person["location"],
        service_user=person["_id"], **payer)


def invoices(agency: Agency, stay: Record, deal: Record, payer: Record, private: bool) -> None:
    """One for each of the last billing periods that the stay touches."""
    for ago in range(PERIODS, 0, -1):
        first, last = -ago * PERIOD * DAY, (1 - ago) * PERIOD * DAY - DAY
        start = max(agency.on(first), deal["start_date"])
        end = min(agency.on(last), deal["end_date"] or agency.on(last))
        days = (day_number(end) - day_number(start)) + 1
        if days > 0:
            invoice(agency, stay, deal, payer, private, days, last + DAY)


@cache
def day_number(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def invoice(agency: Agency, stay: Record, deal: Record, payer: Record, private: bool, days: int, issued: int) -> None:
    """Care is exempt from tax; an extra hairdresser's bill is not."""
    dice, number = agency.dice, len(agency.made["invoices"]) + 1
    extra = 2_500 if private and dice.chance(20) else 0
    subtotal, tax = days * (deal["fee_contribution"] // WEEK) + extra, extra // 5
    issued = min(issued, -DAY) + 8 * 3600
    old = issued < -20 * DAY
    paid, draft = old and dice.chance(80), not old and dice.chance(30)
    settled = issued + dice.between(3, 14) * DAY if paid else issued
    company = payer.get("company_name")
    agency.add(
        "invoices", issued, settled, approved=not draft, balance=0 if paid else subtotal + tax, invoice_type="invoice",
        due_date=agency.on(issued + DUE * DAY), issue_date=agency.on(issued), exported=old, locked=old,
        in_dispute=not paid and old and dice.chance(30), location=stay["location"], number=f"INV-{number:06}",
        paid=paid,
        paid_date=agency.on(settled) if paid else None, ref=deal["invoice_ref"], sent=not draft,
        service_users=[stay["service_user"]],
        service_user_contact=payer["_id"] if private else None, location_contact=None if private else payer["_id"],
        subtotal=subtotal, total=subtotal + tax, total_tax=tax, to_account_code=payer["account_code"],
        to_address=payer.get("postal_address"), to_company_name=company, to_email=payer["email"],
        to_contact_name=" ".join(filter(None, (payer["first_name"], payer["last_name"]))),
        to_payment_method=payer.get("payment_method") or "bac")
