"""Loading a vendor out of another package, and the checks that tell its author what is wrong with it."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from typing import Any

from mocksrv import plugins
from mocksrv.config import VENDORS, ConfigError
from mocksrv.vendor import Vendor

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
RESERVED = (*VENDORS, "control")


def load(name: str) -> Vendor[Any]:
    """The vendor of that name. Raises ConfigError, which names the package and what is wrong with it."""
    first, *others = plugins.entries(name)
    where = " and ".join(f"the package {package_of(entry)}" for entry in (first, *others))
    try:
        if others:
            raise ValueError("only one of them can be served")
        return checked(name, first)
    except Exception as error:  # whatever that package's code raises
        said = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise ConfigError(f"the vendor {name} of {where} cannot be used: {said} (mend or remove the package, or name "
                          "those to serve with --vendor)") from error


def checked(name: str, entry: EntryPoint) -> Vendor[Any]:
    """The vendor of an entry point. Raises ValueError with what is wrong, and whatever its code raises."""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ValueError(f"a vendor's name is up to 32 small letters, digits and _, and none of {', '.join(RESERVED)}")
    vendor = entry.load()
    if not isinstance(vendor, Vendor):
        raise ValueError(f"{entry.value} is no mocksrv.vendor.Vendor but of type {type(vendor).__name__}")
    if vendor.name != name:
        raise ValueError(f"{entry.value} calls itself {vendor.name!r}")
    for table in vendor.tables:
        if not table.name.startswith(f"{name}."):
            raise ValueError(f"its table {table.name} must be called {name}.{table.name.rpartition('.')[2]}")
    for operation in vendor.operations:
        if bad := [path for path in operation.paths if not path.startswith("/")]:
            raise ValueError(f"the path {bad[0]!r} of {operation.name} must begin with /")
        _ = operation.patterns  # raises the error of a regular expression
    return vendor


def package_of(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
