"""The schemas that operations name: listed by the module that has them, found by name, made when somebody asks."""

from importlib import import_module

import pytest

from mocksrv.vendors.cht.described import schemas as cht
from mocksrv.vendors.commcare import schemas as commcare

LISTED = [(schemas, module) for schemas in (cht, commcare) for module in schemas.NAMES]


@pytest.mark.parametrize(("schemas", "module"), LISTED, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_each_name_is_in_the_module_that_the_list_says(schemas, module):
    inside = import_module(f"{schemas.__package__}.{module}")
    for name in schemas.NAMES[module].split():
        assert getattr(schemas, name)() is getattr(inside, name)


@pytest.mark.parametrize("schemas", [cht, commcare])
def test_a_name_is_listed_once(schemas):
    names = " ".join(schemas.NAMES.values()).split()
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize("package", ["cht.described", "commcare"])
def test_a_misspelt_name_fails_at_import(package):
    with pytest.raises(ImportError, match="CaseLists"):
        exec(f"from mocksrv.vendors.{package}.schemas import CaseLists")


def test_a_schema_that_is_not_listed_is_not_given():
    """An operation that wants it lists it first: nothing is searched for by guessing."""
    with pytest.raises(AttributeError, match="lists no schema CountMeta"):
        getattr(commcare, "CountMeta")  # noqa: B009
