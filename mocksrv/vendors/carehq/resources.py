"""The operations of all resources, made from the catalogue: list, retrieve, create, update, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mocksrv.call import Reply
from mocksrv.store import Index, TableSpec, on
from mocksrv.vendor import Handler
from mocksrv.vendors.carehq import lists, records, schemas
from mocksrv.vendors.carehq.arguments import demand, read
from mocksrv.vendors.carehq.catalogue import ACTIONS, LIST_FILTERS, PROOF, RESOURCES, WRITES, Attribute, Resource
from mocksrv.vendors.carehq.rules import rules_of

if TYPE_CHECKING:
    from mocksrv.vendor import Vendor
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

SOURCES = {
    "docs": "developers page: {slug}",
    "help": "help article on API keys (a permission to create {slug}); that PUT creates, and its arguments: published "
            "integrations",
    "ours": "assumed: no page shows it",
}
GENERAL = {
    "list": "developers page: introduction, {slug}",
    "retrieve": "developers page: introduction (that there is a retrieve; its path is our reading)",
}
SUMMARIES = {
    "list": "A page of {slug}",
    "retrieve": "One record of {slug}",
    "create": "Make a record of {slug}",
    "update": "Change a record of {slug}",
    "delete": "Remove a record of {slug}",
}


# --- tables ----------------------------------------------------------------------------------------------------------


def ordered(attribute: Attribute) -> Index:
    """In the order that lists have: null before everything else."""
    name = attribute.name
    if attribute.null:
        return Index(lambda record: (lists.sort_key(record[name]),), ordered=True)
    return on(name, ordered=True)


def members(name: str) -> Index:
    """By the ids that are the members of a hash."""
    return Index(lambda record: tuple(record[name] or ()))


def table_of(resource: Resource) -> TableSpec:
    """Indexes for everything one can sort by, filter by, or that points to other records."""
    indexes = {f"sort-{name}": ordered(resource.attributes[name]) for name in resource.sort_by}
    filtered = {f.attribute for f in resource.filters.values() if f.kind in LIST_FILTERS and f.attribute != "_id"}
    for name in sorted({*map(str, filtered), *(a.name for a in resource.references)}):
        indexes[name] = members(name) if resource.attributes[name].kind == "hash" else on(name)
    return TableSpec(resource.table, indexes)


# --- handlers --------------------------------------------------------------------------------------------------------


def listing(resource: Resource) -> Handler:
    def run(world: World, call: Call) -> Any:
        given = read(world, call, schemas.list_arguments(resource))
        lists.check_attributes(world, resource, call, given)
        rules_of(resource).before_reading(world)
        return lists.page(world.table(resource.table), resource, given)

    return run


def retrieving(resource: Resource) -> Handler:
    def run(world: World, call: Call) -> Any:
        rules_of(resource).before_reading(world)
        record = records.existing(world, resource, call.params["id"])
        given = read(world, call, schemas.retrieve_arguments())
        lists.check_attributes(world, resource, call, given)
        given.check()
        wanted = given.values.get("attributes") or ()
        if not wanted and world.setting("carehq.retrieve_default") == "all":
            wanted = resource.attributes
        return lists.projection(resource, wanted)(record)

    return run


def creating(resource: Resource) -> Handler:
    def run(world: World, call: Call) -> Any:
        known = schemas.write_arguments(resource, "create")
        given = read(world, call, known, silent=resource.attributes, lenient=True)
        demand(given, known)
        return records.create(world, call, resource, given)

    return run


def updating(resource: Resource) -> Handler:
    def run(world: World, call: Call) -> Any:
        known = schemas.write_arguments(resource, "update")
        records.existing(world, resource, call.params["id"])
        given = read(world, call, known, silent=resource.attributes, lenient=True)
        return records.update(world, resource, call.params["id"], given)

    return run


def deleting(resource: Resource) -> Handler:
    def run(world: World, call: Call) -> Any:
        records.existing(world, resource, call.params["id"])
        read(world, call, {}, silent=resource.attributes, lenient=True).check()
        records.delete(world, resource, call.params["id"])
        return Reply({}, int(world.setting("carehq.delete_status")))

    return run


HANDLERS: dict[str, Callable[[Resource], Handler]] = {
    "list": listing, "retrieve": retrieving, "create": creating, "update": updating, "delete": deleting,
}


def check_opened(text: str) -> None:
    """Check the names in carehq.writable_resources. Raises ValueError for others than resources."""
    for name in text.replace(",", " ").split():
        if name not in ("all", "documented", *RESOURCES):
            raise ValueError(f"documented, all, or names of resources such as {', '.join(list(RESOURCES)[:3])}")


# --- operations ------------------------------------------------------------------------------------------------------


def register(vendor: Vendor[Any]) -> None:
    """Declare all operations: those of the catalogue, and the writes that a setting opens for test set-up."""
    for resource in RESOURCES.values():
        for action, source in resource.methods.items():
            declare(vendor, resource, action, source)
    closed = [resource for resource in RESOURCES.values() if not resource.writable]
    for action in WRITES:
        declare_closed(vendor, closed, action)


def path_of(slug: str, single: bool) -> str:
    return f"/v1/{slug}/{{id}}" if single else f"/v1/{slug}"


def declare(vendor: Vendor[Any], resource: Resource, action: str, source: str) -> None:
    method, single, permission = ACTIONS[action]
    name = f"{action}_{resource.slug.replace('-', '_')}"
    citation = GENERAL.get(action, SOURCES[source]) if source == "docs" else SOURCES[source]
    vendor.operation(
        method, path_of(resource.slug, single), name=name,
        summary=SUMMARIES[action].format(slug=resource.slug),
        permission=f"{resource.slug}:{permission}",
        **schemas_of(resource, action), consumes="application/x-www-form-urlencoded",
        source=citation.format(slug=resource.slug), proof=PROOF.get(source, "assumed"),
        action=action, resource=resource, grants=permission,
    )(HANDLERS[action](resource))


def schemas_of(resource: Resource, action: str) -> dict[str, Any]:
    """The schemas of an operation, each as the function that makes it."""
    if action == "delete":
        return {"response": schemas.NOTHING, "statuses": (200, 204)}
    answer = schemas.list_schema if action == "list" else schemas.record_schema
    return {"query" if action in ("list", "retrieve") else "body": lambda: schemas.request_schema(resource, action),
            "response": lambda: answer(resource)}


def declare_closed(vendor: Vendor[Any], closed: list[Resource], action: str) -> None:
    """The writes of resources that look read-only: one operation for all of them, 405 unless it was opened."""
    method, single, permission = ACTIONS[action]
    handlers = {resource.slug: HANDLERS[action](resource) for resource in closed}
    slugs = "|".join(handlers)

    def run(world: World, call: Call) -> Any:
        return handlers[call.params["resource"]](world, call)

    vendor.operation(
        method, path_of(f"{{resource:{slugs}}}", single), name=f"{action}_other",
        summary=f"{action.capitalize()} of other resources, if carehq.writable_resources opens it",
        permission=f"*:{permission}", source=SOURCES["ours"], proof="assumed", action=action, grants=permission,
        response=schemas.NOTHING if action == "delete" else schemas.ANY_RECORD,
        statuses=(200, 204) if action == "delete" else (200,),
    )(run)
