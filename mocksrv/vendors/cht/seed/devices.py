"""Data from the devices of community health workers: feedback about errors, telemetry by day, targets by month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.seed.accounts import WORKERS
from mocksrv.vendors.cht.seed.hierarchy import Places
from mocksrv.vendors.cht.seed.messages import DAY, iso, today
from mocksrv.vendors.cht.setup import builds
from mocksrv.world import World

Doc = dict[str, Any]
MONTHS, DAYS = 12, 4  # of targets and of telemetry, up to now
TARGETS = (("births", False), ("visits", True), ("nodhis", False))  # those of the app settings; whether in percent
ANDROIDS = ("12", "13", "11", "10", "14")
CAUSES = ("Failed to fetch", "QuotaExceededError", "Cannot read properties of undefined (reading 'name')")


def plant(world: World, places: Places) -> None:
    """Write them, for the accounts `chw1`, `chw2`, ..."""
    users = [(f"chw{number}", contact) for number, (_, contact) in enumerate(places.centers[:WORKERS], 1)]
    meta, medic = documents.database(world, "medic-users-meta"), documents.database(world)
    for number, (user, contact) in enumerate(users):
        device = world.uuid()
        meta.bulk(telemetry(world, user, device, number))
        meta.put(feedback(world, user, device, number))
        if contact in medic:
            medic.bulk(targets(world, user, contact))


def feedback(world: World, user: str, device: str, number: int) -> Doc:
    """An error that the web application reported."""
    at = iso(today(world) - world.random.randrange(90 * DAY))
    return {"_id": f"feedback-{at}-{world.uuid()}", "type": "feedback",
            "meta": {"time": at, "user": {"name": user}, "url": "http://localhost/#/reports",
                     "version": builds.version(world), "device_id": device, "source": "automatic", "language": "en"},
            "info": {"message": CAUSES[number % len(CAUSES)]}, "log": []}


def telemetry(world: World, user: str, device: str, number: int) -> Iterator[Doc]:
    """One document a day, the latest of yesterday."""
    agent = (f"Mozilla/5.0 (Linux; Android {ANDROIDS[number % len(ANDROIDS)]}; SM-A145F) AppleWebKit/537.36 "
             f"(KHTML, like Gecko) Version/4.0 Chrome/{118 + number}.0.5993.80 Mobile Safari/537.36")
    for back in range(1, DAYS + 1):
        when = EPOCH + timedelta(milliseconds=today(world) - back * DAY)
        year, month, day = when.year, when.month, when.day
        boots = world.random.randint(1, 9)
        took = {"sum": boots * 1800, "min": 900, "max": 4200, "count": boots, "sumsqr": boots * 3_500_000}
        yield {
            "_id": f"telemetry-{year}-{month}-{day}-{user}-{device}", "type": "telemetry",
            "metrics": {"boot_time": took},
            "device": {"userAgent": agent, "hardwareConcurrency": 8, "screen": {"width": 360, "height": 800},
                       "deviceInfo": {"app": {"version": "v1.4.0", "packageName": "org.medicmobile.webapp.mobile"},
                                      "software": {"androidVersion": ANDROIDS[number % len(ANDROIDS)],
                                                   "osApiLevel": 31, "osVersion": "unknown"}}},
            "metadata": {"year": year, "month": month, "day": day, "aggregate_date": f"{year}-{month:02d}-{day:02d}",
                         "user": user, "deviceId": device,
                         "versions": {"app": builds.version(world), "settings": "1-0"}},
            "dbInfo": {"doc_count": world.random.randint(300, 900), "update_seq": world.random.randint(900, 3000)},
        }


def targets(world: World, user: str, contact: str) -> Iterator[Doc]:
    """What was reached each month of the past year; the target `births` counts in the data set of DHIS2."""
    now = world.clock.now()
    for back in range(MONTHS):
        year, month = divmod(now.year * 12 + now.month - 1 - back, 12)
        period = f"{year}-{month + 1:02d}"
        values = []
        for id, percent in TARGETS:
            total = world.random.randint(0, 20)
            reached = world.random.randint(0, total) if percent else total
            share = {"percent": round(100 * reached / total) if total else 0} if percent else {}
            values.append({"id": id, "value": {"pass": reached, "total": total, **share}})
        yield {"_id": f"target~{period}~{contact}~{auth.USER}{user}", "type": "target", "user": f"{auth.USER}{user}",
               "owner": contact, "reporting_period": period,
               "updated_date": today(world) - back * 30 * DAY, "targets": values}
