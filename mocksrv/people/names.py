"""Names of people and places out of Faker, and what of a name may stand in an account or a mailbox."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from mocksrv.people.locales import ENGLISH, nearest

if TYPE_CHECKING:
    from faker import Faker

REPEATS = 2_000  # so many known names in a row, and there are hardly any others


def draws(locale: str, seed: int | str) -> dict[str, Callable[[], str]]:
    """What makes a `female` and a `male` first name, a `last` name and a `place`: same seed, same names in turn."""
    person = seeded(nearest(locale, "person"), seed)
    own = nearest(locale, "address")
    address = person if own == ENGLISH else seeded(own, seed)

    def first(sex: str) -> Callable[[], str]:
        """Some locales know first names of either sex only."""
        make: Callable[[], str] = getattr(person, f"first_name_{sex}", None) or person.first_name
        return make

    def place() -> str:
        """A town; named after a family where Faker would put an English ending to a name in another script."""
        name = address.city()
        return person.last_name() if mixed(name) else name

    return {kind: stripped(make) for kind, make in (
        ("female", first("female")), ("male", first("male")), ("last", person.last_name), ("place", place))}


def stripped(make: Callable[[], str]) -> Callable[[], str]:
    """Some of Faker's names end in white space."""
    return lambda: make().strip()


def seeded(locale: str, seed: int | str) -> Faker:
    from faker import Faker

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a locale is deprecated
        source = Faker(locale)
    source.seed_instance(seed)
    return source


def mixed(name: str) -> bool:
    """Whether Latin letters stand beside those of another script."""
    scripts = {unicodedata.name(letter, "").startswith("LATIN") for letter in name if letter.isalpha()}
    return len(scripts) > 1


def different(make: Callable[[], str], wanted: int) -> list[str]:
    """So many different values in the order in which they came, or as many as there are."""
    found: dict[str, None] = {}
    repeats = 0
    while len(found) < wanted and repeats < REPEATS:
        before = len(found)
        found[make()] = None
        repeats = 0 if len(found) > before else repeats + 1
    return list(found)


def latin(text: str, otherwise: str) -> str:
    """The small letters and digits of ASCII in a text, for names of accounts and mailboxes; `otherwise` if none."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return re.sub("[^a-z0-9]", "", plain) or otherwise
