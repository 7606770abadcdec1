"""What all commands share: options for reaching a server, calls of its control plane, error messages.

Exit codes: 0 success; 1 the check failed (`verify`, `wait`, `doctor`, `drift`, `gate --clean`); 2 the command could not
run: a wrong option, an unreadable file, an unreachable server.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from mocksrv import plugins
from mocksrv.config import VENDORS, Config, ConfigError, load

if TYPE_CHECKING:
    from mocksrv.remote import RemoteWorld
    from mocksrv.vendor import Vendor

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:8080"
UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
PART = r"(\d+(?:\.\d+)?)(ms|min|[smhdw])"


def duration(text: str) -> float:
    """Seconds: as a number, or as `90s`, `15m`, `1h30m`, `-2d`."""
    try:
        return float(text)
    except ValueError:
        pass
    if not re.fullmatch(rf"[+-]?(?:{PART})+", text):
        raise click.BadParameter(f"{text!r}: use seconds, or numbers with ms, s, m, h, d or w, such as 1h30m")
    total = sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, text))
    return -total if text.startswith("-") else total


class VendorName(click.Choice[str]):
    """A vendor: one of mocksrv's own, one of another package, or another word of the command's."""

    def __init__(self, *more: str) -> None:
        super().__init__([*VENDORS, *more])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value) if value in plugins.names() else super().convert(value, param, ctx)


def vendors_of(names: Iterable[str]) -> list[Vendor[Any]]:
    """The vendors of those names, or exit code 2 when one of another package cannot be used."""
    from mocksrv.app import load_vendors

    try:
        return load_vendors(names)
    except ConfigError as error:
        fail(error)


AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def of_a_server(command: F) -> F:
    """The options of a command about a whole server."""
    for option in (
        click.option("--token", envvar="MOCKSRV_TOKEN", default="", help="The control plane's token, if it has one."),
        click.option("--url", envvar="MOCKSRV_URL", default=DEFAULT_URL, show_default=True, help="Where mocksrv runs."),
    ):
        command = option(command)
    return command


def of_a_world(command: F) -> F:
    """The options of a command about one world."""
    return of_a_server(click.option("--world", envvar="MOCKSRV_WORLD", default="default", show_default=True,
                                    help="The world that is meant.")(command))


def fail(text: object, code: int = 2) -> NoReturn:
    """Print one line and exit; code 2 means that the caller must change something."""
    click.echo(f"mocksrv: {text}", err=True)
    sys.exit(code)


def configured(**flags: Any) -> Config:
    """The settings, or exit code 2."""
    file = flags.pop("config", None) or os.environ.get("MOCKSRV_CONFIG")
    flags = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        return load(flags, os.environ, Path(file) if file else None)
    except ConfigError as error:
        fail(error)


def connect(url: str, world: str, token: str) -> RemoteWorld:
    """The client of that world, or exit code 2 if the name or the address is not valid."""
    from mocksrv.remote import DEFAULT, RemoteWorld

    if world != DEFAULT and "/~" in url:
        fail(f"{url} names a world already: leave out --world, or the world in --url")
    try:
        return RemoteWorld(url, world, token)
    except ValueError as error:
        fail(error)


def ask(world: RemoteWorld, method: str, path: str, data: Any = None) -> Any:
    """A call of the control plane, or exit code 2 with the reason."""
    from mocksrv.remote import FAILURES, reason

    try:
        return world.control(method, path, data)
    except FAILURES as error:
        fail(reason(world.server, error))


def show(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def members(words: tuple[str, ...]) -> dict[str, Any]:
    """`KEY=VALUE` words as an object; what looks like JSON is read as JSON. Exit code 2 where there is no `=`."""
    data: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            fail(f"{word!r}: use key=value")
        data[key] = value_of(text)
    return data


def value_of(text: str) -> Any:
    """What a text stands for, if it looks like JSON, else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
