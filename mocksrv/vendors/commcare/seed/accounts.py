"""Accounts that every world has: the domain `exi-training` as it answered in 2015, `demo`, and who may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare import domains

if TYPE_CHECKING:
    from mocksrv.world import World

ADMIN = "brudolph@dimagi.com"
PASSWORD = "password"
KEY = "0123456789abcdef0123456789abcdef01234567"
ADMIN_ID = "b8a1f4f2c1d94f27a4d2b6f0a5d7c3e1"
BEGAN = "2015-11-01T08:00:00.000000Z"
WORKER = "1f77c0c3e6993b74592b59ccf5d3320c"
MILK = "582b7655-8ef3-4b20-be03-3a0fc222e258"
MILK_FORM = "a3cb2330-df25-4bd3-874e-7244385b6107"


def web_user(id: str, username: str, first: str, last: str, memberships: dict[str, Any]) -> dict[str, Any]:
    """A web user's document."""
    return {"id": id, "username": username, "password": PASSWORD, "first_name": first, "last_name": last,
            "email": username, "phone_numbers": [], "default_phone_number": None, "active": True,
            "memberships": memberships, "last_modified": BEGAN}


def member(role: str = "", *, is_admin: bool = False) -> dict[str, Any]:
    """What a web user is in one domain."""
    return {"role": "Admin" if is_admin else role, "is_admin": is_admin, "primary_location_id": "",
            "assigned_location_ids": [], "profile": "", "user_data": {}, "tableau_role": "Un-licensed",
            "tableau_groups": []}


def mobile_user(id: str, domain: str, name: str, first: str, last: str, **given: Any) -> dict[str, Any]:
    """A mobile worker's document."""
    return {"id": id, "domain": domain, "username": f"{name}@{domain}.commcarehq.org", "password": PASSWORD,
            "first_name": first, "last_name": last, "email": "", "language": "en", "phone_numbers": [],
            "default_phone_number": None, "user_data": {}, "active": True, "role": "Mobile Worker",
            "location_id": None, "location_ids": [], "created_on": BEGAN, "last_modified": BEGAN, **given}


def key(user_id: str, text: str, **given: Any) -> dict[str, Any]:
    """An API key's document."""
    return {"key": text, "user_id": user_id, "active": True, "expires": None, "ips": [], "domain": None,
            "role": None, **given}


def accounts(world: World) -> None:
    """Both domains, the administrator with his key, and all of `exi-training`."""
    both = {name: member(is_admin=True) for name in ("exi-training", "demo")}
    world.table("commcare.web_users").insert(ADMIN_ID, web_user(ADMIN_ID, ADMIN, "Ben", "Rudolph", both))
    world.table("commcare.keys").insert(KEY, key(ADMIN_ID, KEY))
    for domain in (domains.make("exi-training", "EXI Training", era="2015"), domains.make("demo", "Demo")):
        world.table("commcare.domains").insert(domain["name"], domain)
    world.table("commcare.users").insert(WORKER, mobile_user(WORKER, "exi-training", "ben", "Ben", "Rudolph"))
    opened, received = "2015-11-27T19:34:33.987000Z", "2015-11-27T19:34:34.814767Z"
    world.table("commcare.cases").insert(MILK, {
        "case_id": MILK, "domain": "exi-training", "case_type": "milk", "case_name": "whole_milk",
        "owner_id": WORKER, "external_id": "", "opened_by": WORKER, "closed_by": None, "user_id": WORKER,
        "date_opened": opened, "date_modified": opened, "server_date_opened": received,
        "server_date_modified": received, "closed": False, "date_closed": None, "indices": {},
        "properties": {"number_of_bottles": "2"}, "xform_ids": [MILK_FORM], "indexed_on": received,
    })


def credentials(world: World, base_url: str) -> list[dict[str, Any]]:
    """What clients need to log in."""
    return [{"base_url": base_url, "domains": ["exi-training", "demo"], "username": ADMIN, "password": PASSWORD,
             "api_key": KEY}]
