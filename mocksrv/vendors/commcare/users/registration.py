"""Registration of mobile workers by SMS. HQ source: corehq/apps/sms/resources/v0_5.py.

The messages are not stored: outgoing messages are seen through messaging-event only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import bad_request
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import NewRegistrations, Registration
from mocksrv.vendors.commcare.tastypie import deserializer
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

NUMBER = re.compile(r"\+?[0-9]{7,15}")


@vendor.resource("POST", "sms_user_registration", "v0.5", permission="edit_commcare_users", response=Registration,
                 statuses=(200, 400), source="commcare-hq corehq/apps/sms/resources/v0_5.py", proof="source",
                 body=NewRegistrations)
def register_by_sms(world: World, call: Call) -> dict[str, list[str]]:
    """Invite phone numbers to register; sorts them into invited, malformed and taken ones."""
    data, domain = deserializer.load_object(call), call.params["domain"]
    for name in ("app_id", "users"):
        if name not in data:
            raise bad_request(f"{name} is a required field")
    if not isinstance(data["app_id"], str) or owned(world, "commcare.apps", data["app_id"], domain) is None:
        raise bad_request("Invalid app_id specified")
    if not isinstance(data["users"], list) or not all(isinstance(user, dict) for user in data["users"]):
        raise bad_request("Expected a list of objects in users")
    taken = {number for user in world.table("commcare.users").all() if user["domain"] == domain
             for number in user["phone_numbers"]}
    found: dict[str, list[str]] = {"success_numbers": [], "invalid_format_numbers": [], "numbers_in_use": []}
    for user in data["users"]:
        number = str(user.get("phone_number"))
        found[kind_of(number, taken)].append(number)
    return found


def kind_of(number: str, taken: set[Any]) -> str:
    if not NUMBER.fullmatch(number):
        return "invalid_format_numbers"
    return "numbers_in_use" if number.removeprefix("+") in taken else "success_numbers"
