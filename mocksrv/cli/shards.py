"""Commands for many processes behind a balancer: `mocksrv shards`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from mocksrv.cli.base import AS_JSON, fail, show
from mocksrv.cli.console import print_table

F = TypeVar("F", bound=Callable[..., Any])


def of_processes(command: F) -> F:
    """The options that name the processes and authorise calls of their control planes."""
    command = click.option("--token", envvar="MOCKSRV_TOKEN", default="", help="The control planes' token.")(command)
    return click.argument("urls", nargs=-1, required=True, envvar="MOCKSRV_PROCESSES", metavar="URL...")(command)


def asked(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result, or exit code 2 with the process that did not answer."""
    from mocksrv.shards.processes import Silent

    try:
        return call(*arguments)
    except (Silent, ValueError, OSError) as error:
        fail(error)


@click.group()
def shards() -> None:
    """Spread worlds over many processes, and see them as one.

    URL... are the addresses of the processes themselves, first to last, past the balancer; or MOCKSRV_PROCESSES has
    them, with spaces between.
    """


@shards.command()
@click.argument("name")
@click.argument("count", type=int)
def where(name: str, count: int) -> None:
    """Tell which of COUNT processes holds the world NAME."""
    from mocksrv.shards import Shard

    click.echo(asked(Shard, 0, count).owner(name))


@shards.command()
@of_processes
@AS_JSON
def health(urls: tuple[str, ...], token: str, as_json: bool) -> None:
    """Say for each process whether it serves its shard. Exit code 1 if one does not."""
    from mocksrv.shards import processes

    found = asked(processes.health, urls, token)
    if as_json:
        show(found)
    else:
        print_table(("process", "url", "shard", "ready", "fault"),
                    [{**one, "ready": "yes" if one["ready"] else "no"} for one in found])
    if not all(one["ready"] for one in found):
        raise SystemExit(1)


@shards.command(name="worlds")
@of_processes
@AS_JSON
def list_worlds(urls: tuple[str, ...], token: str, as_json: bool) -> None:
    """List the worlds of all processes."""
    from mocksrv.shards import processes

    found = asked(processes.worlds, urls, token)
    if as_json:
        show(found)
    else:
        print_table(("process", "world", "exchanges", "kB"), [
            {"process": one["process"], "world": one["name"], "exchanges": one["exchanges"],
             "kB": round(one["bytes"] / 1000)} for one in found])


@shards.command()
@of_processes
def metrics(urls: tuple[str, ...], token: str) -> None:
    """Print the metrics of all processes for Prometheus, each with its process."""
    from mocksrv.shards import processes

    click.echo(asked(processes.metrics, urls, token), nl=False)


@shards.command()
@of_processes
@click.option("--count", type=int, required=True, help="How many of the processes hold the worlds from now on.")
@click.option("--haproxy", type=click.Path(path_type=Path, exists=True), metavar="SOCKET", multiple=True,
              help="The socket of the HAProxy before them, which is told too; repeat for more of them.")
@click.option("--map", "map_file", metavar="FILE", help="Its table of slots, as its configuration names it.  "
              "[default: slots.map beside the socket]")
def resize(urls: tuple[str, ...], token: str, count: int, haproxy: tuple[Path, ...], map_file: str | None) -> None:
    """Change the number of processes that hold the worlds. Worlds that move take documents, clock and settings along.

    Name all processes, those that come and those that go included; new ones run already, started with --shard. Only
    an even share of the worlds moves; each answers 503 until it is there. When it was interrupted, call it again.

    Example: mocksrv shards resize --count 3 --haproxy haproxy.socket http://127.0.0.1:9001 http://127.0.0.1:9002
    http://127.0.0.1:9003
    """
    from mocksrv.shards import Shard, processes
    from mocksrv.shards.haproxy import HAProxy

    asked(Shard, 0, count)
    if count > len(urls):
        fail(f"--count {count}: only {len(urls)} processes are named")
    moved = asked(processes.resize, urls, count, token, lambda text: click.echo(f"mocksrv: {text}", err=True))
    for control in haproxy:
        balancer = HAProxy(control)
        for number, url in enumerate(urls[:count], 1):
            asked(balancer.add, number, urlsplit(url).netloc)
        asked(balancer.put, count, map_file or str(control.with_name("slots.map")))
        for number in range(count + 1, len(urls) + 1):
            asked(balancer.remove, number)
    click.echo(f"{count} processes hold the worlds; {moved} worlds have moved")


@shards.command()
@click.argument("addresses", nargs=-1, required=True, metavar="HOST:PORT...")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True, metavar="FOLDER",
              help="Where haproxy.cfg and slots.map are written.")
@click.option("--bind", default="127.0.0.1:8080", show_default=True, help="Where HAProxy listens.")
@click.option("--folder", metavar="FOLDER", help="Where HAProxy will find slots.map and make its socket.  [default: "
              "--into]")
@click.option("--spare", type=int, default=0, show_default=True, help="Processes that may be added while it runs.")
@click.option("--names", is_flag=True, help="The hosts are names that come and go, as those of containers.")
def haproxy(addresses: tuple[str, ...], into: Path, bind: str, folder: str | None, spare: int, names: bool) -> None:
    """Write the configuration of HAProxy for processes at these addresses.

    Start process N of COUNT with `mocksrv serve --shard N/COUNT`.
    """
    from mocksrv.shards.haproxy import config, slots

    place = folder or str(into.resolve())
    text = asked(lambda: config(addresses, bind=bind, map_file=f"{place}/slots.map",
                                control=f"{place}/haproxy.socket", spare=spare, resolve=names))
    (into / "haproxy.cfg").write_text(text, encoding="utf-8")
    (into / "slots.map").write_text(slots(len(addresses)), encoding="utf-8")
    click.echo(f"wrote haproxy.cfg and slots.map into {into}; start it with: haproxy -f {into / 'haproxy.cfg'}")
