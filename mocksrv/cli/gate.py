"""`mocksrv gate`: run any client's tests against a live sandbox, within safe limits."""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mocksrv.cli.base import fail
from mocksrv.config import VENDORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocksrv.live.sandbox import Sandbox

LEDGERS = "build/live"


@click.command()
@click.argument("vendor", type=click.Choice(VENDORS))
@click.option("--port", type=int, default=0, help="Port to listen on.  [default: any free one]")
@click.option("--live-writes", "writes", is_flag=True, help="Let requests write; what they make is deleted at the end.")
@click.option("--live-admin", "admin", is_flag=True, help="Let them change what all share; it is put back at the end.")
@click.option("--live-lasting", "lasting", is_flag=True, help="Let them make what the API cannot delete.")
@click.option("--live-host", "hosts", multiple=True, help="A host that is not a known sandbox, confirmed.")
@click.option("--live-budget", "budget", type=int, default=5_000, show_default=True, help="Most requests of the run.")
@click.option("--run", "run", help="The tag in the names of all that the run makes.  [default: a new one]")
@click.option("--shapes", type=click.Path(path_type=Path), help="File for the shapes of the answers.")
@click.option("--ledgers", type=click.Path(path_type=Path), default=Path(LEDGERS), envvar="MOCKSRV_LEDGERS",
              show_default=True,
              help="Folder for the list of what the run made, until it is deleted.")
@click.option("--clean", "only_clean", is_flag=True, help="Only delete what killed runs have left, and end.")
def gate(vendor: str, port: int, writes: bool, admin: bool, lasting: bool, hosts: tuple[str, ...], budget: int,
         run: str | None, shapes: Path | None, ledgers: Path, only_clean: bool) -> None:
    """A proxy in front of a live service: point any client at the gate instead.

    The service's URL and account come from the environment, such as CHT_URL, CHT_USER and CHT_PASSWORD. Requests pass
    unchanged as long as they only read. The gate ends with its standard input, or on Ctrl-C; then it deletes what the
    run made, in reverse order, and says what it could not delete.
    """
    from mocksrv.app import create_app
    from mocksrv.clock import today
    from mocksrv.config import Config
    from mocksrv.live.forward import Unreachable
    from mocksrv.live.gate import Gate
    from mocksrv.live.guardrails import RUN, Guardrails, NotAllowed, new_run
    from mocksrv.live.ledger import Ledger
    from mocksrv.live.recorder import Recorder
    from mocksrv.serving.listening import CannotListen
    from mocksrv.serving.server import Server

    if run is not None and not RUN.fullmatch(run):
        fail("--run must be 6 to 32 small letters and digits, with a digit: what holds it in a name is deleted")
    sandbox = reach(vendor)
    rails = Guardrails(writes=writes, admin=admin, lasting=lasting, budget=budget, hosts=hosts)
    try:
        rails.check_host(sandbox.forward, sandbox.hosts)
        left = clean_left(sandbox, ledgers)
        if only_clean:
            sys.exit(1 if left else 0)
        begun = sandbox.begin() if writes else {}
    except (NotAllowed, Unreachable) as error:
        fail(error)
    run = run or new_run()
    date = today().isoformat()
    head = {"vendor": vendor, "url": sandbox.place, "run": run, "writes": writes}
    try:
        ledger = Ledger(ledgers / f"{vendor}-{run}.jsonl", head | begun)
    except FileExistsError:
        fail(f"there was a run {run} already, and not all that it made could be deleted: choose another --run")
    token = secrets.token_urlsafe()
    recorder = Recorder(vendor, "live", date, shapes)
    app = Gate(sandbox, rails, ledger, recorder, create_app(Config(vendor=(vendor,), size=0)), token)
    try:
        server = Server(app, port=port)
    except CannotListen as error:
        fail(error)
    click.echo(json.dumps({"url": server.url, "run": run, "token": token, "ledger": str(ledger.file)}))
    threading.Thread(target=stop_at_eof, args=(server.stop,), daemon=True).start()
    try:
        server.run()
    finally:
        told, report = app.finished, app.finish()
        if not told:
            click.echo(f"mocksrv: {report['sent']} requests, {report['made']} things made", err=True)
            tell(report["left"])
        if report["left"]:
            sys.exit(1)


def reach(vendor: str) -> Sandbox:
    """The service that the environment names, or exit code 2."""
    from mocksrv.live.carehq import CareHQ
    from mocksrv.live.cht import CHT
    from mocksrv.live.commcare import CommCare
    from mocksrv.live.forward import Forward

    kind: type[Sandbox] = {"carehq": CareHQ, "commcare": CommCare, "cht": CHT}[vendor]
    missing = [name for name in kind.variables if not os.environ.get(name)]
    if missing:
        fail(f"set {', '.join(missing)} in the environment to reach the live service")
    account = {name: os.environ[name] for name in kind.variables}
    try:
        return kind(Forward(account[kind.variables[0]]), account)
    except ValueError as error:
        fail(f"{kind.variables[0]} {error}")


def clean_left(sandbox: Sandbox, folder: Path) -> list[str]:
    """Delete what killed runs have left on this service; returns what could not be deleted, in words."""
    from mocksrv.live.gate import take_away
    from mocksrv.live.ledger import InUse, Ledger

    all_left: list[str] = []
    for file in sorted(folder.glob(f"{sandbox.vendor}-*.jsonl")):
        try:
            ledger = Ledger(file)
        except InUse:
            continue
        left: list[str] | None = None
        if ledger.head.get("url", sandbox.place) == sandbox.place:
            click.echo(f"mocksrv: deleting what an earlier run has left ({file})", err=True)
            left = take_away(sandbox, ledger) if ledger.head.get("writes") else []
            tell(left)
        ledger.release(remove=left == [])
        all_left += left or []
    return all_left


def tell(left: list[str]) -> None:
    for line in left:
        click.echo(f"mocksrv: could not be deleted: {line}", err=True)


def stop_at_eof(stop: Callable[[], None]) -> None:
    """End the run when standard input ends: it does so with whoever started the gate, even if that is killed."""
    if sys.stdin is None:  # closed from the start: only a signal ends the run
        return
    while os.read(sys.stdin.fileno(), 4096):  # not by its buffer, whose lock would crash an end by a signal
        pass
    stop()
