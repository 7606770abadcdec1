"""Signing in with an OpenID Connect provider, from release 4.20 on; and a simulated provider.

The provider is there under any `discovery_url` (nothing is fetched), unless its port is 9 or the setting `cht.oidc`
says none. A code is base64url of the claims in JSON, `{"email": ...}`: so tests make their own. Browsers get one where
the `discovery_url` is this server with the path /realms/NAME, as Keycloak has it: a page of the accounts, without
passwords.
CHT 5.2 source, api/src/services/sso-login.js, api/src/controllers/login.js.
"""

from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from marshmallow import Schema, fields

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import cookies, documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.sessions import login
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.sms import credentials
from mocksrv.vendors.cht.users import accounts, sso, token_login
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LOGIN, SECRET, DISCARD = "/medic/login/oidc", "oidc:client-secret", 9
REALM = "/realms/{realm}"
URI = "!#$%&'()*+,/:;=?@[]~"  # characters that stay unencoded, besides letters, digits and -._ (RFC 3986, 2.2)
WELL_KNOWN = "/.well-known/openid-configuration"  # a discovery_url may have it, and the issuer's address is before it
KEYCLOAK = "/protocol/openid-connect/auth"
FAILED, UNKNOWN = "loginerror", "ssouserinvalid"
SOURCE = "CHT 5.2 source, api/src/services/sso-login.js; recorded from 5.2.0 with a stand-in provider"
OWN = "OpenID Connect Discovery 1.0; the provider is the mock's own, with the paths of Keycloak"


class Code(Schema):
    code = fields.String(metadata={"description": "base64url of the claims in JSON"})


class Asked(Schema):
    redirect_uri = fields.String(required=True)
    login_hint = fields.String(metadata={"description": "who signs in: no page then, but the way back at once"})


class Failed(Exception):
    """The sign-in failed; the text is the reason, of which the user sees one of two words."""

    def __init__(self, why: str, word: str = FAILED) -> None:
        super().__init__(why)
        self.word = word


# --- the API's side ------------------------------------------------------------------------------------------


def configuration(world: World) -> Mapping[str, Any]:
    """The provider's configuration in the settings. Raises Failed if something is missing."""
    found = app_settings.read(world).get("oidc_provider")
    provider = found if isinstance(found, dict) else {}
    missing = [name for name in ("discovery_url", "client_id") if not isinstance(provider.get(name), str)]
    if not token_login.app_url(world):
        missing.insert(0, "app_url")
    if missing:
        raise Failed(f"the app settings lack {', '.join(missing)} (of oidc_provider)")
    if not credentials.read(world, SECRET):
        raise Failed(f"there is no secret: PUT /api/v1/credentials/{SECRET}")
    if not answers(world, provider["discovery_url"]):
        raise Failed(f"no provider is at {provider['discovery_url']}")
    return provider


def answers(world: World, url: str) -> bool:
    """Whether the provider can be reached there."""
    try:
        parts = urlsplit(url)
        return world.setting("cht.oidc") == "own" and bool(parts.hostname) and parts.port != DISCARD
    except ValueError:
        return False


@vendor.operation("GET", f"{LOGIN}/authorize", name="sso_authorize", since="4.20", anonymous=True, limited=True,
                  produces="text/html", statuses=(302, 429, 500), proof="source", source=SOURCE)
def authorize(world: World, call: Call) -> Any:
    """Begin to sign in: the provider's address as the body of a 302 without a Location."""
    try:
        provider = configuration(world)
    except Failed as why:
        errors.server_error(diagnosis=str(why))
    url = provider["discovery_url"].rstrip("/").removesuffix(WELL_KNOWN)
    way = KEYCLOAK if "/realms/" in url else "/authorize"
    back = token_login.app_url(world).rstrip("/") + LOGIN
    query = {"redirect_uri": back, "scope": "openid email", "client_id": provider["client_id"], "response_type": "code"}
    return Reply(f"{url}{way}?{urlencode(query)}", 302)


@vendor.operation("GET", LOGIN, name="sso_login", since="4.20", anonymous=True, query=Code, statuses=(302,),
                  proof="source", source=SOURCE)
def sso_login(world: World, call: Call) -> Any:
    """Sign in with a code of the provider: on to the application, or back to the login page with `sso_error`."""
    try:
        claims = claims_of(world, call.arg("code"), configuration(world))
        caller = account_of(world, claims["email"])
    except Failed as why:
        call.diagnose(str(why))
        return rendering.redirect(call, f"{rendering.LOGIN}?sso_error={why.word}")
    user = auth.find_user(world, caller.name)
    assert user is not None, "it was found by its name at the provider"
    headers = [("Set-Cookie", f"AuthSession={cookies.make(world, user)}; Path=/; HttpOnly; SameSite=Lax"),
               login.user_context(world, caller), login.cleared(world),
               login.locale_cookie(world, language(world, claims.get("locale")))]
    return rendering.redirect(call, login.home(world, caller), headers=headers)


def claims_of(world: World, code: str | None, provider: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's claims about the user. Raises Failed."""
    try:
        claims = json_text.loads(base64.urlsafe_b64decode((code or "") + "=" * (-len(code or "") % 4)))
    except (binascii.Error, ValueError):
        raise Failed("the provider refuses the code: it must be base64url of claims in JSON") from None
    if not isinstance(claims, dict):
        raise Failed("the claims are no object")
    if claims.get("aud", provider["client_id"]) != provider["client_id"]:
        raise Failed("the claim `aud` is another client")
    ends = claims.get("exp")
    if ends is not None and not (isinstance(ends, int | float) and ends > world.clock.time()):
        raise Failed("the claim `exp` is over")
    if not isinstance(claims.get("email"), str) or not claims["email"]:
        raise Failed("there is no claim `email`")
    return claims


def account_of(world: World, email: str) -> auth.Caller:
    """The account of that name at the provider. Raises Failed."""
    user = next(iter(sso.of_username(world, email)), None)
    if user is None or not user.get("salt"):
        raise Failed(f"no account has the {accounts.OIDC} {email}", UNKNOWN)
    return auth.Caller(user["name"], tuple(user.get("roles") or ()))


def language(world: World, wanted: Any) -> str:
    """The language that the provider names if it is switched on, else the first that is."""
    found = app_settings.read(world).get("languages")
    known = [one.get("locale") for one in (found if isinstance(found, list) else ())
             if isinstance(one, dict) and one.get("enabled") is not False]
    names = [name for name in known if isinstance(name, str)]
    return wanted if wanted in names else names[0] if names else "en"


# --- the provider's side -------------------------------------------------------------------------------------


@vendor.operation("GET", REALM + WELL_KNOWN, name="sso_provider_configuration", since="4.20",
                  anonymous=True, proof="docs", source=OWN)
def provider_configuration(world: World, call: Call) -> dict[str, Any]:
    """The discovery document of the simulated provider."""
    issuer = f"{call.base_url}{REALM.format(realm=call.params['realm'])}"
    return {"issuer": issuer, "authorization_endpoint": issuer + KEYCLOAK, "response_types_supported": ["code"],
            "scopes_supported": ["openid", "email"]}


@vendor.operation("GET", f"{REALM}{KEYCLOAK}", name="sso_provider_page", since="4.20", anonymous=True, query=Asked,
                  produces="text/html", statuses=(200, 302, 400), proof="docs", source=OWN)
def provider_page(world: World, call: Call) -> Any:
    """The sign-in page of the simulated provider: a list of the accounts; with a login_hint, a redirect back."""
    back, hint = call.arg("redirect_uri"), call.arg("login_hint")
    if not back:
        return Reply("redirect_uri is missing", 400)
    if hint:
        return Reply(b"", 302, [("Location", way_back(back, hint))])
    users = documents.database(world, "_users")
    names = sorted({user[accounts.OIDC] for user in users.each() if isinstance(user.get(accounts.OIDC), str)})
    links = "".join(f'<li><a href="{html.escape(way_back(back, name))}">{html.escape(name)}</a></li>\n'
                    for name in names if name)
    return Reply(f"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Who are you?</h1>\n<ul>\n"
                 f"{links or 'No account has an oidc_username.'}</ul></body></html>\n")


def way_back(uri: str, email: str) -> str:
    """The redirect_uri with a code for the account; characters that a URI cannot contain, such as line breaks, stay
    encoded.
    """
    code = base64.urlsafe_b64encode(json_text.dumps({"email": email})).decode().rstrip("=")
    return f"{quote(uri, safe=URI)}{'&' if '?' in uri else '?'}{urlencode({'code': code})}"
