"""`mocksrv doctor`: what on this machine could keep a client from reaching the server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from mocksrv.cli.base import AS_JSON, connect, show
from mocksrv.cli.console import print_table
from mocksrv.config import is_loopback

if TYPE_CHECKING:
    from mocksrv.remote import RemoteWorld

OK, NOTE, BAD = "ok", "note", "bad"
PYTHONS = ((3, 11), (3, 13))  # the oldest and the newest that the tests run on
CA_FILES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
FOLDER = Path("~/.mocksrv")  # of the CA, unless --tls names another
PATIENCE = 5.0  # seconds for a server to answer
CLOSE = 2.0  # seconds that a clock may be off while nothing has moved it


@dataclass(frozen=True)
class Finding:
    """What was checked, whether it is ok, what was found, and what to do."""

    check: str
    state: str
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Client:
    """A client library that people use; `known` are the prefixes of the versions that the tests run."""

    name: str
    tested: tuple[str, ...]
    known: str
    command: str = ""  # for a client that is not a Python package


CLIENTS = (
    Client("carehq", ("0.1.", "0.0."), "the base URL goes without /v1; 0.0 signs the old way alone "
           "(carehq.legacy_signatures)"),
    Client("commcare-export", ("1.16.",), "takes the server's address as --commcare-hq"),
    Client("requests", ("2.",), "follows proxy variables and REQUESTS_CA_BUNDLE"),
    Client("testcontainers", ("4.",), "mocksrv.testcontainers starts the image with it"),
    Client("cht-conf", ("6.6.",), "takes the server's address as --url", command="cht"),
)


@click.command()
@click.option("--url", envvar="MOCKSRV_URL", help="Where mocksrv runs, or is to run.  [default: by host and port]")
@click.option("--host", envvar="MOCKSRV_HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", envvar="MOCKSRV_PORT", type=click.IntRange(0, 65535), default=8080, show_default=True,
              help="Port to listen on.")
@click.option("--token", envvar="MOCKSRV_TOKEN", default="", help="The control plane's token, if it has one.")
@AS_JSON
def doctor(url: str | None, host: str, port: int, token: str, as_json: bool) -> None:
    """Look for what could keep a client from reaching the server: Python and packages, the port, the clients that are
    installed beside, trust in the CA, proxy variables that would divert a client, and the clock of a server that runs.
    Exit code 1 if something has to be changed.
    """
    remote = connect(url or f"http://{f'[{host}]' if ':' in host else host}:{port}", "default", token)
    remote.timeout = PATIENCE
    if url is not None:
        parts = urlsplit(remote.server)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    kept, why_not = asked(remote, "/clock") if port else ({}, "--port 0 takes any free one: say which, or give --url")
    here = bool(kept or (port and asked(remote, "/ready")[0]))
    findings = [python(), packages(), *([free_port(host, port, here)] if url is None or is_loopback(host) else ()),
                *clients(), *trust(), proxies(host), clock(remote.server, kept, why_not)]
    if as_json:
        show([asdict(one) for one in findings])
    else:
        print_table(("check", "state", "found"), [asdict(one) for one in findings])
        for one in findings:
            if one.advice:
                click.echo(f"\n{one.check}: {one.advice}")
    if any(one.state == BAD for one in findings):
        sys.exit(1)


def asked(remote: RemoteWorld, path: str) -> tuple[dict[str, Any], str]:
    """What a running server answers; or None, and why."""
    from mocksrv.remote import FAILURES, reason

    try:
        return remote.control("GET", path), ""
    except FAILURES as error:
        return {}, reason(remote.server, error)


def python() -> Finding:
    here = sys.version_info[:2]
    text = sys.version.split()[0]
    if PYTHONS[0] <= here <= PYTHONS[1]:
        return Finding("Python", OK, text)
    oldest, newest = (".".join(map(str, one)) for one in PYTHONS)
    return Finding("Python", BAD if here < PYTHONS[0] else NOTE, text,
                   f"the tests run on {oldest} to {newest}: use one of those")


def packages() -> Finding:
    """Whether all packages that the server needs are installed."""
    from importlib.metadata import requires

    names = [text for text in requires("mocksrv") or () if ";" not in text]
    bare = [name_of(text) for text in names]
    if missing := [name for name in bare if installed(name) is None]:
        return Finding("packages", BAD, f"without {', '.join(missing)}",
                       f"{sys.executable} -m pip install {' '.join(missing)}")
    return Finding("packages", OK, f"mocksrv {installed('mocksrv')}, and the {len(bare)} packages that it needs")


def name_of(requirement: str) -> str:
    """The name of a package, without the versions that are wanted."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def installed(name: str) -> str | None:
    """The version of a package beside this one."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def free_port(host: str, port: int, here: bool) -> Finding:
    """Whether a server can listen there; `here` if a mocksrv does."""
    from mocksrv.serving.listening import CannotListen, PortTaken
    from mocksrv.serving.server import Server

    place = f"{port} on {host}"
    try:
        Server(lambda _environ, _start: [], host=host, port=port).stop()
    except PortTaken:
        if here:
            return Finding("port", NOTE, f"{place}: a mocksrv answers there already",
                           "use it, or start another with --port 0")
        return Finding("port", BAD, f"{place} is taken",
                       "stop the program that listens there, or start with --port 0")
    except CannotListen as error:
        return Finding("port", BAD, str(error), "listen on another --host")
    return Finding("port", OK, f"{place} is free")


def clients() -> Iterator[Finding]:
    """The clients that are there, with what is known of their versions."""
    for client in CLIENTS:
        found = installed(client.name) if not client.command else says(client.command)
        if found is None:
            continue
        if found.startswith(client.tested):
            yield Finding(client.name, OK, f"{found}, which the tests run; {client.known}")
        else:
            tested = " and ".join(f"{one}*" for one in client.tested)
            yield Finding(client.name, NOTE, f"{found}; {client.known}",
                          f"the tests run {tested}: where it goes another way, look at the journal first")


def says(command: str) -> str | None:
    """The version that a program gives for itself."""
    path = shutil.which(command)
    if path is None:
        return None
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return "of unknown version"
    numbers = re.search(r"\d+(\.\d+)+", done.stdout)
    return numbers[0] if numbers else "of unknown version"


def trust() -> Iterator[Finding]:
    """Whether TLS can be served, and whether the variables that name a CA to clients point to a file."""
    from mocksrv.serving.tls import CA

    ca = FOLDER.expanduser() / CA
    if find_spec("trustme") is None:
        yield Finding("TLS", NOTE, "--tls needs one package more", "pip install 'mocksrv[tls]' if you want it")
    elif ca.exists():
        yield Finding("TLS", OK, f"the CA is {ca}")
    else:
        yield Finding("TLS", OK, "no CA yet: the first `mocksrv serve --tls` makes one")
    for name in CA_FILES:
        file = os.environ.get(name)
        if file and not Path(file).exists():
            yield Finding(name, BAD, f"names {file}, which is not there",
                          f"unset {name}, or name a file of certificates")
        elif file and ca.exists():
            trusted = Path(file).is_file() and ca.read_bytes().strip() in Path(file).read_bytes()
            yield Finding(name, OK if trusted else NOTE, f"{file} {'has' if trusted else 'lacks'} the CA of `--tls`",
                          "" if trusted else f"export {name}={ca} for clients of a server with --tls")


def proxies(host: str) -> Finding:
    """Whether proxy variables would divert requests that are meant for the server."""
    from urllib.request import getproxies_environment, proxy_bypass

    found = [f"{scheme}_proxy" for scheme in ("http", "https", "all") if scheme in getproxies_environment()]
    if not found:
        return Finding("proxy", OK, "no proxy variables")
    names = " and ".join(found)
    if proxy_bypass(host):
        return Finding("proxy", OK, f"{names}, but not for {host}")
    return Finding("proxy", BAD, f"{names} would divert calls of {host}", "export NO_PROXY=127.0.0.1,localhost,::1 "
                   "(and no_proxy, which some clients read instead)")


def clock(server: str, kept: dict[str, Any], why_not: str) -> Finding:
    """How far the clock of the server's default world is from this machine's."""
    from datetime import datetime

    from mocksrv.clock import Clock

    if not kept:
        return Finding("clock", NOTE, "not compared: no server tells it", why_not)
    off = (datetime.fromisoformat(kept["now"]) - Clock().now()).total_seconds()
    if abs(off) <= CLOSE and not kept["frozen"]:
        return Finding("clock", OK, f"of {server}: that of this machine")
    how = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine's{', frozen' * kept['frozen']}"
    return Finding("clock", NOTE, f"of {server}: {how}", "signatures and tokens by this machine's time may be "
                   "refused: `mocksrv clock --run --set` a time, or `mocksrv reset`")
