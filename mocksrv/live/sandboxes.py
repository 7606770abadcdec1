"""The vendors' sandboxes by name, and the environment that says where one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mocksrv.live.carehq import CareHQ
from mocksrv.live.cht import CHT
from mocksrv.live.commcare import CommCare
from mocksrv.live.forward import Forward

if TYPE_CHECKING:
    from mocksrv.live.sandbox import Sandbox

KINDS: dict[str, type[Sandbox]] = {kind.vendor: kind for kind in (CareHQ, CommCare, CHT)}


class NotNamed(Exception):
    """The environment does not say which sandbox is meant: which variables are missing or wrong."""


def missing(vendor: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that the environment lacks."""
    return [name for name in KINDS[vendor].variables if not environ.get(name)]


def reach(vendor: str, environ: Mapping[str, str]) -> Sandbox:
    """The live service that the environment names. Raises NotNamed."""
    kind = KINDS[vendor]
    if lacking := missing(vendor, environ):
        raise NotNamed(f"set {', '.join(lacking)} in the environment to reach the live service")
    account = {name: environ[name] for name in kind.variables}
    url = f"{vendor.upper()}_URL"
    try:
        return kind(Forward(account[url]), account)
    except ValueError as error:
        raise NotNamed(f"{url} {error}") from None
