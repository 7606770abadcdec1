"""A form as HQ's search index holds it, which is what the API, feeds and exports show of it; and its metadata.

commcare-hq corehq/pillows/xform.py (changes on the way into the index), receiverwrapper/util.py (versions in the
phone's line of text), couchforms/geopoint.py (positions), form_processor/utils/metadata.py (the cleaned
metadata). Recorded in 2026 from HQ's real modules.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor import casexml, phone_dates
from mocksrv.vendors.commcare.form_processor.xform import Form

if TYPE_CHECKING:
    from mocksrv.world import World

# Patterns are tried one after another; the first that matches gives the version.
COMMCARE_VERSIONS = (re.compile(r'version "([\d.]+)"'), re.compile(r'"([\d.]+)"\s+\(\d+\)'),
                     re.compile(r'"\s*([\d.]+)\s*"'))
APP_VERSIONS = (re.compile(r" #(\d+) "), re.compile(r"b\[(\d+)\]"), re.compile(r"App v(\d+)."))
MOST_DIGITS = 18  # of a number that the index can hold
SHORTEST_APP_VERSION = 6  # a phone's line of text, not a bare "2.0"
DAY = re.compile(r"\d{4}\D?(?:0[1-9]|1[0-2])\D?(?:[12]\d|0[1-9]|3[01])")
TIMES = ("timeEnd", "timeStart")
OBJECTS = ("index", "attachment", "create", "update")
ANY_DAY = datetime(2000, 1, 1)


def build_version(world: World, build_id: str | None) -> int | None:
    """The version of the build that a form came from."""
    app = world.table("commcare.apps").peek(build_id) if build_id else None
    return app["version"] if app is not None and app["built_from_app_id"] else None


def indexed(form: Form, build: int | None = None) -> Form:
    """The form with what the index adds to its `meta`, and with null for the empty objects of its case blocks.

    `build` is the version of its build, which takes precedence over the phone's. The form given is not changed.
    """
    held: Form = _clean_blocks(form)
    if isinstance(held.get("meta"), dict):
        held["meta"] = _meta(held["meta"], build)
    return held


def _meta(meta: Form, build: int | None) -> Form:
    meta = dict(meta)
    for name in TIMES:
        if not is_date(meta.get(name)):
            meta[name] = None
    if isinstance(meta.get("appVersion"), dict):
        meta["appVersion"] = meta["appVersion"].get("#text")
    text = meta.get("appVersion")
    version = text if isinstance(text, str) and len(text) >= SHORTEST_APP_VERSION else ""
    said = _first(APP_VERSIONS, version) or ""
    return meta | {"commcare_version": commcare_version(version),
                   "app_build_version": build or (int(said) or None if 0 < len(said) <= MOST_DIGITS else None),
                   "geo_point": geo_point(meta.get("location"))}


def commcare_version(text: str) -> str | None:
    """The phone's version out of its line of text, with at least three numbers."""
    version = _first(COMMCARE_VERSIONS, text)
    return version and version + ".0" * (2 - version.count("."))


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    return next((found[1] for pattern in patterns if (found := pattern.search(text))), None)


def geo_point(location: Any) -> dict[str, float] | None:
    """The position that the phone writes as `latitude longitude altitude accuracy`, if all four are valid numbers."""
    parts = location.split(" ") if isinstance(location, str) else []
    if len(parts) != 4:
        return None
    try:
        latitude, longitude, *_ = map(_number, parts)
        on_globe = -90 <= latitude <= 90 and -180 <= longitude <= 180
    except InvalidOperation:  # not a number; or NaN, which cannot be compared
        return None
    return {"lat": float(latitude), "lon": float(longitude)} if on_globe else None


def _number(text: str) -> Decimal:
    """A number; phones write tiny ones with an exponent, which HQ takes for 0. Raises InvalidOperation."""
    number = Decimal(text)
    return Decimal(0) if "e" in text.lower() and abs(number) < Decimal("0.001") else number


def is_date(text: Any) -> bool:
    """Whether dateutil takes a text for a date: the index takes nothing else."""
    if not isinstance(text, str) or not text:
        return False
    if phone_dates.utc(text):
        return True
    try:
        dates.parse_loosely(text, ANY_DAY)
    except (ValueError, ArithmeticError):
        return False
    return True


def _clean_blocks(data: Any) -> Any:
    """A copy of what may hold case blocks, with these as the index takes them."""
    if isinstance(data, list):
        return [_clean_blocks(item) for item in data]
    if not isinstance(data, dict) or data.get("@xmlns") == casexml.DEVICE_REPORT:
        return data
    return {name: _clean_case(value) if name == "case" else _clean_blocks(value) for name, value in data.items()}


def _clean_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean_case(item) for item in value]
    if not isinstance(value, dict) or not ("@case_id" in value or "case_id" in value):
        return value
    block = {name: None if name in OBJECTS and not isinstance(item, dict) else item for name, item in value.items()}
    for name in ("date_modified", "@date_modified"):
        if name in block and not is_date(block[name]):
            if block[name] == "":
                block[name] = None
            else:
                del block[name]
    return block


# --- metadata -----------------------------------------------------------------------------------------------


def metadata(form: Form, today: str, build: int | None = None) -> dict[str, Any] | None:
    """A form's metadata: all that its `meta` says in the index, cleaned; None without one. `today` is a moment."""
    if not isinstance(form.get("meta"), dict):
        return None
    meta = {name: value for name, value in _meta(form["meta"], build).items() if name[:1] != "@"}
    for name in ("appVersion", "location"):
        meta[name] = _text(meta.get(name))
    for name in TIMES:
        moment = _moment(meta.get(name), today)
        if moment is None:
            meta.pop(name, None)
        else:
            meta[name] = moment
    return {name: _flat(value) if isinstance(value, dict) else value for name, value in meta.items()}


def _moment(text: str | None, today: str) -> str | None:
    """A time with six digits and a `Z`; a day alone is its midnight."""
    try:
        return text and phone_dates.loosely(f"{text}T00:00:00.000000Z" if DAY.fullmatch(text) else text, today)
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    if isinstance(value, dict) and "#text" in value:
        value = value["#text"]
    elif isinstance(value, dict) and all(name[:1] == "@" for name in value):
        return None
    return value if value is None or isinstance(value, str) else str(value)


def _flat(value: dict[str, Any]) -> str:
    return ", ".join(f"{name}:{item}" for name, item in value.items())
