"""Schemas that are made when somebody asks for one: to make all of them takes a tenth of a start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any


def later(package: str, names: Mapping[str, str]) -> Callable[[str], Callable[[], Any]]:
    """The `__getattr__` of a module that gives each schema as a function: whoever wants the schema calls that.

    `names` lists the schemas of each module of the package, with spaces between. Another name is an AttributeError, so
    that a misspelt one fails at import.
    """
    modules = {name: module for module, listed in names.items() for name in listed.split()}

    @cache
    def giver(name: str) -> Callable[[], Any]:
        if name not in modules:
            raise AttributeError(f"{package} lists no schema {name}")

        def give() -> Any:
            return getattr(import_module(f"{package}.{modules[name]}"), name)

        return give

    return giver
