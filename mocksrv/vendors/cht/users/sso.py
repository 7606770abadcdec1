"""Accounts that sign in with an OpenID Connect provider: checks of their `oidc_username`.

CHT 5.2 source, shared-libs/user-management/src/sso-login.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import app_settings, passwords
from mocksrv.vendors.cht.users import accounts
from mocksrv.world import World

FIELD = accounts.OIDC
AUTHENTICATION = (FIELD, "password", "token_login")


def enabled(world: World) -> bool:
    """Whether the app settings have a provider."""
    return javascript.truthy(app_settings.read(world).get("oidc_provider"))


def wanted(world: World, data: Mapping[str, Any]) -> bool:
    """Whether an account is to sign in at the provider."""
    return releases.SSO.holds(world) and javascript.truthy(data.get(FIELD))


def of_username(world: World, name: Any) -> list[Mapping[str, Any]]:
    """The accounts with that name at the provider."""
    return list(documents.database(world, "_users").by("by_oidc_username", json_text.text(name)))


def check(world: World, account: accounts.Data) -> None:
    """Refuse properties that conflict with an `oidc_username`; else the account gets a password that nobody knows.

    `account` is the request for a new account, or the document of a changed one; the token of such a document is an
    object.
    """
    if not wanted(world, account):
        return
    if javascript.truthy(account.get("password")) or account.get("token_login") is True:
        errors.fail(400, "Cannot set password or token_login with oidc_username.")
    if not enabled(world):
        errors.fail(400, "Cannot set oidc_username when OIDC Login is not enabled.",
                    diagnosis="the app settings have no oidc_provider")
    name = account[FIELD]
    other = next((one["_id"] for one in of_username(world, name) if one["_id"] != account.get("_id")), None)
    if other:
        accounts.refuse(f"The oidc_username [{javascript.text(name)}] already exists for user [{other}].",
                        "user.sso.username.duplicate")
    account["password"] = passwords.generate(world)


def check_update(world: World, data: Mapping[str, Any], user: accounts.Data) -> None:
    """The same for a changed account, if anything about signing in is changed.

    One that logs in by SMS may change to the provider in the same request that ends that, with `token_login: false`.
    CHT 5.x, tests/integration/api/controllers/users.spec.js.
    """
    if not releases.SSO.holds(world) or not any(name in data for name in AUTHENTICATION):
        return
    by_token = javascript.truthy(user.get("token_login")) and data.get("token_login") is not False
    if javascript.truthy(user.get(FIELD)) and (by_token or javascript.truthy(data.get("token_login"))):
        errors.fail(400, "Cannot set token_login with oidc_username.")
    check(world, user)
