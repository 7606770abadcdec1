"""Throttling of domains: 429. Off unless the setting `commcare.throttle` says otherwise.

HQ source: corehq/apps/api/resources/meta.py, corehq/apps/receiverwrapper/rate_limiter.py, corehq/project_limits (limits
grow with the number of users).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mocksrv.call import Refusal
from mocksrv.limits import Window
from mocksrv.vendors.commcare.call import Call

if TYPE_CHECKING:
    from mocksrv.world import World

# By what is counted, window in seconds: (per active user, constant). Requests have no limit for a week. A submission is
# not refused for its second, which is left out here: it waits until the next one.
LIMITS = {"requests": {86_400: (1000, 50), 3_600: (3000 / 23, 30), 60: (70 / 23, 10), 1: (5 / 23, 1)},
          "submissions": {604_800: (230, 100), 86_400: (46, 50), 3_600: (6, 30), 60: (0.14, 10)}}


def allowed(world: World, domain: str, name: str = "requests") -> dict[float, float]:
    """The requests or submissions that a domain has in each window."""
    if world.setting("commcare.throttle") == "window":
        return {world.setting("commcare.throttle_seconds"): world.setting("commcare.throttle_requests")}
    users = world.table("commcare.users").rank("by_name", (domain, True), (domain, True, "\uffff"))
    return {seconds: users * share + constant for seconds, (share, constant) in LIMITS[name].items()}


def window(world: World, seconds: float, name: str = "requests") -> Window:
    return world.window(f"commcare.{name}.{seconds}", seconds)


def check_submission(world: World, call: Call) -> None:
    """Check the receiver's own limits, which only submissions use up; its refusal has no Retry-After."""
    try:
        check(world, call, count=True, name="submissions")
    except Refusal as refused:
        raise Refusal(429, diagnosis=refused.diagnosis) from None


def check(world: World, call: Call, *, count: bool, name: str = "requests") -> None:
    """Refuse the call if the domain has used up a window; `count` it at once, as function views do."""
    mode = world.setting("commcare.throttle")
    if mode == "off" or not world.limits:
        return
    if mode == "every":
        world.memory[f"commcare.{name}"] = asked = world.memory.get(f"commcare.{name}", 0) + 1
        every = max(world.setting("commcare.throttle_every"), 1)
        if asked % every == 0:
            raise refusal(world, 1, f"the setting commcare.throttle=every refuses one in {every} {name}, however few "
                                    "there are (commcare.throttle_every): nothing is used up, so no wait is needed")
        return
    domain = call.params.get("domain", "")
    full = []
    for seconds, limit in allowed(world, domain, name).items():
        used, closes = window(world, seconds, name).count(domain, world.clock)
        if used >= limit:
            full.append(closes)
    if full:
        wait = max(full) - world.clock.time()
        raise refusal(world, wait, f"the domain's {name} are used up; wait {whole(wait)} s, or start with --no-limits")
    call.window = name
    if count:
        hit(world, call)


def hit(world: World, call: Call) -> None:
    """Count a call that `check` let through, once; resources do so only when they have succeeded."""
    if call.window is not None:
        domain = call.params.get("domain", "")
        for seconds in allowed(world, domain, call.window):
            window(world, seconds, call.window).hit(domain, world.clock)
        call.window = None


def refusal(world: World, wait: float, why: str) -> Refusal:
    headers = [("Retry-After", str(whole(wait)))] if world.setting("commcare.retry_after_header") else []
    return Refusal(429, headers=headers, diagnosis=why)


def whole(wait: float) -> int:
    """Seconds to wait, as Retry-After tells them."""
    return max(math.ceil(wait), 1)
