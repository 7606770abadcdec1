"""Somebody's test suite behind a gate: what its environment must say, and its command."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping

import click

from mocksrv.cli.base import fail

DIRECT = ("NO_PROXY", "no_proxy")  # hosts that a client reaches without a proxy: those of the gate must be among them


def check_command(command: tuple[str, ...]) -> None:
    """Exit code 2 if there is no such program: it is known before anything is opened."""
    if command and shutil.which(command[0]) is None:
        fail(f"there is no program {command[0]} here")


def run(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    """Run a command with that environment on top of this one to its end; its exit code, 128 + N after signal N.

    Ctrl-C reaches it by the terminal, SIGTERM by us; either way its end is waited for.
    """
    direct = {name: f"{hosts},127.0.0.1" if (hosts := os.environ.get(name)) else "127.0.0.1" for name in DIRECT}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with subprocess.Popen(command, env={**os.environ, **direct, **environment}) as child:
            signal.signal(signal.SIGINT, lambda *_: None)
            signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            code = child.wait()
    except OSError as error:
        fail(f"cannot run {command[0]}: {error.strerror}")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def exports(environment: Mapping[str, str]) -> str:
    """The environment as lines for a shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())


def nobody_came(url: str, name: str) -> None:
    """Advice for who finds no shapes."""
    click.echo(f"mocksrv: no request came to {url}: does the suite read its address from {name}?", err=True)
