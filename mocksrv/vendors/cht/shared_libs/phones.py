"""Phone numbers as the server takes them: libphonenumber behind two settings.

`default_country_code` gives the region of national numbers; `phone_validation` is "partial" (possible length
only), "none" (anything that parses) or absent (a valid number). Source: CHT 4.15 source,
shared-libs/phone-number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.cht.node import javascript

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

LETTER = re.compile("[A-Za-z]")  # also refuses "ext", "tel:" and numbers written as words


def region(settings: Mapping[str, Any]) -> str:
    """The region of `default_country_code`, a number or digits; "ZZ" (unknown) without one."""
    import phonenumbers

    try:
        return str(phonenumbers.region_code_for_country_code(int(settings.get("default_country_code") or 0)))
    except (TypeError, ValueError):
        return "ZZ"


def parse(settings: Mapping[str, Any], phone: Any) -> PhoneNumber | None:
    """The number if these settings call it valid, else None."""
    import phonenumbers

    if not isinstance(phone, str) or LETTER.search(phone):
        return None
    area = region(settings)
    if area == "ZZ" and not phone.lstrip().startswith(("+", "\uff0b")):
        return None  # the Python port drops quotes in front of a "+" here; the server's library does not
    try:
        number = phonenumbers.parse(phone, area, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    mode = javascript.text(javascript.first(settings.get("phone_validation"), "")).lower()
    if mode == "partial":
        valid = phonenumbers.is_possible_number(number)
    else:
        valid = mode == "none" or phonenumbers.is_valid_number(number)
    return number if valid else None


def validate(settings: Mapping[str, Any], phone: Any) -> bool:
    """Whether these settings call it a valid number."""
    return parse(settings, phone) is not None


def normalize(settings: Mapping[str, Any], phone: Any) -> str | None:
    """The number in E.164 form, or None if it is not valid; short numbers keep their national form."""
    import phonenumbers
    from phonenumbers import shortnumberinfo

    number = parse(settings, phone)
    if number is None:
        return None
    if shortnumberinfo.is_valid_short_number(number):
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
