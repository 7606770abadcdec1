"""What a refused request may have been meant for instead: another world, or another vendor."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.serving.wsgi import NAMES, WORLD

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.vendor import Vendor

SHOWN = 80  # letters of a name


def diagnose(vendor: Vendor[Any], vendors: Mapping[str, Vendor[Any]], worlds: Container[str], call: Call) -> None:
    """Add to the diagnosis of a refused request what its path may have been meant for."""
    worldless(call, worlds)
    if call.operation is None and not call.prefix.endswith(f"/{vendor.name}"):
        shadowed(vendor, vendors, call)


def shadowed(vendor: Vendor[Any], vendors: Mapping[str, Vendor[Any]], call: Call) -> None:
    """Say that a path of the shared root may have been meant for another vendor that would take it, too."""
    named = call.header("x-mocksrv-vendor") or call.host.partition(".")[0].lower()
    if any(call.header(mark) for mark in vendor.marks):
        return  # nobody else's clients send them
    rivals = [one for one in vendors.values() if one is not vendor and one.claims(call.path)]
    if rivals and named != vendor.name and not call.allowed:  # else the path is this vendor's beyond doubt
        other, titles = rivals[0].name, ", ".join(one.title for one in rivals)
        call.diagnose(f"at the shared root this path is {vendor.title}'s; for {titles} put /{other} before it, ask the "
                      f"host {other}.localhost, send X-Mocksrv-Vendor: {other}, or serve with --vendor {other}")


def worldless(call: Call, worlds: Container[str]) -> None:
    """Say that the path of a refused request seems to name a world and does not: it lacks the `~`, or what comes after
    it is no name, or not where one may be.
    """
    first, slash, _ = call.path.removeprefix("/").partition("/")
    if slash and first in worlds:
        call.diagnose(f"there is a world {first}: its paths begin with /~{first}")
    elif first.startswith("~") and not WORLD.match(call.path):
        call.diagnose(f"after /~ comes the name of a world, {NAMES}; {first[1:][:SHOWN]!r} is none")
    elif call.operation is None and "/~" in call.path:
        call.diagnose("a path names one world, at its beginning or right after the mount of a vendor: /~name")


def names_world(path: str, worlds: Container[str]) -> bool:
    """Whether a path that no world was taken out of begins with the name of one, or has a `~` where one would stand."""
    return "/~" in path or path[1:].partition("/")[0] in worlds
