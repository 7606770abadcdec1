"""Commands that control a running server: `mocksrv clock`, `mocksrv faults`, `mocksrv journal`, ..."""

from __future__ import annotations

import re
import sys
from typing import Any
from urllib.parse import quote, urlencode

import click

from mocksrv.cli.base import AS_JSON, ask, connect, duration, fail, members, of_a_server, of_a_world, show, value_of
from mocksrv.cli.console import print_table, texts_of

# What stands in brackets belongs to a path: xml_path.//case[@case_id='a']/name=Asha
MEMBER = re.compile(r"(query|headers|form|json_path|xml_path)\.((?:\[[^\]]*\]|[^=\[])+)=(.*)", re.DOTALL)
PAUSE = 0.2  # seconds between attempts to reach a server that is not there yet


@click.command()
@of_a_world
@click.option("--advance", type=duration, metavar="DURATION", help="Move on, such as 90, 15m or 1h30m; what begins "
              "with - moves back.")
@click.option("--set", "set_", metavar="TIME", help="Make it this moment, such as 2026-01-31T09:30:00Z.")
@click.option("--freeze/--run", default=None, help="Stand still, or run on.")
@click.option("--skew", type=duration, metavar="DURATION", help="How far the vendors' servers are wrong about the "
              "time.")
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
    """Show the last exchanges, filtered by vendor, operation, method, status, caller, fault, answered_by, failed, path
    or diagnosis.

    Example: mocksrv journal vendor=cht status=4xx
    """
    query = urlencode({**dict(word.partition("=")[::2] for word in wanted), "limit": limit})
    entries = ask(connect(url, world, token), "GET", f"/journal{'.har' if har else ''}?{query}")
    if as_json or har:
        show(entries)
        return
    for entry in entries:
        by = f"  ({entry['answered_by']})" if entry["answered_by"] else ""
        click.echo(f"{entry['at']}  {entry['status']}  {entry['method']} {entry['target']}  "
                   f"{entry['operation'] or 'no operation'}{by}")
        for line in entry["diagnosis"]:
            click.echo(f"    {line}")


@click.command()
@of_a_world
@click.argument("expected", nargs=-1, required=True, metavar="KEY=VALUE...")
@AS_JSON
def verify(url: str, world: str, token: str, expected: tuple[str, ...], as_json: bool) -> None:
    """Check that the journal shows what you expect.

    If not, it prints what is nearest, with its difference, and what the journal has, and exits with 1.

    Aim: as for `mocksrv journal`. Count: exactly, at_least, at_most, never=true; at least one if you name none. Or an
    order, as JSON: in_order='[{"operation": "a"}, {"operation": "b"}]'.

    What was sent: query.NAME, headers.NAME, form.NAME, json_path.PATH and xml_path.PATH, each equal to a value or as in
    {"matches": "^a"}, {"contains": "a"}, {"absent": true}; json (a part of it), json_schema, body, body_sha256.

    Example: mocksrv verify operation=create_people json_path.$.name=Asha query.limit=5 exactly=1
    """
    verdict = ask(connect(url, world, token), "POST", "/journal/verify", expectation(expected))
    if as_json:
        show(verdict)
    else:
        click.echo("as expected" if verdict["ok"] else verdict["account"])
    sys.exit(0 if verdict["ok"] else 1)


def expectation(words: tuple[str, ...]) -> dict[str, Any]:
    """`KEY=VALUE` words as an object; `query.limit=5` is the member `limit` of `query`, whose values stay texts. Exit
    code 2 for a second value of one: that it takes the place of the first would pass unnoticed.
    """
    data: dict[str, Any] = {}
    for word in words:
        if (found := MEMBER.fullmatch(word)) is None:
            where, more = data, members((word,))
        else:
            kind, name, text = found.groups()
            where = data.setdefault(kind, {})
            as_json = kind == "json_path" or text.startswith(("{", "["))
            more = {name: value_of(text) if as_json else text}
            if not isinstance(where, dict):
                fail(f"{word!r}: {kind} has a value already")
        if twice := where.keys() & more.keys():
            fail(f"{word!r}: {twice.pop()} has a value already")
        where |= more
    return data


@click.group()
def faults() -> None:
    """List, add and remove faults and own answers in a world."""


@faults.command(name="list")
@of_a_world
def list_faults(url: str, world: str, token: str) -> None:
    """List the faults and own answers with how often they hit."""
    show(ask(connect(url, world, token), "GET", "/faults"))


@faults.command()
@of_a_world
@click.argument("wanted", nargs=-1, required=True, metavar="KEY=VALUE...")
def add(url: str, world: str, token: str, wanted: tuple[str, ...]) -> None:
    """Add a fault. Aim: vendor, operation, method, path, caller, nth, times, probability. Effect: status, headers,
    delay, slow, connection (reset, empty, truncate, garbage), after, cut_after, content_type. Or an own answer, by its
    status, headers, json, text or file (a path), and when: "instead" of the operation or "after" it. Values that look
    like JSON are read as JSON.

    Example: mocksrv faults add operation=get_person status=503 times=2

    Example: mocksrv faults add operation=get_person answer='{"json": {"name": "Ada"}}'
    """
    from mocksrv.remote import with_file

    fields = members(wanted)
    try:
        fields = {name: with_file(value) if name == "answer" else value for name, value in fields.items()}
    except OSError as error:
        fail(f"answer.file: cannot read {error.filename}: {error.strerror}")
    show(ask(connect(url, world, token), "POST", "/faults", fields))


@faults.command()
@of_a_world
@click.argument("id", type=int, required=False)
def remove(url: str, world: str, token: str, id: int | None) -> None:
    """Remove one fault by its id, or all."""
    ask(connect(url, world, token), "DELETE", "/faults" if id is None else f"/faults/{id}")


@click.command()
@of_a_world
@click.argument("name", required=False)
@AS_JSON
def scenario(url: str, world: str, token: str, name: str | None, as_json: bool) -> None:
    """Set up a scenario in a world; without a name, list all scenarios."""
    remote = connect(url, world, token)
    if name:
        show(ask(remote, "POST", f"/scenarios/{quote(name, safe='')}"))
        return
    known = ask(remote, "GET", "/scenarios")
    if as_json:
        show(known)
        return
    for one in known:
        click.echo(f"{one['name']}\n    {one['symptom']}\n    -> {one['advice']}")


@click.command()
@of_a_world
@click.argument("vendor", required=False)
@AS_JSON
def credentials(url: str, world: str, token: str, vendor: str | None, as_json: bool) -> None:
    """Show all ready-made credentials, and a first call of each vendor."""
    remote = connect(url, world, token)
    accounts = ask(remote, "GET", "/credentials")
    if vendor is not None and vendor not in accounts:
        fail(f"vendor {vendor!r} is not served there: use {', '.join(accounts)}")
    names = [vendor] if vendor else list(accounts)
    if as_json:
        show({name: accounts[name] for name in names})
        return
    for one in ask(remote, "GET", "/vendors"):
        if one["name"] in names:
            click.echo(f"{one['title']} ({one['name']})")
            print_table(("", "who", "credentials"), [
                {"": "", "who": known.get("name", known.get("note", "")), "credentials": texts_of(known)}
                for known in accounts[one["name"]]])
            click.echo(f"  {one['curl']}\n" if one["curl"] else "")


@click.command()
@of_a_server
@click.option("--timeout", type=duration, metavar="DURATION", default="30s", show_default=True,
              help="How long to wait, such as 90 or 2m.")
@AS_JSON
def wait(url: str, token: str, timeout: float, as_json: bool) -> None:
    """Wait until a server is seeded and serves.

    Exit code 1 if it does not in time. For scripts: mocksrv serve & mocksrv wait && pytest
    """
    from mocksrv.clock import pause, stopwatch
    from mocksrv.remote import FAILURES, reason

    remote, began = connect(url, "default", token), stopwatch()
    while True:
        remote.timeout = max(PAUSE, timeout - (stopwatch() - began))  # something may listen that never answers
        try:
            state = remote.control("GET", "/ready")
        except FAILURES as error:
            left = timeout - (stopwatch() - began)
            if left <= 0:
                fail(f"not ready after {timeout:g} s: {reason(remote.server, error)}", code=1)
            pause(min(PAUSE, left))
        else:
            break
    if as_json:
        show(state)
    else:
        click.echo(f"mocksrv is ready on {remote.server}")
