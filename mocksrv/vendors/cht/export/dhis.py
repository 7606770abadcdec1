"""Targets as a DHIS2 data value set. CHT 4.15 source, api/src/services/export/dhis.js."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.export.options import Options
from mocksrv.vendors.cht.export.reports import value_at
from mocksrv.vendors.cht.node import calendar, javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, translations
from mocksrv.world import World

Doc = Mapping[str, Any]


def value_set(world: World, options: Options) -> dict[str, Any]:
    """The sums of a month's targets, for each data element and org unit. Refuses with 400."""
    settings = app_settings.read(world)
    data_set = options.filters.get("dataSet")
    if not data_set:
        errors.fail(400, 'filter "dataSet" is required')
    start = options.date("from")
    if not javascript.truthy(start):
        errors.fail(400, 'filter "from" is required')
    known = next((one for one in objects(settings.get("dhis_data_sets")) if one.get("id") == data_set), None)
    if known is None:
        errors.fail(400, f'dataSet "{javascript.text(data_set)}" is not defined')
    targets = [one for one in objects(value_at(settings, "tasks.targets.items")) if belongs(one, data_set)]
    if not targets:
        errors.fail(400, f'dataSet "{javascript.text(data_set)}" has no dataElements')
    month = month_of(start)
    units = dict(org_units(world, data_set, options.filters.get("orgUnit")))
    sums = total(world, month, units)
    label = translations.translate(world, known.get("translation_key")) if options.human else data_set
    return {"dataSet": label, "completeDate": world.clock.now().strftime("%Y-%m-%d"),
            "period": month.replace("-", ""),
            "dataValues": list(values(targets, units, sums, options.human))}


def month_of(ms: float) -> str:
    """`YYYY-MM`, or what moment.js prints for an invalid date."""
    when = calendar.clip(ms)
    return "Invalid date" if when is None else calendar.iso(when).rpartition("-")[0]


def values(targets: Sequence[Doc], units: dict[str, tuple[str, Any]], sums: dict[tuple[str, str], float],
           human: bool) -> Iterator[dict[str, Any]]:
    for target in targets:
        more = {name: value for name, value in target["dhis"].items() if name not in ("dataSet", "dataElement")}
        element = target.get("id") if human else target["dhis"]["dataElement"]
        for owner, (unit, name) in units.items():
            yield {"dataElement": element, **more, "orgUnit": name if human else unit,
                   "value": sums.get((owner, str(target.get("id"))), 0)}


def belongs(target: Doc, data_set: Any) -> bool:
    """Whether a target is a data element of the data set. Of targets only a single `dhis` counts."""
    dhis = target.get("dhis")
    return (isinstance(dhis, dict) and javascript.truthy(dhis.get("dataElement"))
            and dhis.get("dataSet") in (None, data_set))


def org_units(world: World, data_set: Any, only: Any) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Contacts that stand for an org unit of the data set: id -> (org unit, name)."""
    for contact in documents.database(world, "medic").by("by_org_unit", True):
        for config in configs(contact):
            unit = config.get("orgUnit")
            if unit and config.get("dataSet") in (None, data_set) and (not only or unit == only):
                yield contact["_id"], (unit, contact.get("name"))


def total(world: World, month: str, units: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """The sums of `value.total` for each org unit's contact and target: an owner counts for all above it."""
    medic = documents.database(world, "medic")
    sums: dict[tuple[str, str], float] = {}
    for id in medic.all_ids(f"target~{month}~", f"target~{month}~\ufff0"):
        doc = medic.peek(id) or {}
        owner = medic.peek(str(doc.get("owner"))) or {"_id": doc.get("owner")}
        for place in set(contact_types.lineage_ids(owner)) & units.keys():
            for target in objects(doc.get("targets")):
                amount = value_at(target, "value.total")
                if isinstance(amount, int | float):
                    key = (place, str(target.get("id")))
                    sums[key] = sums.get(key, 0) + amount
    return sums


def configs(holder: Doc) -> list[dict[str, Any]]:
    """`dhis` of a contact: an object, or several."""
    dhis = holder.get("dhis")
    return objects(dhis if isinstance(dhis, list) else [dhis])


def objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
