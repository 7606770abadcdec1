"""The order of checks before a handler runs. HQ source: corehq/apps/api/resources/meta.py, auth.py,
decorators.py.

Tastypie resources: route, domain, plan, method, login, membership, permission, throttle. Function views:
OPTIONS, login, membership, permission, plan, throttle, method.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from mocksrv.call import Refusal
from mocksrv.operation import Operation
from mocksrv.vendors.commcare.access import authentication, domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import Text, failed
from mocksrv.vendors.commcare.tastypie import throttle

if TYPE_CHECKING:
    from mocksrv.world import World

CUT_OFF = ("API access has been temporarily cut off due to too many requests.  "
           "To re-enable, please contact support.")
NO_PLAN = "Your current subscription does not have access to this feature"
CORS = [("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Headers", "Content-Type, Authorization, X-Requested-With")]
# Behind a resource and its version, in either order.
BESIDE = re.compile(r"(?:/a/[^/]+)?/api/[^/]+/[^/]+/(?:schema|set/[^\n]*)/")
NOT_FOUND = """
<!doctype html>
<html lang="en">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"""


def before_login(world: World, call: Call, candidates: list[Operation]) -> None:
    """All that comes before the login. Raises Refusal."""
    if not candidates:
        raise no_route(call)
    call.subject = candidates[0]
    allowed = ", ".join(dict.fromkeys(op.method for op in candidates)) if call.operation or call.allowed else ""
    if call.traits["kind"] == "view":
        only_post = call.traits.get("method_error") == "empty"
        if only_post and call.operation is None and not call.traits.get("login_first"):
            raise wrong_method(allowed)
        if call.method == "OPTIONS" and call.operation is None and not only_post:
            listed = call.traits.get("options", f"OPTIONS, {allowed}, OPTIONS")
            raise Refusal(200, headers=[("Allow", listed), ("Access-Control-Allow-Methods", listed), *CORS])
        call.methods = allowed
        return
    method = call.header("x-http-method-override").upper() or call.method
    if beside(call):
        allowed, wrong = "GET", method != "GET"
    else:
        check_domain(world, call)
        wrong = call.operation is None
    if wrong:
        call.operation = None
    if wrong and method == "OPTIONS":
        raise Refusal(200, Text(allowed), [("Allow", allowed), *CORS, ("Access-Control-Allow-Methods", allowed)])
    if wrong:
        raise Refusal(405, Text(allowed), [("Allow", allowed)],
                      diagnosis=None if allowed else "this resource has no list: ask for one object by its id")


def beside(call: Call) -> bool:
    """Whether a resource's path is tastypie's `schema/` or `set/`. They take GET only, and HQ's own `dispatch`, which
    looks at domain and plan, is not on their way.
    """
    return BESIDE.fullmatch(call.path) is not None


def wrong_method(allowed: str) -> Refusal:
    """Django's require_POST, which mostly runs before the login and refuses OPTIONS."""
    return Refusal(405, headers=[("Allow", allowed)])


def no_route(call: Call) -> Refusal:
    """The answer to a path that no operation has."""
    if slash := call.slashed:
        query = f"?{call.query_string}" if "?" in call.target else ""
        location = call.prefix + quote(slash, safe="/:@!$&'()*+,;=~-._") + query
        return Refusal(301, headers=[("Location", location)])
    parts = call.path.split("/")
    if len(parts) == 6 and parts[1] == "a" and parts[3] == "api" and parts[4][:3] == "v0." and not parts[5]:
        return Refusal(404)  # tastypie's index of resources, which HQ has turned off
    return Refusal(404, Text(NOT_FOUND))


def check_domain(world: World, call: Call) -> None:
    """Whether the domain may use the API at all; a domain that does not exist may not."""
    name = domain_of(call)
    if name is None or call.traits.get("plain"):
        return
    domain = domains.find(world, name)
    if domain is not None and domains.listed(world, "blocked", name):
        raise Refusal(401, {"error": CUT_OFF})
    if domain is None or domains.listed(world, "no_plan", name):
        raise Refusal(401, {"error": NO_PLAN}, diagnosis=unknown(world, name) if domain is None else
                      f"the plan of the domain {name!r} has no API access")


def unknown(world: World, name: str) -> str:
    """The diagnosis for a domain that does not exist; HQ answers it like one whose plan lacks the API."""
    known = ", ".join(sorted(world.table("commcare.domains").ids()))
    return f"there is no domain {name!r}; there are {known}"


def domain_of(call: Call) -> str | None:
    """The domain in the path, even if the method is wrong and the router gives no parameters."""
    if call.operation is None and "domain" not in call.params:
        matches = (pattern.fullmatch(call.path) for pattern in (call.subject.patterns if call.subject else ()))
        call.params = next((match.groupdict() for match in matches if match), {})
    return call.params.get("domain")


def login(world: World, call: Call) -> None:
    """Authenticate the caller."""
    traits = call.traits
    if traits.get("auth") == "none":
        return
    try:
        call.caller = authentication.authenticate(world, call, default=traits.get("challenge", "digest"))
    except Refusal as refusal:
        swallowed = traits.get("login_failure")
        if swallowed is None or refusal.status == 500:
            raise
        raise Refusal(401, swallowed or None, diagnosis=refusal.diagnosis) from None
    if "login_failure" in traits and call.caller.kind == "mobile":
        raise Refusal(401, traits["login_failure"] or None, diagnosis="mobile workers may not ask this")


def after_login(world: World, call: Call) -> None:
    """Membership, permission, plan, throttle; then the method, for function views."""
    traits = call.traits
    view = traits["kind"] == "view"
    name = domain_of(call)
    if traits.get("auth") != "none" and name is not None:
        authentication.require_member(world, call, mobile=view,
                            permission=call.subject.permission if call.subject else None, html=view)
        if view:
            check_domain(world, call)
    if traits.get("auth") != "none" and traits.get("throttled", True):
        throttle.check(world, call, count=view)
    if not view and beside(call) and not (call.operation and call.operation.traits["inside"]):
        raise failed("tastypie's schema and set routes fail on CommCare HQ")
    if call.operation is None:
        allowed = call.methods
        if traits.get("method_error") == "empty":
            raise wrong_method(allowed)
        raise Refusal(405, {"error": "Request method not allowed"})
