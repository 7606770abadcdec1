"""What a refused request may have been meant for instead: another world, or another vendor."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mocksrv.operation import PARAMETER
from mocksrv.routing.near_misses import is_catch_all, segments
from mocksrv.serving.wsgi import NAMES

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.vendor import Vendor

LONGEST_BEGINNING = 2  # segments, as in /a/{domain} and /api/v1


def diagnose(vendor: Vendor[Any], vendors: Mapping[str, Vendor[Any]], worlds: Container[str], call: Call) -> None:
    """Add to the diagnosis of a refused request what its path may have been meant for."""
    worldless(call, worlds)
    if not (call.operation is None or is_catch_all(call.operation)) or is_chosen(vendor, call):
        return  # the path is this vendor's beyond doubt
    others = [one for one in vendors.values() if one is not vendor]
    if call.operation is None and not call.allowed:
        shadowed(vendor, [one for one in others if one.claims(call.path)], call)
    headless(vendor, others, call)


def is_chosen(vendor: Vendor[Any], call: Call) -> bool:
    """Whether the request names its vendor: by the mount, a header or the host, or as none but its clients do."""
    named = call.header("x-mocksrv-vendor") or call.host.partition(".")[0].lower()
    return (named == vendor.name or call.prefix.endswith(f"/{vendor.name}")
            or any(call.header(mark) for mark in vendor.marks))


def headless(vendor: Vendor[Any], others: Sequence[Vendor[Any]], call: Call) -> None:
    """Say that the path lacks the beginning of an operation of another vendor: at most two segments."""
    asked = segments(call.path)
    for other in others:
        if words(other, len(other.operations)).isdisjoint(asked):
            continue  # as mostly: a document that is missing costs nothing
        method = other.method(call)
        found = [(one, path, lacks) for one in other.operations for path in one.plain_paths
                 if (lacks := missing_beginning(segments(path), asked))]
        if found and not has_other_methods(vendor, call):
            one, path, lacks = min(found, key=lambda item: (item[0].method != method, item[2].count("/")))
            call.diagnose(f"{lacks} is missing before this path if {one.method} {path} of {other.title or other.name} "
                          "was meant")


def has_other_methods(vendor: Vendor[Any], call: Call) -> bool:
    """Whether the path is one of the vendor's, by its words, and only the method is wrong."""
    return bool(call.allowed) and any(pattern.fullmatch(call.path) for one in vendor.operations
                                      if not is_catch_all(one) for pattern in one.patterns)


@lru_cache(maxsize=16)
def words(vendor: Vendor[Any], _operations: int) -> frozenset[str]:
    """All words in the paths of a vendor with so many operations: more may be added."""
    return frozenset(part for one in vendor.operations for path in one.plain_paths for part in segments(path))


def missing_beginning(path: tuple[str, ...], asked: tuple[str, ...]) -> str:
    """What a declared path has before all that was asked for, if a word of it was; or ""."""
    missing = len(path) - len(asked)
    if not 1 <= missing <= LONGEST_BEGINNING or not path[0] or PARAMETER.search(path[0]):
        return ""
    fixed = False
    for want, part in zip(path[missing:], asked, strict=True):
        if want == part:
            fixed = True
        elif not part or not PARAMETER.search(want):
            return ""
    return "/" + "/".join(path[:missing]) if fixed else ""


def shadowed(vendor: Vendor[Any], rivals: Sequence[Vendor[Any]], call: Call) -> None:
    """Say that a path of the shared root may have been meant for another vendor that would take it, too."""
    if rivals:
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
    elif first.startswith("~") and "/~" not in call.prefix:  # a name would stand there, and no longer in the path
        call.diagnose(f"after /~ comes the name of a world: {NAMES}")
    elif first.startswith("~") or (call.operation is None and "/~" in call.path):
        call.diagnose("a path names one world, at its beginning or right after the mount of a vendor: /~name, "
                      f"where a name is {NAMES}")


def names_world(path: str, worlds: Container[str]) -> bool:
    """Whether a path that no world was taken out of begins with the name of one, or has a `~` where one would stand."""
    return "/~" in path or path[1:].partition("/")[0] in worlds
