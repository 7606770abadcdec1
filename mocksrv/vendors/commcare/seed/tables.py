"""Reports and exports of `demo`, and the lookup tables of `exi-training`: those recorded from HQ began with none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.vendors.commcare.seed.apps import xmlns

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "d5c4b3a2918070605040302010f0e0d0"
FEEDS = {"case": "0da7a000000000000000000000000001", "form": "0da7a000000000000000000000000002"}
REPORT = "5e9a1c0b7d8f46e2a3b4c5d6e7f80912"
LOOKUP_DOMAIN = "exi-training"
LOOKUP: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "city": (("name", "region"), (("Boston", "north"), ("Nairobi", "east"), ("Accra", "west"))),
    "drug": (("name", "dose_mg"), (("Iron", "60"), ("Folic acid", "5"))),
}


def fill(world: World, domain: str) -> None:
    lookup_tables(world, LOOKUP_DOMAIN)
    reports(world, domain)
    exports(world, domain)
    feeds(world, domain)


def lookup_tables(world: World, domain: str) -> None:
    for tag, (names, rows) in LOOKUP.items():
        table_id = world.hex()
        world.table("commcare.lookup_tables").insert(table_id, {
            "id": table_id, "domain": domain, "tag": tag, "is_global": True, "item_attributes": [],
            "fields": [{"field_name": name, "properties": []} for name in names]})
        for number, values in enumerate(rows):
            row_id = world.hex()
            world.table("commcare.lookup_rows").insert(row_id, {
                "id": row_id, "domain": domain, "table_id": table_id, "item_attributes": {}, "sort_key": number,
                "fields": {name: {"field_list": [{"field_value": value, "properties": {}}]}
                           for name, value in zip(names, values, strict=True)}})


def reports(world: World, domain: str) -> None:
    """A data source over the pregnancies, and a report on it."""
    columns = (("name", "Name", "string"), ("visits", "Visits", "integer"), ("registered", "Registered on", "datetime"))
    world.table("commcare.data_sources").insert(SOURCE, {
        "id": SOURCE, "domain": domain, "display_name": "Pregnancies",
        "configured_filter": {"type": "boolean_expression", "operator": "eq", "property_value": "pregnant_mother",
                              "expression": {"type": "property_name", "property_name": "type"}},
        "configured_indicators": [{"type": "expression", "column_id": column, "datatype": datatype,
                                   "expression": {"type": "property_name", "property_name": column}}
                                  for column, _, datatype in columns]})
    world.table("commcare.reports").insert(REPORT, {
        "id": REPORT, "domain": domain, "title": "Pregnancies by visits", "source": SOURCE,
        "columns": [{"column_id": column, "display": display, "type": "field", "field": column}
                    for column, display, _ in columns],
        "filters": [{"type": "dynamic_choice_list", "datatype": "string", "slug": "name", "field": "name"},
                    {"type": "numeric", "datatype": "integer", "slug": "visits", "field": "visits"},
                    {"type": "date", "datatype": "date", "slug": "registered", "field": "registered"}]})


def exports(world: World, domain: str) -> None:
    """One ready-made export of a form and one of a case type."""
    for kind, name, case_type, form in (("form", "Antenatal visits", None, xmlns("Antenatal Visit")),
                                        ("case", "Households", "household", None)):
        id = world.hex()
        world.table("commcare.exports").insert(id, {
            "id": id, "domain": domain, "name": name, "type": kind, "export_format": "csv", "is_deidentified": False,
            "case_type": case_type, "xmlns": form,
            "det_config_url": f"/a/{domain}/data/export/custom/{kind}/det_config/{id}/"})


def feeds(world: World, domain: str) -> None:
    """An OData feed of the households and one of the antenatal visits."""
    columns = {"case": {"name": "case_name", "village": "properties/village", "opened": "date_opened"},
               "form": {"blood pressure": "form/blood_pressure", "user": "metadata/username",
                        "received": "received_on"}}
    for kind, of in (("case", "household"), ("form", xmlns("Antenatal Visit"))):
        world.table("commcare.odata_configs").insert(FEEDS[kind], {
            "id": FEEDS[kind], "domain": domain, "name": f"Feed of {kind}s", "type": kind, "of": of,
            "columns": columns[kind]})
