"""Whether a message goes out: the state that it begins with.

CHT 4.15 source, shared-libs/transitions/src/lib/messages.js.
"""

from __future__ import annotations

import re
from typing import Any

from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import phones
from mocksrv.world import World

DUPLICATES, MOST_DUPLICATES, DUPLICATES_SECONDS = 5, 20, 30 * 60  # the same text to the same phone
LETTER = re.compile("[a-z]", re.IGNORECASE)
DIGITS = re.compile(r"\s*([0-9]{1,9})")


def state(world: World, settings: dict[str, Any], sender: Any, to: str, text: str) -> str:
    """`denied` to senders that the settings exclude, `duplicate` for what was said too often, else `pending`."""
    if isinstance(sender, str) and sender and is_denied(settings, sender):
        return "denied"
    return "duplicate" if is_duplicate(world, settings, to, text) else "pending"


def is_denied(settings: dict[str, Any], sender: str) -> bool:
    """Whether a sender gets no answer: the gateway itself, one by a list, by its length, or by its letters."""
    listed, shortest = settings.get("outgoing_deny_list"), settings.get("outgoing_deny_shorter_than")
    sender = sender.lower().strip()
    if is_gateway(settings, sender):
        return True
    length = DIGITS.match(javascript.text(shortest))
    if length is not None and len(sender) < int(length[1]):
        return True
    if settings.get("outgoing_deny_with_alphas") is True and LETTER.search(sender):
        return True
    starts = [part.lower().strip() for part in listed.split(",")] if isinstance(listed, str) else []
    return any(sender.startswith(start) for start in starts if start)


def is_gateway(settings: dict[str, Any], sender: Any) -> bool:
    """Whether that is the number of the gateway itself."""
    gateway = settings.get("gateway_number")
    return isinstance(gateway, str) and isinstance(sender, str) and (
        len({phones.normalize(settings, one) or one for one in (gateway, sender)}) == 1)


def is_duplicate(world: World, settings: dict[str, Any], phone: Any, message: str) -> bool:
    """Whether that text went to that phone too often lately: `sms.duplicate_limit` times in half an hour."""
    sms = settings.get("sms")
    limit = sms.get("duplicate_limit") if isinstance(sms, dict) else None
    limit = min(limit, MOST_DUPLICATES) if isinstance(limit, int) and limit > 0 else DUPLICATES
    window = world.window("cht.sms-duplicates", DUPLICATES_SECONDS)
    return window.hit((str(phone), message), world.clock)[0] > limit
