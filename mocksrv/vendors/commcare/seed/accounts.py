"""Accounts that every world has: the domain `exi-training` as it answered in 2015, `demo`, and who may log in.

Besides the administrator there are accounts and keys that are refused, each for one reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.form_processor import processing
from mocksrv.vendors.commcare.form_processor.processing import Submission

if TYPE_CHECKING:
    from mocksrv.world import World

ADMIN = "brudolph@dimagi.com"
PASSWORD = "password"
KEY = "0123456789abcdef0123456789abcdef01234567"
BEGAN = "2015-11-01T08:00:00.000000Z"
WORKER = "1f77c0c3e6993b74592b59ccf5d3320c"
MILK = "582b7655-8ef3-4b20-be03-3a0fc222e258"
MILK_FORM = "a3cb2330-df25-4bd3-874e-7244385b6107"
CASES = "http://commcarehq.org/case/transaction/v2"
META = "http://openrosa.org/jr/xforms"

# username -> id, first and last name, active, domain -> role ("Admin" may do everything)
WEB_USERS: dict[str, tuple[str, str, str, bool, dict[str, str]]] = {
    ADMIN: ("b8a1f4f2c1d94f27a4d2b6f0a5d7c3e1", "Ben", "Rudolph", True, {"exi-training": "Admin", "demo": "Admin"}),
    "editor@example.org": ("c0ffee00000000000000000000000001", "Edith", "Moyo", True, {"demo": "App Editor"}),
    "reader@example.org": ("c0ffee00000000000000000000000002", "Rita", "Banda", True, {"demo": "Read Only"}),
    "stranger@example.org": ("c0ffee00000000000000000000000003", "Stan", "Phiri", True, {"exi-training": "Admin"}),
    "left@example.org": ("c0ffee00000000000000000000000004", "Lena", "Zulu", False, {"demo": "Admin"}),
}
MOBILE = "amina@demo.commcarehq.org"
MOBILE_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
# key -> owner, and what is special about it
KEYS: dict[str, tuple[str, dict[str, Any]]] = {
    KEY: (ADMIN, {}),
    "1" * 40: (ADMIN, {"active": False}),
    "2" * 40: (ADMIN, {"expires": "2020-01-01T00:00:00.000000Z"}),
    "3" * 40: (ADMIN, {"ips": ["192.0.2.1"]}),
    "4" * 40: (ADMIN, {"domain": "exi-training"}),
    "5" * 40: (ADMIN, {"role": "Read Only"}),
    "a" * 40: ("editor@example.org", {}),
    "b" * 40: ("reader@example.org", {}),
    "c" * 40: ("stranger@example.org", {}),
    "d" * 40: ("left@example.org", {}),
    "e" * 40: (MOBILE, {}),
}


def member(role: str) -> dict[str, Any]:
    """A web user's membership in one domain."""
    return {"role": role, "is_admin": role == "Admin", "is_active": True, "primary_location_id": "",
            "assigned_location_ids": [], "profile": "", "user_data": {}, "tableau_role": "Un-licensed",
            "tableau_groups": []}


def mobile_user(id: str, domain: str, name: str, first: str, last: str, **given: Any) -> dict[str, Any]:
    """A mobile worker's document."""
    return {"id": id, "domain": domain, "username": f"{name}@{domain}.commcarehq.org", "password": PASSWORD,
            "first_name": first, "last_name": last, "email": "", "language": "en", "phone_numbers": [],
            "default_phone_number": None, "user_data": {}, "active": True, "role": "Mobile Worker",
            "location_id": None, "location_ids": [], "user_location_id": None, "created_on": BEGAN,
            "last_modified": BEGAN, **given}


def accounts(world: World) -> None:
    """Both domains, who may log in, and all of `exi-training`."""
    for domain in (domains.make("exi-training", "EXI Training"), domains.make("demo", "Demo")):
        world.table("commcare.domains").insert(domain["name"], domain)
    for username, (id, first, last, active, roles) in WEB_USERS.items():
        world.table("commcare.web_users").insert(id, {
            "id": id, "username": username, "password": PASSWORD, "first_name": first, "last_name": last,
            "email": username, "phone_numbers": [], "default_phone_number": None, "active": active,
            "memberships": {name: member(role) for name, role in roles.items()}, "last_modified": BEGAN})
    users = world.table("commcare.users")
    users.insert(WORKER, mobile_user(WORKER, "exi-training", "ben", "Ben", "Rudolph"))
    users.insert(MOBILE_ID, mobile_user(MOBILE_ID, "demo", "amina", "Amina", "Otieno", email="amina@example.org",
                                        phone_numbers=["254700000001"], default_phone_number="254700000001"))
    ids = {username: row[0] for username, row in WEB_USERS.items()} | {MOBILE: MOBILE_ID}
    for key, (owner, special) in KEYS.items():
        world.table("commcare.keys").insert(key, {
            "key": key, "user_id": ids[owner], "active": True, "expires": None, "ips": [], "domain": None,
            "role": None, **special})
    processing.load(world, [milk()])


def milk() -> Submission:
    """The one form of `exi-training`, which made its one case."""
    opened = "2015-11-27T19:34:33.987000Z"
    form = {
        "#type": "data", "@name": "Register Milk", "@uiVersion": "1", "@version": "1",
        "@xmlns": "http://openrosa.org/formdesigner/EXI-MILK",
        "case": {
            "@case_id": MILK, "@date_modified": opened, "@user_id": WORKER, "@xmlns": CASES,
            "create": {"case_name": "whole_milk", "case_type": "milk", "owner_id": WORKER},
            "update": {"number_of_bottles": "2"}},
        "meta": {"@xmlns": META, "deviceID": "cloudcare", "instanceID": MILK_FORM, "timeEnd": opened,
                 "timeStart": "2015-11-27T19:34:10.000000Z", "userID": WORKER, "username": "ben"},
        "number_of_bottles": "2",
    }
    return Submission("exi-training", form, received_on="2015-11-27T19:34:34.814767Z", user_id=WORKER,
                      submit_ip="127.0.0.1", is_phone_submission=True)


def credentials(world: World, base_url: str) -> list[dict[str, Any]]:
    """The credentials of a new world."""
    return [{"base_url": base_url, "username": ADMIN, "password": PASSWORD, "api_key": KEY,
             "domains": "exi-training, demo"}]
