"""The command line: `mocksrv serve`, `mocksrv operations`, ..."""

from __future__ import annotations

import gc
import json
import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mocksrv.cli.base import VendorName, configured, fail, vendors_of
from mocksrv.cli.console import banner, print_table
from mocksrv.config import SIZES, VENDORS, Config, ConfigError, all_vendors
from mocksrv.operation import PROOFS, STALE_AFTER, period
from mocksrv.shards import MOST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mocksrv.app import Simulator
    from mocksrv.serving.server import Server

SIZE_HELP = f"{', '.join(f'{name} ({count})' for name, count in SIZES.items())}, or a number of main records."

TLS_FOLDER = "~/.mocksrv"
# The commands that are loaded when they are called: the start of a server waits for none of them.
LATER = {
    "bench": "bench.bench", "clock": "remote.clock", "credentials": "remote.credentials", "doctor": "doctor.doctor",
    "drift": "drift.drift", "export": "own_data.export", "faults": "remote.faults", "gate": "gate.gate",
    "import": "own_data.import_", "journal": "remote.journal", "outbox": "outbox.outbox", "reset": "remote.reset",
    "scenario": "remote.scenario", "shards": "shards.shards", "snapshot": "worlds.snapshot", "verify": "remote.verify",
    "wait": "remote.wait", "worlds": "worlds.worlds",
}


class Commands(click.Group):
    """Commands of this module, and those of `LATER`."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *LATER])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in LATER:
            return super().get_command(context, name)
        module, function = LATER[name].split(".")
        found: click.Command = getattr(import_module(f"mocksrv.cli.{module}"), function)
        return found

    def resolve_command(self, context: click.Context, args: list[str]
                        ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            if near := get_close_matches(args[0], self.list_commands(context), 1):
                raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", context) from None
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]},
             epilog="Exit codes: 0 success; 1 the check failed; 2 the command could not run as it was called.")
@click.version_option(package_name="mocksrv")
def main() -> None:
    """One local server that answers like CareHQ, CommCare HQ and the Community Health Toolkit."""


@main.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="Port to listen on; 0 takes a free one.  [default: 8080]")
@click.option("--vendor", multiple=True, help=f"Serve this vendor only; repeat for more: {', '.join(VENDORS)}.")
@click.option("--seed", help="Number that all made-up data comes from.  [default: 1]")
@click.option("--size", help=f"How much made-up data: {SIZE_HELP}  [default: small]")
@click.option("--locale", help="Faker locale of made-up people, such as ne_NP or fr_FR.  [default: each vendor's own]")
@click.option("--data", help="File that keeps the default world across restarts, even after a crash.")
@click.option("--no-limits", "limits", flag_value="false", default=None, help="Switch the vendors' rate limits off.")
@click.option("--log", type=click.Choice(["off", "text", "json"]), help="Log each request to stderr.  [default: off]")
@click.option("--set", "set_", multiple=True, metavar="VENDOR.SETTING=VALUE", help="Change what one vendor alone has; "
              "`mocksrv settings` lists them.")
@click.option("--tls", is_flag=False, flag_value=TLS_FOLDER, metavar="[FOLDER]",
              help=f"Speak TLS, with a CA that is kept in this folder.  [default folder: {TLS_FOLDER}]")
@click.option("--worlds", help="Most worlds at a time.  [default: 1000]")
@click.option("--idle", help="Seconds without a request after which a world may make room.  [default: 3600]")
@click.option("--memory", help="MB that worlds and snapshots may take beside the seeded data.  [default: 1024]")
@click.option("--kept-body", metavar="BYTES", help="Up to how many bytes the journal keeps a request's body whole, for "
              "`mocksrv verify`.  [default: 65536]")
@click.option("--control", type=click.Choice(("auto", "token", "loopback", "off")), help="Who may use the control "
              "plane.  [default: auto, the token if there is one or --host is beyond loopback, else loopback]")
@click.option("--workers", type=click.IntRange(1, MOST), help="Processes that share the worlds, behind HAProxy.")
@click.option("--shard", metavar="N/COUNT", help="Which of how many processes this is, behind a balancer of your own.")
@click.option("--import", "imports", multiple=True, metavar="FILE", help="Begin every new world with own data; repeat "
              "for more.")
@click.option("--deliver-to", multiple=True, metavar="HOST[:PORT]", help="Let what the services send by themselves go "
              "to this host, too; repeat for more.  [default: to this machine alone]")
@click.option("--url-file", help="File that has the base URL for as long as the server serves.")
@click.option("--config", help="TOML file with these settings.")
def serve(set_: tuple[str, ...], workers: int | None, **flags: Any) -> None:
    """Start the server.

    Each option can also be set in the environment (MOCKSRV_PORT, MOCKSRV_SIZE, ...) or in a TOML file.
    """
    from mocksrv.journal.redaction import redact_target
    from mocksrv.serving.watchdog import Watchdog

    config = configured(set=set_, **flags)
    choose_token(config)
    if workers is not None:
        from mocksrv.cli.workers import serve as serve_workers

        serve_workers(workers, config)
    app, server = started(config)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    watchdog = Watchdog(lambda: [f"{method} {redact_target(target)[:200]}" for method, target in server.in_flight()])
    watchdog.start()
    try:
        with address_in(config.url_file, server.url):
            announce(app, server.url, config)
            server.run()
    finally:
        watchdog.stop()
        app.worlds.close()


def announce(app: Simulator, url: str, config: Config) -> None:
    """Say that the server is ready, and with which credentials."""
    click.echo(f"mocksrv is ready on {url}")
    if config.tls is not None:
        from mocksrv.serving.tls import advice

        click.echo(advice(config.tls))
    if config.shard.holds("default"):
        for line in banner(app, url):
            click.echo(line)


def choose_token(config: Config) -> None:
    """Make a token for a control plane that asks for one, unless one is set."""
    if config.controlled_by == "token" and not config.token:
        config.token = secrets.token_urlsafe(18)
        click.echo(f"mocksrv: the token of the control plane, for this start alone: {config.token}", err=True)


@contextmanager
def address_in(file: Path | None, url: str) -> Iterator[None]:
    """Keep the base URL in a file while the server runs: who starts or checks it need not know port and scheme."""
    if file is None:
        yield
        return
    try:
        file.write_text(f"{url}\n", encoding="utf-8")
    except OSError as error:
        fail(f"cannot write the base URL to {file}: {error.strerror}")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def started(config: Config) -> tuple[Simulator, Server]:
    """The application and its bound server, or exit code 2. The port is bound first: whether it is free is known at
    once.
    """
    gc.disable()
    from mocksrv.app import create_app
    from mocksrv.serving.listening import CannotListen
    from mocksrv.serving.server import Server

    try:
        tls = None
        if config.tls is not None:
            from mocksrv.serving.tls import context

            tls = context(config.tls, config.host)
        server = Server(starting, host=config.host, port=config.port, tls=tls)
    except (CannotListen, ConfigError) as error:
        fail(error)
    try:
        app = create_app(config, lambda text: click.echo(f"mocksrv: {text}", err=True))
    except ConfigError as error:
        fail(error)
    server.app = app
    gc.freeze()  # else a full collection over 100,000 seeded documents stops all answers for a second
    gc.enable()
    return app, server


def starting(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The WSGI app while worlds are being made; no connection is accepted before they are there."""
    start_response("503 Service Unavailable", [("Retry-After", "1")])
    return []


@main.command()
@click.option("--vendor", multiple=True, help="Only this vendor's.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--markdown", is_flag=True, help="As Markdown tables.")
@click.option("--into", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Write the tables of the documentation anew, in the pages of this folder.")
@click.option("--proof", "levels", multiple=True, type=click.Choice(PROOFS), help="Only these levels of proof; repeat "
              "for more.")
@click.option("--stale", is_flag=True, help=f"Only where the proof is older than {STALE_AFTER} days.")
def operations(vendor: tuple[str, ...], as_json: bool, markdown: bool, into: Path | None, levels: tuple[str, ...],
               stale: bool) -> None:
    """List what is simulated, with permission, source and proof."""
    from mocksrv.clock import today
    from mocksrv.described import documentation, proof

    vendors = vendors_of(configured(vendor=vendor).vendor)
    every = proof.describe([operation for one in vendors for operation in one.operations], today())
    rows = [row for row in every
            if (not levels or row["proof"]["level"] in levels) and (row["proof"]["stale"] or not stale)]
    tables = documentation.tables(vendors, rows)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif into:
        if vendor or levels or stale:
            fail("--into writes all operations: leave out --vendor, --proof and --stale")
        try:
            documentation.write(into, tables)
        except (OSError, documentation.UnknownTable) as error:
            fail(error)
    elif markdown:
        click.echo("\n".join(f"## {one.title}\n\n{tables[f'operations.{one.name}']}" for one in vendors), nl=False)
    else:
        print_table(("vendor", "method", "path", "permission", "release", "proof", "version", "date", "source"),
                    [{**row, **row["proof"], "release": period(row["since"], row["until"], row["instead"]),
                      "proof": level_of(row["proof"])} for row in rows])


def level_of(proof: dict[str, Any]) -> str:
    from mocksrv.described.proof import in_words

    return f"{in_words(proof)} (stale)" if proof["stale"] else in_words(proof)


@main.command()
@click.argument("vendor", type=VendorName("control"))
@click.option("--url", help="Address of the server, for the vendor's document.  [default: http://127.0.0.1:8080]")
@click.option("--release", help="The release to describe.  [default: what a new world runs]")
def openapi(vendor: str, url: str | None, release: str | None) -> None:
    """Print the OpenAPI 3.1 document of a vendor, or of the control plane.

    A vendor's document declares all that an operation may answer, refusals included, and how well it is proved
    (x-mocksrv-proof). A running server has it at /_mocksrv/openapi/VENDOR.json, with its own address.

    \b
      mocksrv openapi cht > cht.json
      mocksrv openapi carehq --url http://127.0.0.1:9090
      mocksrv openapi cht --release 5.2
    """
    from mocksrv.control import openapi as control
    from mocksrv.described.openapi import document

    if vendor == "control":
        made = control.document()
    else:
        (one,) = vendors_of([vendor])
        default = next((item.default for item in one.settings if item.name == "release"), "")
        if release and release not in one.releases:
            fail(f"{vendor} has no release {release}: use one of {', '.join(one.releases) or 'none'}")
        made = document(one, (url or "http://127.0.0.1:8080").rstrip("/"), release or default)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings(as_json: bool) -> None:
    """List the settings of the vendors, for --set."""
    rows = [{"setting": f"{vendor.name}.{item.name}", "default": item.default,
             "choices": list(item.choices), "help": item.help}
            for vendor in vendors_of(all_vendors()) for item in vendor.settings]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_table(("setting", "default", "choices", "help"), rows)


if __name__ == "__main__":
    main()
