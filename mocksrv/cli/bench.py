"""`mocksrv bench`: how fast mocksrv is on this machine, and what a number of tests will cost."""

from __future__ import annotations

import base64
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import click

from mocksrv.cli.base import AS_JSON, ask, connect, fail, show
from mocksrv.clock import stopwatch

WORLDS = 50  # that are made and deleted


@click.command()
@click.option("--tests", type=click.IntRange(1), default=500, show_default=True, help="How many tests to reckon with, "
              "each in a world of its own.")
@click.option("--requests", type=click.IntRange(1), default=20, show_default=True, help="How many requests each makes.")
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=1.0, show_default=True, help="How long each vendor "
              "is asked.")
@AS_JSON
def bench(tests: int, requests: int, seconds: float, as_json: bool) -> None:
    """Measure how fast mocksrv is on this machine, and what a number of tests will cost.

    It starts a server of its own, without rate limits, and asks each vendor what `mocksrv credentials` suggests, one
    request after another on one connection. The time is that of server and client together.
    """
    click.echo("mocksrv: measuring ...", err=True)
    with server() as (url, start):
        per_world = made_worlds(url)
        vendors = [{"vendor": one["name"], "milliseconds": asked(one["curl"], seconds) * 1000}
                   for one in ask(connect(url, "bench", ""), "GET", "/vendors")]
    mean = sum(one["milliseconds"] for one in vendors) / len(vendors)
    found: dict[str, Any] = {
        "start_seconds": round(start, 3), "world_milliseconds": round(per_world * 1000, 2),
        "requests": [{**one, "milliseconds": round(one["milliseconds"], 3)} for one in vendors],
        "tests": tests, "requests_each": requests,
        "tests_seconds": round(start + tests * (per_world + requests * mean / 1000), 2)}
    if as_json:
        show(found)
        return
    click.echo(f"start to first answer   {start:8.2f} s")
    click.echo(f"a world made, deleted   {per_world * 1000:8.2f} ms")
    for one in vendors:
        click.echo(f"a request of {one['vendor']:10} {one['milliseconds']:8.2f} ms")
    click.echo(f"{tests} tests of {requests} requests, one after another: mocksrv and their requests take about "
               f"{found['tests_seconds']:.1f} s of them")


@contextmanager
def server() -> Iterator[tuple[str, float]]:
    """A server of its own: its address, and the seconds from its start to its first answer."""
    begun = stopwatch()
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        url = process.stdout.readline().rpartition(" ")[2].strip()
        try:
            if not url:
                fail("the server did not start")
            ask(connect(url, "default", ""), "GET", "/ready")
            yield url, stopwatch() - begun
        finally:
            process.terminate()
            process.communicate()


def made_worlds(url: str) -> float:
    """Seconds for a world that is made, and deleted."""
    begun = stopwatch()
    for number in range(WORLDS):
        world = connect(url, f"bench-{number}", "")
        world.reset()
        world.delete()
    return (stopwatch() - begun) / WORLDS


def asked(curl: str, seconds: float) -> float:
    """Seconds for an answer to what a curl line asks, sent again and again."""
    url, headers = read_curl(curl)
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    number, begun = 0, stopwatch()
    try:
        while stopwatch() - begun < seconds or not number:
            connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
            with connection.getresponse() as answer:
                answer.read()
                if answer.status != 200:
                    fail(f"{url} answered {answer.status}")
            number += 1
    except (OSError, HTTPException) as error:
        fail(f"no answer from {url} ({error})")
    finally:
        connection.close()
    return (stopwatch() - begun) / number


def read_curl(line: str) -> tuple[str, dict[str, str]]:
    """Address and headers of a curl line with -u and -H."""
    words = iter(shlex.split(line)[1:])
    headers, url = {}, ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = f"Basic {base64.b64encode(next(words).encode()).decode()}"
        else:
            url = word
    return url, headers
