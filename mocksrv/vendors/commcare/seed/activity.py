"""What happened around the cases of `demo`: messages, rows of the data source, users' hours, device logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor.stores import TOP
from mocksrv.vendors.commcare.seed.tables import SOURCE

if TYPE_CHECKING:
    from mocksrv.world import World

Pair = tuple[str, dict[str, Any]]
MOST = 2000  # of each kind, however large the domain is


def fill(world: World, domain: str, size: int, workers: list[dict[str, Any]]) -> None:
    cases = world.table("commcare.cases")
    found = cases.range("by_type", (domain, "pregnant_mother"), (domain, "pregnant_mother", TOP), limit=MOST)
    mothers = [cases.peek(id) or {} for _, id in found]
    visits = list(enumerate((workers * (1 + size // 10))[: min(max(size // 2, 10), MOST)]))
    for table, pairs in {
        "data_rows": [row(mother) for mother in mothers],
        "events": [event(mother, number) for number, mother in enumerate(mothers, 1)],
        "actions": [action(world, domain, worker, number) for number, worker in visits],
        "device_logs": [device_log(world, domain, worker, number) for number, worker in visits[::5]],
    }.items():
        world.table(f"commcare.{table}").load_many(pairs)


def row(mother: Any) -> Pair:
    return f"{SOURCE}-{mother['case_id']}", {
        "source": SOURCE, "doc_id": mother["case_id"], "inserted_at": mother["indexed_on"],
        "values": {"name": mother["case_name"], "visits": int(mother["properties"]["visits"]),
                   "registered": dates.milliseconds(mother["date_opened"])}}


def event(mother: Any, number: int) -> Pair:
    """A reminder by SMS, every seventh by e-mail, every eleventh not delivered."""
    failed, email = number % 11 == 0, number % 7 == 0
    date = mother["server_date_opened"]
    message = {
        "message_id": 90_000 + number, "date": date, "date_modified": date, "type": "sms", "direction": "outgoing",
        "content": "Please come to the clinic.", "status": "error" if failed else "sent",
        "backend": "email" if email else "Demo SMS gateway",
        **({"email_address": f"mother{number}@example.org"} if email
           else {"phone_number": mother["properties"]["contact_phone_number"]}),
        **({"error_message": "Gateway error."} if failed else {}),
    }
    return str(10_000 + number), {
        "id": 10_000 + number, "domain": mother["domain"], "content_type": "email" if email else "sms", "date": date,
        "date_last_activity": date, "case_id": mother["case_id"],
        "error": {"code": "GATEWAY_ERROR", "message": "Gateway error.", "message_detail": None} if failed else None,
        "form": None, "messages": [message],
        "recipient": {"recipient_id": mother["case_id"], "type": "case", "name": mother["case_name"]},
        "source": {"source_id": "17", "type": "conditional-alert", "name": "Antenatal reminder"},
        "status": "error" if failed else "completed"}


def action(world: World, domain: str, worker: dict[str, Any], number: int) -> Pair:
    day = dates.text(dates.moment("2025-02-01T07:00:00.000000Z"))
    start = dates.before(day, hours=-number)
    return world.hex(), {
        "domain": domain, "start": start, "end": dates.before(start, minutes=-25), "user": worker["username"],
        "user_id": worker["id"]}


def device_log(world: World, domain: str, worker: dict[str, Any], number: int) -> Pair:
    id = world.hex()
    return id, {
        "id": id, "domain": domain, "date": dates.before("2025-02-01T07:00:00.123000Z", minutes=-number),
        "user_id": worker["id"], "username": worker["username"].partition("@")[0], "type": "login",
        "msg": "User logged in", "xform_id": world.uuid(), "device_id": f"demo-{worker['id'][:6]}",
        "app_version": "2.53.0"}
