"""Commands for worlds as a whole and for snapshots of them: `mocksrv worlds`, `mocksrv snapshot`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click

from mocksrv.cli.base import AS_JSON, ask, connect, fail, of_a_server, of_a_world, show
from mocksrv.cli.console import print_table


def named(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")


@click.group()
def worlds() -> None:
    """List, make and delete worlds."""


@worlds.command(name="list")
@of_a_server
@AS_JSON
def list_worlds(url: str, token: str, as_json: bool) -> None:
    """List the worlds with their time and what they hold."""
    found = ask(connect(url, "default", token), "GET", "/worlds")
    if as_json:
        show(found)
        return
    print_table(("world", "its time", "frozen", "exchanges", "kB"), [
        {"world": one["name"], "its time": one["clock"]["now"][:19], "frozen": "yes" if one["clock"]["frozen"] else "",
         "exchanges": one["exchanges"], "kB": round(one["bytes"] / 1000)} for one in found])


@worlds.command(name="make")
@of_a_server
@click.argument("name")
@click.option("--fork", metavar="WORLD", help="As a copy of this world.")
@click.option("--seed", type=int, help="Number that its made-up data comes from.")
@click.option("--size", help="How much made-up data: a named size, or a number of main records.")
@click.option("--at", metavar="TIME", help="Stand still at this moment: same seed, same bytes on any day.")
@click.option("--scenario", help="With this trouble in it.")
@click.option("--set", "settings", multiple=True, metavar="VENDOR.SETTING=VALUE", help="Change what one vendor alone "
              "has, in this world; repeat for more.")
def make_world(url: str, token: str, name: str, settings: tuple[str, ...], at: str | None, **wanted: Any) -> None:
    """Make a world; one of that name begins anew.

    Any new name in a URL, such as http://127.0.0.1:8080/~mine/, is a world without this command too.

    Example: mocksrv worlds make mine --size empty --set cht.conformance=server
    """
    from mocksrv.config import ConfigError, parse_pairs

    order = {"name": name, **{key: value for key, value in wanted.items() if value is not None}}
    if at is not None:
        order["clock"] = {"freeze": True, "set": at}
    try:
        order |= {"settings": parse_pairs(settings)} if settings else {}
    except ConfigError as error:
        fail(error)
    show(ask(connect(url, "default", token), "POST", "/worlds", order))


@worlds.command(name="delete")
@of_a_server
@click.argument("name")
def delete_world(url: str, token: str, name: str) -> None:
    """Forget a world with all that is in it."""
    ask(connect(url, "default", token), "DELETE", f"/worlds/{named(name)}")


@click.group()
def snapshot() -> None:
    """Keep a world as it is now, and bring it back."""


@snapshot.command()
@of_a_world
@click.argument("name")
@click.option("--lasting", is_flag=True, help="Keep it when its world is deleted.")
@click.option("--from", "origin", metavar="WORLD", help="Copy the snapshot of that name from another world.")
def make(url: str, world: str, token: str, name: str, lasting: bool, origin: str | None) -> None:
    """Keep this world under a name, which is its own."""
    source = {"from": {"world": origin, "snapshot": name}} if origin else {}
    show(ask(connect(url, world, token), "POST", "/snapshots", {"name": name, "lasting": lasting} | source))


@snapshot.command()
@of_a_world
@click.argument("name")
def restore(url: str, world: str, token: str, name: str) -> None:
    """Make this world what the snapshot was."""
    show(ask(connect(url, world, token), "POST", f"/snapshots/{named(name)}/restore"))


@snapshot.command(name="list")
@of_a_world
def list_snapshots(url: str, world: str, token: str) -> None:
    """List the snapshots."""
    show(ask(connect(url, world, token), "GET", "/snapshots"))


@snapshot.command()
@of_a_world
@click.argument("name")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
def save(url: str, world: str, token: str, name: str, file: Any) -> None:
    """Write a snapshot to a file."""
    json.dump(ask(connect(url, world, token), "GET", f"/snapshots/{named(name)}"), file, ensure_ascii=False)


@snapshot.command()
@of_a_world
@click.argument("name")
@click.argument("file", type=click.File(encoding="utf-8"))
def load(url: str, world: str, token: str, name: str, file: Any) -> None:
    """Bring a snapshot back from a file, under a name."""
    try:
        text = file.read()
        data = json.loads(text)
    except UnicodeDecodeError:
        fail(f"{file.name} is not a snapshot: it is not text, but what `mocksrv snapshot save` writes is JSON")
    except (ValueError, RecursionError) as error:
        fail(f"{file.name} is not a snapshot: it {'is empty' if not text.strip() else f'is not JSON ({error})'}")
    show(ask(connect(url, world, token), "PUT", f"/snapshots/{named(name)}", data))
