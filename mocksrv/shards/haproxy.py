"""HAProxy in front of many processes: its configuration, its table of slots, and changes of both while it runs.

The table is a map of HAProxy's own, so that a change holds for the next request of every connection at once; a reload
would leave old connections with the old table, and so show a world in two processes.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from string import Template

from mocksrv.config import all_vendors
from mocksrv.shards import MOST, SLOTS, table

NAME = "[A-Za-z0-9_.-]{1,64}"  # the name of a world, for HAProxy's regular expressions
SECONDS = 5.0  # seconds for HAProxy to answer a command

CONFIG = Template("""\
# Spreads mocksrv's worlds over processes: the world's name, in the path, decides. Made by `mocksrv shards haproxy`.
global
    no strict-limits
$global
defaults
    mode http
    timeout connect 2s
    timeout client 10m
    timeout server 10m
    timeout http-keep-alive 10m
    timeout http-request 30s
$defaults
frontend mocksrv
    bind $bind
    # /~name/..., /cht/~name/..., and what the control plane says of a world by its name
    acl in-world path,url_dec -m reg ^/~$name(/|$$)
    acl in-vendor path,url_dec -m reg ^/($vendors)/~$name(/|$$)
    acl of-world path,url_dec -m reg ^/_mocksrv/worlds/$name$$
    http-request set-var(txn.world) path,url_dec,field(2,/),bytes(1) if in-world
    http-request set-var(txn.world) path,url_dec,field(3,/),bytes(1) if in-vendor
    http-request set-var(txn.world) path,url_dec,field(4,/) if of-world
    acl named var(txn.world) -m found
    http-request set-var(txn.process) var(txn.world),crc32,mod($slots),map_str_int($map) if named
    # What names no world is about the default one, which the first process holds.
    acl default var(txn.world) -m str default
    http-request set-var(txn.process) int(1) if !named or default
    use_backend process-%[var(txn.process)]
$backends""")

BACKEND = Template("""
backend process-$number
    option httpchk
    http-check send meth GET uri /_mocksrv/ready hdr Host localhost
    http-error status 503 content-type application/problem+json hdr Retry-After 1 string \
'{"type":"about:mocksrv#process-down","title":"process down","status":503,"detail":"process $number, which holds this \
world, does not answer; its worlds begin anew when it is back"}'
    server it $address check inter 300ms fall 2 rise 1 $options
""")


def slots(count: int) -> str:
    """The table as HAProxy's map file: slot and process in each line."""
    return "".join(f"{slot} {process}\n" for slot, process in enumerate(table(count)))


def config(processes: Sequence[str], *, bind: str, map_file: str, control: str = "", spare: int = 0,
           resolve: bool = False) -> str:
    """HAProxy's configuration for processes at these addresses (`host:port`).

    `control` is the path of the socket through which it is changed while it runs, `spare` how many processes may be
    added then. With `resolve` the addresses are names that may come and go, as those of containers.
    """
    if not 1 <= len(processes) + spare <= MOST:
        raise ValueError(f"use 1 to {MOST} processes, those to be added included")
    unused = ["127.0.0.1:1"] * spare
    found = "resolvers system init-addr last,libc,none" if resolve else ""
    backends = [BACKEND.substitute(number=number, address=address,
                                   options=f"{found} disabled" if number > len(processes) else found)
                for number, address in enumerate([*processes, *unused], 1)]
    return CONFIG.substitute({
        "vendors": "|".join(all_vendors()), "bind": bind, "map": map_file, "slots": SLOTS, "name": NAME,
        "backends": "".join(backends),
        "global": f"    stats socket {control} mode 600 level admin\n" if control else "",
        "defaults": "\nresolvers system\n    parse-resolv-conf\n    hold valid 2s\n" if resolve else ""})


class HAProxy:
    """A running HAProxy, by its socket. Raises OSError, and ValueError with HAProxy's reason for refusing a change."""

    def __init__(self, control: Path) -> None:
        self.control = control

    def say(self, command: str) -> str:
        """Send a command of the runtime API; returns the answer."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(SECONDS)
            line.connect(str(self.control))
            line.sendall(f"{command}\n".encode())
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        return answer.decode().strip()

    def put(self, count: int, map_file: str) -> None:
        """Switch to the table for so many processes, atomically, from the next request on."""
        version = self.say(f"prepare map {map_file}").rpartition(" ")[2]
        if not version.isdecimal():
            raise ValueError(f"HAProxy knows no map {map_file}")
        rows = slots(count).splitlines()
        for start in range(0, len(rows), 256):  # a command may be as long as a buffer of 16 kB
            block = "\n".join(rows[start : start + 256])
            self.expect_nothing(f"add map @{version} {map_file} <<\n{block}\n")
        self.expect_nothing(f"commit map @{version} {map_file}")

    def add(self, number: int, address: str) -> None:
        """Send requests for the process of that number to that address from now on."""
        host, _, port = address.rpartition(":")
        self.say(f"set server process-{number}/it addr {host} port {port}")
        self.expect_nothing(f"enable server process-{number}/it")
        self.expect_nothing(f"enable health process-{number}/it")

    def remove(self, number: int) -> None:
        """Send no more requests to the process of that number."""
        self.expect_nothing(f"disable server process-{number}/it")

    def expect_nothing(self, command: str) -> None:
        """Send a command that answers only if it failed."""
        if said := self.say(command):
            raise ValueError(f"HAProxy: {said}")
