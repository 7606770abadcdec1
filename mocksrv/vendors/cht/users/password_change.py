"""`password_change_required` of accounts: users whose password somebody else has set must change it at the next login.

CHT 5.2 source, shared-libs/user-management/src/users.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

FIELD, MAY_SKIP = "password_change_required", "can_skip_password_change"


def marked(world: World, user: dict[str, Any], given: Any, *, generated: bool, others: bool) -> dict[str, Any]:
    """A `_users` document with a new password, marked if that must be changed.

    `given` is what the request says of it, of which false alone counts; nobody knows a `generated` password; `others`:
    it was set by somebody who may change the accounts of others.
    """
    if not releases.PASSWORD_CHANGE.holds(world) or not javascript.truthy(user.get("password")):
        return user
    roles = user["roles"] if isinstance(user.get("roles"), list) else []
    required = others and not generated and given is not False and not app_settings.allows(world, roles, MAY_SKIP)
    made: dict[str, Any] = {}
    for name, value in user.items():  # its place is after the type
        if name in ("known", "roles"):
            made.setdefault(FIELD, required)
        if name != FIELD:
            made[name] = value
    return made if FIELD in made else {**made, FIELD: required}
