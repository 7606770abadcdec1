"""The services that are simulated: one folder each, whose `__init__` exposes `vendor`."""

import os
from collections.abc import Iterator
from importlib import import_module

# Rooms and modules that are only loaded by those who need them: documents, data, what needs lxml (30 ms at start) or
# pystache, thirty expressions, what CHT's settings must switch on, and the language of case searches.
LATER = frozenset(("described", "for_contacts", "monitoring_schemas", "mustache_renderer", "own_data", "query_language",
                   "query_values", "schemas", "seed", "text_expressions", "transitions", "xml_serializer", "xpath"))


def import_rooms(package: str) -> None:
    """Import all modules of a vendor, so that each registers its operations; those in `LATER` stay shut."""
    for folder in import_module(package).__path__:
        for name in modules(folder, package):
            import_module(name)


def modules(folder: str, package: str) -> Iterator[str]:
    """The names of the modules and rooms of a folder that are wanted at once; pkgutil would take 5 ms for 400."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name, dot, kind = entry.name.partition(".")
        if name.startswith("_") or name in LATER:
            continue
        if kind == "py":
            yield f"{package}.{name}"
        elif not dot and entry.is_dir():
            yield f"{package}.{name}"
            yield from modules(entry.path, f"{package}.{name}")
