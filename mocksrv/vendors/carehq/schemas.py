"""marshmallow schemas out of the catalogue: what an operation takes, and what its answers look like."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.catalogue import LIST_FILTERS, Argument, Attribute, Resource
from mocksrv.vendors.carehq.fields import (
    DATE,
    DATETIME,
    ID,
    READERS,
    SHORT,
    Word,
    at_most,
    of_attribute,
    of_filter,
    one_of,
)

PER_PAGE = 100  # at most
Fields = dict[str, fields.Field[Any]]
NOTHING = {"type": "object", "maxProperties": 0}
ANY_RECORD = {"type": "object", "required": ["_id"], "properties": {"_id": {"type": "string"}}}


class Closed(Schema):
    """For answers: members that the catalogue does not have are errors."""

    class Meta:
        unknown = RAISE


class Open(Schema):
    """For forms: unknown members are ignored."""

    class Meta:
        unknown = EXCLUDE


def schema(name: str, made: Fields) -> type[Schema]:
    """A schema of that name, with these members only."""
    return Closed.from_dict(dict(made), name=name)


def title(resource: Resource) -> str:
    return "".join(word.capitalize() for word in resource.slug.split("-"))


# --- requests --------------------------------------------------------------------------------------------------------


@cache
def retrieve_arguments() -> Fields:
    """The arguments of a retrieve: which attributes to show."""
    return {"attributes": fields.List(Word(validate=at_most(SHORT)))}


@cache
def list_arguments(resource: Resource) -> Fields:
    """Paging, sorting and the resource's filters. A plural `s` behind the name of a list filter is an alias."""
    options = tuple(sign + name for name in resource.sort_by for sign in ("", "-"))
    made: Fields = {
        **retrieve_arguments(),
        "page": Word(READERS["integer"]),
        "per_page": Word(READERS["integer"], validate=validate.Range(1, PER_PAGE, error=errors.BETWEEN)),
        "sort_by": fields.List(one_of(options)),
    }
    for wanted in resource.filters.values():
        of = resource.attributes[wanted.attribute].of if wanted.attribute else ()
        made[f"filters-{wanted.name}"] = of_filter(wanted, of)
        if wanted.kind in LIST_FILTERS and not wanted.name.endswith("s"):
            made.setdefault(f"filters-{wanted.name}s", of_filter(wanted, of))
    return made


@cache
def write_arguments(resource: Resource, action: str) -> Fields:
    """What create or update takes; members of a hash have names of their own, such as street_address-postcode, or
    any where they are ids, as in rates-*."""
    made: Fields = {}
    for name, argument in resource.arguments(action).items():
        attribute = resource.attributes.get(name) or Attribute(name, argument.kind or "string", "ours")
        if attribute.kind == "hash" and attribute.to:
            made[f"{name}-*"] = Word(READERS["pence"])
        elif attribute.kind == "hash":
            made |= {f"{name}-{member}": Word(validate=at_most(SHORT)) for member in attribute.members}
        else:
            made[name] = of_attribute(attribute, required(argument, action))
    return made


def required(argument: Argument, action: str) -> Argument:
    """An update needs nothing."""
    return argument if action == "create" else argument._replace(required=False)


def request_schema(resource: Resource, action: str) -> type[Schema]:
    """What an action takes, as a schema: the query of list and retrieve, the form of create and update."""
    if action == "list":
        made = list_arguments(resource)
    elif action == "retrieve":
        made = retrieve_arguments()
    else:
        made = write_arguments(resource, action)
    name = f"{title(resource)}{action.capitalize()}"
    return Open.from_dict(dict(made), name=name) if action in ("create", "update") else schema(name, made)


# --- answers ---------------------------------------------------------------------------------------------------------


class TrueOrFalse(fields.Boolean):
    truthy = {True}
    falsy = {False}


def text(*checks: Any, **options: Any) -> fields.String:
    return fields.String(validate=list(checks), **options)


def answer_field(attribute: Attribute, **options: Any) -> fields.Field[Any]:
    """The marshmallow field for one value of an attribute in an answer."""
    match attribute.kind:
        case "id" | "ref":
            return text(validate.Regexp(ID), **options)
        case "datetime":
            return text(validate.Regexp(DATETIME), validate.Length(equal=19), **options)
        case "date":
            return text(validate.Regexp(DATE), validate.Length(equal=10), **options)
        case "enum":
            return text(validate.OneOf(attribute.of), **options)
        case "integer" | "pence":
            return fields.Integer(strict=True, **options)
        case "number":
            return fields.Float(**options)
        case "boolean":
            return TrueOrFalse(**options)
        case "hash" if attribute.to:
            return fields.Dict(text(validate.Regexp(ID)), fields.Integer(strict=True), **options)
        case "hash":
            keys = text(validate.OneOf(attribute.members))
            return fields.Dict(keys, fields.String(allow_none=True), **options)
    return fields.String(**options)


def record_fields(resource: Resource) -> Fields:
    made: Fields = {}
    for attribute in resource.attributes.values():
        options: dict[str, Any] = {"allow_none": attribute.null, "metadata": {"description": attribute.about}}
        if attribute.many:
            made[attribute.name] = fields.List(answer_field(attribute), **options)
        else:
            made[attribute.name] = answer_field(attribute, required=attribute.name == "_id", **options)
    return made


@cache
def record_schema(resource: Resource) -> type[Schema]:
    """A record with all its attributes, or with those that were asked for."""
    return schema(title(resource), record_fields(resource))


@cache
def list_schema(resource: Resource) -> type[Schema]:
    """One page of records."""
    numbers = ("item_count", "page", "page_count", "per_page")
    return schema(f"{title(resource)}Page", {
        **{name: fields.Integer(strict=True, required=True) for name in numbers},
        "items": fields.List(fields.Nested(record_schema(resource), unknown=RAISE), required=True),
    })
