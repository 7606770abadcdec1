"""The applications of `demo` with their modules, forms, questions and builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.world import World

XMLNS = "http://openrosa.org/formdesigner/DEMO-{}"
# module -> case type, then form -> questions
HEALTH: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "Households": ("household", {"Register Household": ("household_name", "village", "household_size")}),
    "Pregnancies": ("pregnant_mother", {
        "Antenatal Visit": ("visit_number", "blood_pressure", "danger_signs"),
        "Delivery": ("delivery_date", "baby_name", "weight_kg"),
    }),
    "Lab": ("lab-test", {"Lab Result": ("result",)}),
    "Children": ("child", {"Child Visit": ("weight_kg",)}),
}
STOCK: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "Stock": ("commodity", {"Count Stock": ("amount", "expiry_date")}),
}
PROPERTIES = {
    "household": ["household_size", "village"],
    "pregnant_mother": ["blood_pressure", "danger_signs", "edd", "phone", "visits"],
    "lab-test": ["result", "test"],
    "child": ["sex", "weight_kg"],
    "commodity": ["amount", "expiry_date"],
}


def xmlns(form: str) -> str:
    """The namespace of a form of that name."""
    return XMLNS.format(form.upper().replace(" ", "-"))


def fill(world: World, domain: str) -> str:
    """Two applications, the first with two builds; the id of the first."""
    first = app(world, domain, "Maternal Health", HEALTH, 1, version=12)
    second = app(world, domain, "Stock", STOCK, 2, version=1)
    builds = [build(world, first, number) for number in (11, 12)]
    for document in (first, second, *builds):
        world.table("commcare.apps").insert(document["id"], document)
    return str(first["id"])


def app(world: World, domain: str, name: str, modules: dict[str, tuple[str, dict[str, tuple[str, ...]]]],
        number: int, version: int) -> dict[str, Any]:
    """A working copy's document."""
    return {
        "id": world.hex(), "domain": domain, "created": f"2024-12-0{number}T07:00:00.000000Z", "name": name,
        "version": version, "is_released": False, "built_on": None, "build_comment": None, "built_from_app_id": None,
        "langs": ["en"],
        "modules": [{
            "unique_id": world.hex(40), "name": {"en": module}, "case_type": case_type,
            "case_properties": PROPERTIES[case_type],
            "forms": [{"unique_id": world.hex(40), "name": {"en": form}, "xmlns": xmlns(form),
                       "questions": [question(item) for item in questions]} for form, questions in forms.items()],
        } for module, (case_type, forms) in modules.items()],
    }


def build(world: World, working: dict[str, Any], version: int) -> dict[str, Any]:
    """A build of a working copy."""
    built = f"2024-12-{version:02d}T09:30:00.123456Z"
    return working | {"id": world.hex(), "created": built, "built_on": built, "version": version,
                      "is_released": version == 12, "build_comment": f"Release {version}",
                      "built_from_app_id": working["id"]}


def question(name: str) -> dict[str, Any]:
    """A question as the API lists it."""
    kind = "Date" if name.endswith("_date") else "Int" if name in ("household_size", "visit_number") else "Text"
    return {
        "calculate": None, "comment": None, "constraint": None, "data_source": None, "group": None,
        "hashtagValue": f"#form/{name}", "label": name.replace("_", " ").capitalize(), "options": [],
        "relevant": None, "repeat": None, "required": False, "tag": "input",
        "translations": {"en": name.replace("_", " ").capitalize()}, "type": kind, "value": f"/data/{name}",
    }
