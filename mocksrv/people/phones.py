"""Phone numbers that are valid in a locale's country."""

from __future__ import annotations

from collections.abc import Callable

from mocksrv.people import locales

FREE = 6  # digits at the end of a number that are drawn
TRIES = 100


def draw(locale: str, below: Callable[[int], int], *, fixed: bool = False, national: bool = False) -> str:
    """A valid number of the locale's country, of a mobile phone unless `fixed`: as +254712345678, or as it is written
    inside the country. `below` draws a number from 0 to just below a bound."""
    import phonenumbers
    from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

    country = locales.region(locale)
    kind = PhoneNumberType.FIXED_LINE if fixed else PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(country, kind) or phonenumbers.example_number(country)
    assert example is not None  # every supported region has one
    start = (example.national_number or 0) // 10**FREE * 10**FREE
    found = example
    for _ in range(TRIES):
        number = PhoneNumber()
        number.merge_from(example)
        number.national_number = start + below(10**FREE)
        if phonenumbers.is_valid_number_for_region(number, country):
            found = number
            break
    return str(phonenumbers.format_number(found, PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.E164))
