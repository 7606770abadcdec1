"""Devices and versions of users, from their telemetry. CHT 4.15 source, api/src/services/export/user-devices.js."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.export.reports import value_at
from mocksrv.vendors.cht.node import javascript
from mocksrv.world import World

# In the order in which they are looked for: Chrome's name is in the others' too.
BROWSERS = (("Firefox", re.compile(r"Firefox/([\d.]+)")), ("Microsoft Edge", re.compile(r"Edg/([\d.]+)")),
            ("Chrome", re.compile(r"Chrome/([\d.]+)")))
VERSIONS = (("apk", "device.deviceInfo.app.version"), ("android", "device.deviceInfo.software.androidVersion"),
            ("cht", "metadata.versions.app"), ("settings", "metadata.versions.settings"))
STORAGE = (("storageFree", "device.deviceInfo.storage.free"), ("storageTotal", "device.deviceInfo.storage.total"))


def devices(world: World) -> list[dict[str, Any]]:
    """One entry for each user and device, of its latest telemetry; unknown values are left out."""
    meta = documents.database(world, "medic-users-meta")
    latest: dict[tuple[str, str], tuple[Any, Mapping[str, Any]]] = {}
    for id in meta.all_ids("telemetry-", "telemetry-\ufff0"):
        doc = meta.peek(id) or {}
        about = doc.get("metadata")
        if doc.get("type") != "telemetry" or not isinstance(about, dict):
            continue
        user, device, day = about.get("user"), about.get("deviceId"), date_of(about)
        if isinstance(user, str) and isinstance(device, str) and day and latest.get((user, device), ("",))[0] <= day:
            latest[user, device] = (day, doc)
    shown = VERSIONS + STORAGE if releases.DEVICE_STORAGE.holds(world) else VERSIONS
    return [entry(user, device, *latest[user, device], shown) for user, device in sorted(latest)]


def date_of(about: Mapping[str, Any]) -> str | None:
    """Telemetry is by day: `YYYY-MM-DD` of numbers or texts, whatever they are."""
    parts = [about.get(name) for name in ("year", "month", "day")]
    if not all(map(javascript.truthy, parts)):
        return None
    year, month, day = map(javascript.text, parts)
    return f"{year}-{month.rjust(2, '0')}-{day.rjust(2, '0')}"


def entry(user: str, device: str, day: str, doc: Mapping[str, Any],
          shown: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    made = {"user": user, "deviceId": device, "date": day, "browser": browser(value_at(doc, "device.userAgent"))}
    for name, path in shown:
        value = value_at(doc, path)
        if value is not None:
            made[name] = value
    return made


def browser(agent: Any) -> dict[str, str]:
    for name, pattern in BROWSERS:
        if isinstance(agent, str) and (found := pattern.search(agent)):
            return {"name": name, "version": found[1]}
    return {}
