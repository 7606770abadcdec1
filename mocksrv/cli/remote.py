"""Commands that steer a server that runs: `mocksrv clock`, `mocksrv faults`, `mocksrv journal`, ..."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from mocksrv.remote import RemoteWorld

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_URL = "http://127.0.0.1:8080"


def of_a_world(command: F) -> F:
    """The options that every command of this module has."""
    for option in (
        click.option("--token", envvar="MOCKSRV_TOKEN", default="", help="The control plane's token, if it has one."),
        click.option("--world", default="default", show_default=True, help="The world that is meant."),
        click.option("--url", envvar="MOCKSRV_URL", default=DEFAULT_URL, show_default=True, help="Where mocksrv runs."),
    ):
        command = option(command)
    return command


def fail(text: object) -> NoReturn:
    """One clear line and exit code 2: the caller has something to change."""
    click.echo(f"mocksrv: {text}", err=True)
    sys.exit(2)


def connect(url: str, world: str, token: str) -> RemoteWorld:
    from mocksrv.remote import RemoteWorld

    return RemoteWorld(url, world, token)


def ask(world: RemoteWorld, method: str, path: str, data: Any = None) -> Any:
    """A call of the control plane, or exit code 2 with the reason."""
    from mocksrv.remote import ControlFailure

    try:
        return world.control(method, path, data)
    except ControlFailure as error:
        fail(error)
    except OSError as error:
        reason = getattr(error, "reason", error)
        fail(f"no answer from {world.server} ({reason}): start one with `mocksrv serve`, or give its --url")


def show(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


@click.command()
@of_a_world
@click.option("--advance", type=float, metavar="SECONDS", help="Move on; a negative number moves back.")
@click.option("--set", "set_", metavar="TIME", help="Make it this moment, such as 2026-01-31T09:30:00Z.")
@click.option("--freeze/--run", default=None, help="Stand still, or run on.")
@click.option("--skew", type=float, metavar="SECONDS", help="How far the vendors' servers are wrong about the time.")
@click.option("--rate", type=float, help="So many times as fast as real time.")
def clock(url: str, world: str, token: str, set_: str | None, **changes: Any) -> None:
    """Show a world's clock, or change it."""
    given = {name: value for name, value in {"set": set_, **changes}.items() if value is not None}
    show(ask(connect(url, world, token), "POST" if given else "GET", "/clock", given or None))


@click.command()
@of_a_world
def reset(url: str, world: str, token: str) -> None:
    """Begin again with the seeded data."""
    show(ask(connect(url, world, token), "POST", "/reset"))


@click.command()
@of_a_world
@click.argument("wanted", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--limit", type=int, default=20, show_default=True, help="How many of the last exchanges.")
@click.option("--json", "as_json", is_flag=True, help="Everything that is known of them, as JSON.")
@click.option("--har", is_flag=True, help="As an HTTP Archive.")
def journal(url: str, world: str, token: str, wanted: tuple[str, ...], limit: int, as_json: bool, har: bool) -> None:
    """Show the last exchanges, filtered by vendor, operation, method, status, caller, fault, path or diagnosis.

    Example: mocksrv journal vendor=cht status=4xx
    """
    from urllib.parse import urlencode

    query = urlencode({**dict(word.partition("=")[::2] for word in wanted), "limit": limit})
    entries = ask(connect(url, world, token), "GET", f"/journal{'.har' if har else ''}?{query}")
    if as_json or har:
        show(entries)
        return
    for entry in entries:
        click.echo(f"{entry['at']}  {entry['status']}  {entry['method']} {entry['target']}  "
                   f"{entry['operation'] or 'no operation'}")
        for line in entry["diagnosis"]:
            click.echo(f"    {line}")


@click.group()
def faults() -> None:
    """List, add and remove what goes wrong in a world."""


@faults.command(name="list")
@of_a_world
def list_faults(url: str, world: str, token: str) -> None:
    """List the faults with how often they hit."""
    show(ask(connect(url, world, token), "GET", "/faults"))


@faults.command()
@of_a_world
@click.argument("members", nargs=-1, required=True, metavar="KEY=VALUE...")
def add(url: str, world: str, token: str, members: tuple[str, ...]) -> None:
    """Let something go wrong.

    Aim: vendor, operation, method, path, caller, nth, times, probability. Effect: status, headers, delay, slow,
    connection (reset, empty, truncate, garbage), after, cut_after, content_type. Values that look like JSON are read
    as JSON.

    Example: mocksrv faults add operation=get_person status=503 times=2
    """
    data = {}
    for member in members:
        key, equals, text = member.partition("=")
        if not equals:
            fail(f"{member!r}: use key=value")
        try:
            data[key] = json.loads(text)
        except ValueError:
            data[key] = text
    show(ask(connect(url, world, token), "POST", "/faults", data))


@faults.command()
@of_a_world
@click.argument("id", type=int, required=False)
def remove(url: str, world: str, token: str, id: int | None) -> None:
    """Remove one fault by its id, or all."""
    ask(connect(url, world, token), "DELETE", "/faults" if id is None else f"/faults/{id}")


@click.command()
@of_a_world
@click.argument("name", required=False)
def scenario(url: str, world: str, token: str, name: str | None) -> None:
    """Put a named trouble into a world; without a name, list them all."""
    remote = connect(url, world, token)
    if name:
        show(ask(remote, "POST", f"/scenarios/{name}"))
        return
    for one in ask(remote, "GET", "/scenarios"):
        click.echo(f"{one['name']}\n    {one['hurt']}\n    -> {one['advice']}")


@click.group()
def snapshot() -> None:
    """Keep a world as it is now, and bring it back."""


@snapshot.command()
@of_a_world
@click.argument("name")
def make(url: str, world: str, token: str, name: str) -> None:
    """Keep this world under a name."""
    show(ask(connect(url, world, token), "POST", "/snapshots", {"name": name}))


@snapshot.command()
@of_a_world
@click.argument("name")
def restore(url: str, world: str, token: str, name: str) -> None:
    """Make this world what the snapshot was."""
    show(ask(connect(url, world, token), "POST", f"/snapshots/{name}/restore"))


@snapshot.command(name="list")
@of_a_world
def list_snapshots(url: str, world: str, token: str) -> None:
    """List the snapshots."""
    show(ask(connect(url, world, token), "GET", "/snapshots"))


@snapshot.command()
@of_a_world
@click.argument("name")
@click.argument("file", type=click.File("w"), default="-")
def save(url: str, world: str, token: str, name: str, file: Any) -> None:
    """Write a snapshot to a file."""
    json.dump(ask(connect(url, world, token), "GET", f"/snapshots/{name}"), file, ensure_ascii=False)


@snapshot.command()
@of_a_world
@click.argument("name")
@click.argument("file", type=click.File())
def load(url: str, world: str, token: str, name: str, file: Any) -> None:
    """Bring a snapshot back from a file, under a name."""
    try:
        data = json.load(file)
    except ValueError as error:
        fail(f"{file.name} is no snapshot: {error}")
    show(ask(connect(url, world, token), "PUT", f"/snapshots/{name}", data))


COMMANDS = (clock, reset, journal, faults, scenario, snapshot)
