"""Where the documentation page and the 4.15 server differ, and which of them a world follows."""

from __future__ import annotations

from mocksrv.world import World

CHOICES = ("server", "strict", "docs")


def mode(world: World) -> str:
    """`server`: real behaviour plus what the page promises where both can hold; `strict`: exactly the 4.15.0
    server; `docs`: exactly the documentation page."""
    value: str = world.setting("cht.conformance")
    return value


def strict(world: World) -> bool:
    return mode(world) == "strict"


def docs(world: World) -> bool:
    return mode(world) == "docs"
