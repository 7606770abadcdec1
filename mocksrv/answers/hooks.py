"""Functions of Python as own answers, for tests that run in the server's own process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from marshmallow import ValidationError

from mocksrv.answers import Changes
from mocksrv.answers.declared import WHEN, ChangesSchema, changes_of
from mocksrv.answers.seen import Real
from mocksrv.call import Call
from mocksrv.control.base import Server
from mocksrv.control.faults import AimSchema, told_of
from mocksrv.remote import RemoteWorld, aim_of, with_file
from mocksrv.vendor import Vendor
from mocksrv.world import World

Function = TypeVar("Function", bound=Callable[..., Any])


class Hook:
    """A function that makes answers: of the world, the call and the real answer (None for one "instead" of it)."""

    size = 0

    def __init__(self, function: Callable[[World, Call, Real | None], Any], when: str) -> None:
        self.function, self.when = function, when

    def describe(self) -> dict[str, Any]:
        module, name = getattr(self.function, "__module__", ""), getattr(self.function, "__qualname__", "a function")
        return {"when": self.when, "hook": f"{module}.{name}".removeprefix(".")}

    def changes(self, world: World, vendor: Vendor[Any], call: Call, number: int, real: Real | None) -> Changes | None:
        """What the function wants to be different. Raises ValueError for what is none, and what the function raises."""
        try:
            wanted = self.function(world, call, real)
        except pytest_outcomes() as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        if wanted is None:
            return None
        if not isinstance(wanted, Mapping):
            raise ValueError("a hook returns None or what is different, such as {'json': ...}, "
                             f"not {type(wanted).__name__}")
        try:
            return changes_of(ChangesSchema().load(with_file(dict(wanted))))
        except ValidationError as error:
            raise ValueError(told_of(error, ChangesSchema())) from None


def pytest_outcomes() -> tuple[type[BaseException], ...]:
    """What fail() and skip() of pytest raise: no Exception, so it would end the server's thread without an answer."""
    pytest = sys.modules.get("pytest")
    return () if pytest is None else (pytest.fail.Exception, pytest.skip.Exception)


class LocalWorld(RemoteWorld):
    """One world of a server in this process: what `RemoteWorld` can, and hooks.

        app = create_app(Config(port=0))
        with Server(app) as server:
            world = LocalWorld(app, server.url, "mine")
    """

    def __init__(self, app: Server, server: str, name: str, token: str = "") -> None:
        super().__init__(server, name, token)
        self._app = app

    def on(self, operation: str, *, when: str = "after", **aim: Any) -> Callable[[Function], Function]:
        """Have a function answer in the place of an operation, or change its answer: `@mocksrv.on("cht.get_person")`.

        It gets the world, the call and the real answer (`status`, `headers`, `json`, `text`, `body`), and returns None
        to leave that as it is, or what is different: `{"json": ..., "status": 201, "headers": {...}}`. It is called
        under the lock of the world, so a request to the same world would wait for itself: use the world. With
        `when="instead"` the operation is not asked, and there is no real answer. `aim` is that of a fault.

        Raises ValueError for an operation that there is not, and for what else is wrong with the aim.
        """
        if when not in WHEN:
            raise ValueError(f"when is {' or '.join(WHEN)}, not {when!r}")
        try:
            with self._app.app_context():
                checked = AimSchema().load(aim_of(operation) | aim)
        except ValidationError as error:
            raise ValueError(told_of(error, AimSchema())) from None

        def register(function: Function) -> Function:
            world = self._app.worlds[self.name]
            with world.lock:
                world.faults.add(answer=Hook(function, when), **checked)
            return function

        return register
