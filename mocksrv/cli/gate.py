"""`mocksrv gate`: run anybody's test suite against a live sandbox, within safe limits, or against a mock."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mocksrv.cli.base import configured, fail
from mocksrv.config import VENDORS, Config, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mocksrv.app import Simulator
    from mocksrv.live.fixture import Fixture
    from mocksrv.live.gate import Gate
    from mocksrv.live.guardrails import Guardrails
    from mocksrv.live.recorder import Recorder
    from mocksrv.live.recording_proxy import RecordingProxy
    from mocksrv.live.sandbox import Sandbox
    from mocksrv.serving.server import Server
    from mocksrv.vendor import Vendor

LEDGERS = "build/live"


@click.command()
@click.argument("vendor", type=click.Choice(VENDORS))
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.option("--mock", is_flag=True, help="Stand before a mock of its own, to compare with: MOCKSRV_SEED, MOCKSRV_SET "
              "and the others set it as they set `mocksrv serve`.")
@click.option("--port", type=int, default=0, help="Port to listen on.  [default: any free one]")
@click.option("--live-writes", "writes", is_flag=True, help="Let requests write; what they make is deleted at the end.")
@click.option("--live-admin", "admin", is_flag=True, help="Let them change what all share; it is put back at the end.")
@click.option("--live-lasting", "lasting", is_flag=True, help="Let them make what the API cannot delete.")
@click.option("--live-host", "hosts", multiple=True, help="A host that is not a known sandbox, confirmed.")
@click.option("--live-budget", "budget", type=int, default=5_000, show_default=True, help="Most requests of the run.")
@click.option("--run", "run", help="The tag in the names of all that the run makes.  [default: a new one]")
@click.option("--shapes", type=click.Path(dir_okay=False, path_type=Path), help="File for the shapes of the answers.")
@click.option("--record-fixture", "fixture", type=click.Path(dir_okay=False, path_type=Path),
              help="File for the exchanges, with made-up values in the place of all others.")
@click.option("--ledgers", type=click.Path(path_type=Path), default=Path(LEDGERS), envvar="MOCKSRV_LEDGERS",
              show_default=True,
              help="Folder for the list of what the run made, until it is deleted.")
@click.option("--clean", "only_clean", is_flag=True, help="Only delete what killed runs have left, and end.")
def gate(vendor: str, command: tuple[str, ...], mock: bool, port: int, writes: bool, admin: bool, lasting: bool,
         hosts: tuple[str, ...], budget: int, run: str | None, shapes: Path | None, fixture: Path | None,
         ledgers: Path, only_clean: bool) -> None:
    """A proxy in front of a live service: point any client at the gate instead.

    The service's URL and account come from the environment, such as CHT_URL, CHT_USER and CHT_PASSWORD. Requests pass
    unchanged as long as they only read. The command after -- runs with the gate's address in place of the service's,
    and its exit code is the gate's. Without one the gate says what to set, and ends on Ctrl-C or with its standard
    input. Then it deletes what the run made, in reverse order, and says what it could not delete.
    """
    from mocksrv.app import create_app
    from mocksrv.cli.suite import check_command
    from mocksrv.clock import today
    from mocksrv.live.guardrails import RUN, Guardrails, new_run
    from mocksrv.live.recorder import Recorder

    if run is not None and not RUN.fullmatch(run):
        fail("--run must be 6 to 32 small letters and digits, with a digit: what holds it in a name is deleted")
    check_command(command)
    if mock:
        tell_idle(only_clean)
    if shapes is not None:
        check_place(shapes)
    run, token = run or new_run(), secrets.token_urlsafe()
    config = replace(configured(vendor=(vendor,)), data=None)
    try:
        routes = create_app(replace(config, size=0, imports=()))
    except ConfigError as error:
        fail(error)
    recorder = Recorder(vendor, "mock" if mock else "live", today().isoformat(), shapes)
    if mock:
        with mock_gate(config, recorder, routes, run, token) as (proxy, environment):
            code = serve(proxy, port, command, environment, fixture)
    else:
        rails = Guardrails(writes=writes, admin=admin, lasting=lasting, budget=budget, hosts=hosts)
        opened = live_gate(vendor, rails, recorder, routes, run, token, ledgers, only_clean=only_clean)
        code = serve(opened, port, command, {}, fixture)
    sys.exit(code)


def tell_idle(only_clean: bool) -> None:
    """Say which options that were given do nothing before a mock; exit code 2 where nothing would be left to do."""
    if only_clean:
        fail("--clean deletes what runs have left on a live service: leave out --mock")
    context = click.get_current_context()
    given = [option.opts[0] for option in context.command.params
             if option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE]
    if idle := [name for name in given if name.startswith("--live-") or name == "--ledgers"]:
        click.echo(f"mocksrv: {', '.join(idle)} changes nothing beside --mock: all may be written there", err=True)


@contextmanager
def mock_gate(config: Config, recorder: Recorder, routes: Simulator, run: str, token: str
              ) -> Iterator[tuple[RecordingProxy, dict[str, str]]]:
    """A gate before a mock of its own, and what leads a suite to that mock. Nothing is forbidden there."""
    from mocksrv.app import create_app
    from mocksrv.live.forward import Forward
    from mocksrv.live.recording_proxy import RecordingProxy
    from mocksrv.live.sandboxes import KINDS
    from mocksrv.serving.server import Server

    try:
        app = create_app(config)
    except ConfigError as error:
        fail(error)
    vendor = config.vendor[0]
    with Server(app) as server:
        proxy = RecordingProxy(vendor, Forward(server.url), recorder, routes, run, token)
        proxy.release = app.vendors[vendor].running(app.worlds["default"])
        known = app.vendors[vendor].credentials(app.worlds["default"], server.url)[0]
        try:
            yield proxy, KINDS[vendor].environment(known)
        finally:
            proxy.forward.close()
    app.worlds.close()


def live_gate(vendor: str, rails: Guardrails, recorder: Recorder, routes: Simulator, run: str, token: str,
              ledgers: Path, *, only_clean: bool) -> Gate:
    """A gate before the service that the environment names, once what killed runs have left is gone; or exit code 2."""
    from mocksrv.live.forward import Unreachable
    from mocksrv.live.gate import Gate
    from mocksrv.live.guardrails import NotAllowed
    from mocksrv.live.ledger import Ledger
    from mocksrv.live.sandboxes import NotNamed, reach

    try:
        sandbox = reach(vendor, os.environ)
        rails.check_host(sandbox.forward, sandbox.hosts)
        left = clean_left(sandbox, ledgers)
        if only_clean:
            sys.exit(1 if left else 0)
        begun = sandbox.begin() if rails.writes else {}
    except (NotAllowed, NotNamed, Unreachable) as error:
        fail(error)
    head = {"vendor": vendor, "url": sandbox.place, "run": run, "writes": rails.writes}
    try:
        ledger = Ledger(ledgers / f"{vendor}-{run}.jsonl", head | begun)
    except FileExistsError:
        fail(f"there was a run {run} already, and not all that it made could be deleted: choose another --run")
    return Gate(sandbox, rails, ledger, recorder, routes, token)


def serve(app: RecordingProxy, port: int, command: tuple[str, ...], environment: Mapping[str, str],
          fixture: Path | None) -> int:
    """Serve until the command, or the run, is over; returns the exit code. `environment` is what a suite must know
    beside the address.
    """
    from mocksrv.cli import suite
    from mocksrv.serving.listening import CannotListen
    from mocksrv.serving.server import Server

    if fixture is not None:
        app.fixture = opened_fixture(fixture, app.vendor)
    try:
        server = Server(app, port=port)
    except CannotListen as error:
        fail(error)
    variable = f"{app.vendor.name.upper()}_URL"
    environment = {**environment, variable: server.url, "MOCKSRV_RUN": app.run}
    code = 0
    try:
        if command:
            with server:
                code = suite.run(command, environment)
        else:
            shown = {"url": server.url, **app.told, "environment": environment}
            click.echo(suite.exports(environment) if sys.stdout.isatty() else json.dumps(shown))
            serve_to_the_end(server)
    finally:
        if app.fixture is not None:
            app.fixture.close()
        asked, report = app.finished, app.finish()
        if not asked:
            tell(app, report)
            if command and not report["sent"] + report["refused"]:
                suite.nobody_came(server.url, variable)
    return code or (1 if report["left"] else 0)


def check_place(file: Path) -> None:
    """Exit code 2 if no file can be there: it is written when the run is over, and what was seen would be lost."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")


def opened_fixture(file: Path, vendor: Vendor[Any]) -> Fixture:
    from mocksrv.drift.declared import names
    from mocksrv.live.fixture import Fixture

    try:
        return Fixture(file, names(vendor.operations))
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")


def serve_to_the_end(server: Server) -> None:
    """Serve until Ctrl-C, SIGTERM, or the end of standard input."""
    threading.Thread(target=stop_at_eof, args=(server.stop,), daemon=True).start()
    server.run()


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
            tell_left(left)
        ledger.release(remove=left == [])
        all_left += left or []
    return all_left


def tell(app: RecordingProxy, report: Mapping[str, Any]) -> None:
    """How a run went, in a few lines."""
    click.echo(f"mocksrv: {report['sent']} requests, {report['made']} things made", err=True)
    if app.unanswered:
        click.echo(f"mocksrv: {app.unanswered} got no answer; the first: {app.silence}", err=True)
    if refused := [line for lines in app.refused.values() for line in lines]:
        click.echo(f"mocksrv: {len(refused)} were not let through; the first: {refused[0]}", err=True)
    tell_left(report["left"])


def tell_left(left: list[str]) -> None:
    for line in left:
        click.echo(f"mocksrv: could not be deleted: {line}", err=True)


def stop_at_eof(stop: Callable[[], None]) -> None:
    """End the run when standard input ends: it does so with whoever started the gate, even if that is killed."""
    if sys.stdin is None:  # closed from the start: only a signal ends the run
        return
    while os.read(sys.stdin.fileno(), 4096):  # not by its buffer, whose lock would crash an end by a signal
        pass
    stop()
