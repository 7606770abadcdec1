"""The locales that Faker has, the nearest one that has names, and the country of each."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec

STORED = ("en_GB", "en_KE", "tw_GH")  # the vendors' own locales, whose pools are stored
ENGLISH = "en_US"  # Faker's last resort
# Where the part after the underline is no country, or another one than Faker's names and places are of.
REGIONS = {"ar_AA": "EG", "en_MS": "MY", "es_CA": "ES", "fr_QC": "CA", "la": "IT", "sw": "TZ"}
ANYWHERE = "US"


@cache
def known() -> frozenset[str]:
    """All locales that this Faker has."""
    from faker.config import AVAILABLE_LOCALES

    return frozenset(AVAILABLE_LOCALES)


def check(locale: str) -> None:
    """Raises ValueError, which suggests similar locales, for one that Faker does not have."""
    if locale in STORED or locale in known():
        return
    wanted = locale[:20].replace("-", "_")
    language = wanted.partition("_")[0].lower()
    near = [*get_close_matches(wanted, sorted(known()), 3, 0.75),
            *(name for name in sorted(known()) if name.partition("_")[0] == language)]
    some = list(dict.fromkeys(near))[:6] or ["ne_NP", "fr_FR", "sw", "ar_EG"]
    raise ValueError(f"a locale of Faker, such as {', '.join(some)}")


def nearest(locale: str, provider: str) -> str:
    """The locale itself if Faker has such names of it, else one of its language, where it is at home if possible.

    Faker would take English ones: it has no persons of ar_EG, but of ar_AA.
    """
    language = locale.partition("_")[0]
    alike = sorted((name for name in known() if name.partition("_")[0] == language != "en"),
                   key=lambda name: (name.partition("_")[2].lower() != language, name))
    return next((name for name in (locale, *alike) if find_spec(f"faker.providers.{provider}.{name}")), ENGLISH)


@cache
def region(locale: str) -> str:
    """The country of a locale, in two letters; where it names none, the one that its language is called after."""
    from phonenumbers import SUPPORTED_REGIONS

    language, _, country = locale.partition("_")
    return next((name for name in (REGIONS.get(locale, ""), country, language.upper()) if name in SUPPORTED_REGIONS),
                ANYWHERE)
