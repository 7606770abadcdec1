"""`mocksrv serve --workers`: several processes that share the worlds, behind one address."""

from __future__ import annotations

import os
from typing import NoReturn

import click

from mocksrv.cli.base import fail
from mocksrv.config import Config


def serve(count: int, config: Config) -> NoReturn:
    """Serve with so many processes until SIGTERM or Ctrl-C."""
    from mocksrv.shards import workers

    if config.tls is not None:
        fail("--workers speaks plain HTTP: leave out --tls, or let a balancer of your own speak it (docs/scale.md)")
    if config.data is not None:
        fail("--workers keeps worlds in memory: leave out --data, which keeps the default world of a single process")
    if config.port == 0:
        fail("--workers needs a --port: HAProxy takes no free one by itself")
    # HAProxy connects from loopback on behalf of any client, so each process is told what the public address allows.
    environ = os.environ | {"MOCKSRV_CONTROL": config.controlled_by, "MOCKSRV_TOKEN": config.token}
    url = f"http://{workers.bracketed(config.host)}:{config.port}"
    try:
        with workers.started(count, arguments(config), environ, config.host, config.port) as (processes, balancer):
            for line in processes[0].said():
                click.echo(line.replace(f"127.0.0.1:{processes[0].port}", url.removeprefix("http://")))
            click.echo(f"workers   {' '.join(f'http://127.0.0.1:{worker.port}' for worker in processes)}")
            code = workers.run(processes, balancer, lambda text: click.echo(f"mocksrv: {text}", err=True))
    except workers.CannotStart as error:
        fail(error)
    raise SystemExit(code)


def arguments(config: Config) -> list[str]:
    """What each process is started with beside its own address."""
    words = [word for name in config.vendor for word in ("--vendor", name)]
    words += [word for pair in config.set.items() for word in ("--set", "=".join(map(str, pair)))]
    words += [word for file in config.imports for word in ("--import", file)]
    words += [word for host in config.deliver_to for word in ("--deliver-to", host)]
    for name in ("seed", "size", "log", "worlds", "idle", "memory"):
        words += [f"--{name}", str(getattr(config, name))]
    words += ["--kept-body", str(config.kept_body)]
    words += ["--locale", config.locale] if config.locale else []
    return words if config.limits else [*words, "--no-limits"]
