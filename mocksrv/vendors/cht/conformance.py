"""Where the documentation page and the 4.15 server differ, and which of them a world follows."""

from __future__ import annotations

from mocksrv.operation import Operation
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


def demands(world: World, operation: Operation) -> tuple[tuple[str, ...], bool]:
    """The permissions an operation needs, and whether it needs an online user.

    Difference 1: the page names one permission where the server also asks for `can_edit`. Difference 2: the page
    does not say that reading contacts takes an online user (trait `online="server"`). Trait `page_permission`: the
    page names another one (difference 37).
    """
    named = (docs(world) and operation.traits.get("page_permission")) or operation.permission or ()
    names = (named,) if isinstance(named, str) else named
    online = operation.traits.get("online")
    if docs(world):
        return tuple(name for name in names if name != "can_edit" or len(names) == 1), online not in (None, "server")
    return names, bool(online)
