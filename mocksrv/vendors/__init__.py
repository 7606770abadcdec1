"""The services that are simulated: one folder each, whose `__init__` exposes `vendor`."""

from importlib import import_module
from pkgutil import walk_packages

# Rooms and modules that are only loaded by those who need them: documents, data, what needs lxml (30 ms at start) or
# pystache, thirty expressions, what CHT's settings must switch on, and the language of case searches.
LATER = frozenset(("described", "for_contacts", "monitoring_schemas", "mustache_renderer", "own_data", "query_language",
                   "query_values", "schemas", "seed", "text_expressions", "transitions", "xml_serializer", "xpath"))


def import_rooms(package: str) -> None:
    """Import all modules of a vendor, so that each registers its operations; those in `LATER` stay shut."""
    folder = import_module(package)
    for module in walk_packages(folder.__path__, f"{package}."):
        if LATER.isdisjoint(module.name.split(".")):
            import_module(module.name)
