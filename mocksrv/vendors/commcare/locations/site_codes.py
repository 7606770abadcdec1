"""Site codes: made out of a location's name, or given.

HQ source: corehq/apps/commtrack/util.py (generate_code), corehq/apps/locations/util.py.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.errors import bad_request, failed

if TYPE_CHECKING:
    from mocksrv.world import World

CODE = re.compile(r"[-\w]+\n?")
GAP = re.compile(r"[\W\d]+")
SIGNS = re.compile(r"[^\w\s-]")  # what Django's slugify leaves out, so that O'Brien is obrien
# Letters that are not others with accents, and signs, as unidecode spells them.
SPELT = str.maketrans({
    **{"æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ŋ": "ng", "°": "deg", "№": "no ", "™": "tm", "×": "x", "€": "eur",
       "£": "ps", "₵": "c", "₦": "n", "₹": "rs", "µ": "u", "©": "c", "®": "r", "§": "ss", "±": "-"},
    **dict(zip("ðøđħıłŧƒƙƥƭƴɓɔɖɗɛɠɣɨɩɲʈʉʋ", "dodhiltfkptyboddeggiintuv", strict=True)),
    **dict.fromkeys("‐‑‒–—―−→", "-"), **dict.fromkeys("əǝʻʼʾʿ´¨", "")})


def taken(world: World, domain: str, code: str, own_id: str) -> bool:
    """Whether another location of the domain has a code."""
    return any(id != own_id for id in world.table("commcare.locations").by("by_site_code", (domain, code)))


def generate(world: World, domain: str, own_id: str, name: Any) -> str:
    """A code out of a name that no other location of the domain has: letters, and the number at the end."""
    if not name:
        name = "no name"
    if not isinstance(name, str):
        raise failed(f"the name of a location must be a text, not {name!r}")
    base, number = GAP.sub("_", SIGNS.sub("", ascii_of(name.lower()))).strip("_"), ending_number(name)
    while taken(world, domain, f"{base}{number}", own_id):
        number = next_number(number)
    return f"{base}{number}"


def ending_number(name: str) -> str:
    """The digits at its end, of any script, raised ones too."""
    return "".join(takewhile(str.isdigit, reversed(name)))[::-1]


def next_number(digits: str) -> str:
    try:
        return str(int(digits or 0) + 1)
    except ValueError:
        raise failed("Python does not read these digits as a number") from None


def ascii_of(text: str) -> str:
    """Small letters without their accents. HQ spells out other scripts too (unidecode); here they stay."""
    spelt = unicodedata.normalize("NFKD", text.translate(SPELT))
    return "".join(letter for letter in spelt if not unicodedata.combining(letter)).translate(SPELT).lower()


def checked(world: World, domain: str, own_id: str, code: Any) -> str:
    """A code that was given. Raises a 400, without naming the code."""
    if not isinstance(code, str):
        raise failed(f"site_code must be a text, not {code!r}")
    lowered: str = code.lower()
    if not CODE.fullmatch(lowered):
        raise bad_request("The site code cannot contain spaces or special characters.")
    if taken(world, domain, lowered, own_id):
        raise bad_request("another location already uses this site code")
    return lowered
