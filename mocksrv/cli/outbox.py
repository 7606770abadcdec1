"""The command for what the services send by themselves: `mocksrv outbox`."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlencode

import click

from mocksrv.cli.base import AS_JSON, ask, connect, duration, members, of_a_world, show


@click.group()
def outbox() -> None:
    """Show the calls that services make by themselves, and decide their outcome."""


@outbox.command(name="list")
@of_a_world
@click.argument("wanted", nargs=-1, metavar="[KEY=VALUE]...")
@AS_JSON
def list_calls(url: str, world: str, token: str, wanted: tuple[str, ...], as_json: bool) -> None:
    """List the calls, filtered by vendor, kind, state, about, method, url, status or limit.

    Example: mocksrv outbox list state=held
    """
    query = urlencode(dict(word.partition("=")[::2] for word in wanted))
    calls = ask(connect(url, world, token), "GET", f"/outbox?{query}")
    if as_json:
        show(calls)
        return
    for call in calls:
        end = call["error"] or call["status"] or f"due {call['due']}"
        click.echo(f"#{call['id']}  {call['created']}  {call['state']}  {call['kind']}, attempt {call['attempt']}  "
                   f"{call['method']} {call['url']}  {call['about']}  {end}")


@outbox.command()
@of_a_world
@click.argument("id", type=int)
@click.argument("answer", nargs=-1, metavar="[KEY=VALUE]...")
def deliver(url: str, world: str, token: str, id: int, answer: tuple[str, ...]) -> None:
    """Have a call answered: status=200, body, headers. Without these it is really made, if its address is allowed.

    Example: mocksrv outbox deliver 3 status=201
    """
    decide(url, world, token, id, "deliver", members(answer))


@outbox.command()
@of_a_world
@click.argument("id", type=int)
@click.option("--error", default="no answer", show_default=True, help="Why there is no answer.")
def fail(url: str, world: str, token: str, id: int, error: str) -> None:
    """Make a call fail: it gets no answer."""
    decide(url, world, token, id, "fail", {"error": error})


@outbox.command()
@of_a_world
@click.argument("id", type=int)
@click.argument("seconds", type=duration, metavar="DURATION")
def delay(url: str, world: str, token: str, id: int, seconds: float) -> None:
    """Let a call wait longer on the world's clock, such as 90 or 15m."""
    decide(url, world, token, id, "delay", {"seconds": seconds})


@outbox.command()
@of_a_world
@click.argument("on", type=click.Choice(("on", "off")))
def hold(url: str, world: str, token: str, on: str) -> None:
    """Hold all calls from now on, those to this machine too; `off` sends those whose address is allowed."""
    show(ask(connect(url, world, token), "POST", "/outbox", {"hold": on == "on"}))


@outbox.command()
@of_a_world
@click.argument("expected", nargs=-1, required=True, metavar="KEY=VALUE...")
def verify(url: str, world: str, token: str, expected: tuple[str, ...]) -> None:
    """Check that the outbox shows what you expect, as `mocksrv verify` does of the journal; exit code 1 if not.

    `operation` is the kind of a call, `path` its URL, `caller` what it is about.

    Example: mocksrv outbox verify operation=outbound status=2xx exactly=2
    """
    verdict = ask(connect(url, world, token), "POST", "/outbox/verify", members(expected))
    click.echo("as expected" if verdict["ok"] else verdict["account"])
    sys.exit(0 if verdict["ok"] else 1)


def decide(url: str, world: str, token: str, id: int, what: str, data: dict[str, Any]) -> None:
    show(ask(connect(url, world, token), "POST", f"/outbox/{id}/{what}", data))
