"""Plausible figures of a Node.js process after some time and some requests; they cannot be measured here.

The start values are those of a recorded 4.15.0 server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.vendors.cht.node.http_traffic import Histogram

Sample = tuple[dict[str, str], Any]  # labels, and a number or a histogram
GC_SECONDS = (0.001, 0.01, 0.1, 1, 2, 5)
MEGABYTE = 1 << 20
LAG = {"min": ("The minimum recorded event loop delay.", 0.004493312),
       "max": ("The maximum recorded event loop delay.", 0.267255807),
       "mean": ("The mean of the recorded event loop delays.", 0.01276693941030284),
       "stddev": ("The standard deviation of the recorded event loop delays.", 0.008362433370700598),
       "p50": ("The 50th percentile of the recorded event loop delays.", 0.010231807),
       "p90": ("The 90th percentile of the recorded event loop delays.", 0.016875519),
       "p99": ("The 99th percentile of the recorded event loop delays.", 0.049184767)}
HANDLES = {"Socket": 5, "Server": 1}
RESOURCES = {"TCPSocketWrap": 5, "TCPServerWrap": 1, "Timeout": 2, "Immediate": 1}
SPACES = {  # of the heap: total, used, available
    "read_only": (0, 0, 0), "new": (33554432, 2105056, 14389536), "old": (108838912, 55258608, 51625680),
    "code": (9437184, 7816576, 1029632), "shared": (0, 0, 0), "trusted": (7651328, 5125456, 2393048),
    "new_large_object": (0, 0, 16777216), "large_object": (7991296, 7887712, 0),
    "code_large_object": (606208, 551488, 0), "shared_large_object": (0, 0, 0), "trusted_large_object": (0, 0, 0)}
AGGREGATORS = {"process_start_time_seconds": "omit", "nodejs_version_info": "first",
               "nodejs_eventloop_lag_seconds": "average",
               **{f"nodejs_eventloop_lag_{name}_seconds": name if name in ("min", "max") else "average"
                  for name in LAG}}


def figures(started: float, now: float, requests: int, version: str) -> Iterator[tuple[str, str, str, list[Sample]]]:
    """Name, help, type and samples of each; `started` and `now` in Unix seconds."""
    uptime = max(0.0, now - started)
    user, system = 2.4 + 0.004 * uptime + 0.006 * requests, 0.6 + 0.001 * uptime + 0.0007 * requests
    grown = min(requests, 100_000) * 160
    yield "process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", "counter", one(round(user, 6))
    yield ("process_cpu_system_seconds_total", "Total system CPU time spent in seconds.", "counter",
           one(round(system, 6)))
    yield ("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter",
           one(round(user + system, 6)))
    yield ("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", "gauge",
           one(int(started)))
    for name, help, value in (
        ("process_resident_memory_bytes", "Resident memory size in bytes.", 180 * MEGABYTE + grown),
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", 1590 * MEGABYTE + grown),
        ("process_heap_bytes", "Process heap size in bytes.", 240 * MEGABYTE + grown),
        ("process_open_fds", "Number of open file descriptors.", 55),
        ("process_max_fds", "Maximum number of open file descriptors.", 20000),
        ("nodejs_eventloop_lag_seconds", "Lag of event loop in seconds.", 0),
        *((f"nodejs_eventloop_lag_{name}_seconds", help, value) for name, (help, value) in LAG.items()),
    ):
        yield name, help, "gauge", one(value)
    yield from held("nodejs_active_resources", "active resources", "Number of active resources that are currently "
                    "keeping the event loop alive, grouped by async resource type.", RESOURCES)
    yield from held("nodejs_active_handles", "active handles", "Number of active libuv handles grouped by handle type. "
                    "Every handle type is C++ class name.", HANDLES)
    yield from held("nodejs_active_requests", "active requests", "Number of active libuv requests grouped by request "
                    "type. Every request type is C++ class name.", {})
    yield from heap(grown)
    parts = version.removeprefix("v").split(".")
    yield ("nodejs_version_info", "Node.js version info.", "gauge",
           [({"version": version} | dict(zip(("major", "minor", "patch"), parts, strict=True)), 1)])
    yield ("nodejs_gc_duration_seconds",
           "Garbage collection duration by kind, one of major, minor, incremental or weakcb.", "histogram",
           collections(requests))


def one(value: float) -> list[Sample]:
    return [({}, value)]


def held(name: str, what: str, help: str, kinds: dict[str, int]) -> Iterator[tuple[str, str, str, list[Sample]]]:
    """Open handles and requests of the process, by type and in total."""
    yield name, help, "gauge", [({"type": kind}, number) for kind, number in kinds.items()]
    yield f"{name}_total", f"Total number of {what}.", "gauge", one(sum(kinds.values()))


def heap(grown: int) -> Iterator[tuple[str, str, str, list[Sample]]]:
    total, used = (sum(sizes[at] for sizes in SPACES.values()) for at in (0, 1))
    yield "nodejs_heap_size_total_bytes", "Process heap size from Node.js in bytes.", "gauge", one(total + grown)
    yield ("nodejs_heap_size_used_bytes", "Process heap size used from Node.js in bytes.", "gauge",
           one(used + grown // 2))
    yield "nodejs_external_memory_bytes", "Node.js external memory size in bytes.", "gauge", one(2758437)
    for at, name in enumerate(("total", "used", "available")):
        yield (f"nodejs_heap_space_size_{name}_bytes", f"Process heap space size {name} from Node.js in bytes.",
               "gauge", [({"space": space}, sizes[at]) for space, sizes in SPACES.items()])


def collections(requests: int) -> list[Sample]:
    """How long the garbage collector took: most rounds are small, and come with the requests."""
    samples: list[Sample] = []
    for kind, times, seconds in (("minor", 20 + requests // 15, 0.0061), ("incremental", 2 + requests // 600, 0.017),
                                 ("major", 2 + requests // 600, 0.045)):
        histogram = Histogram(GC_SECONDS)
        for _ in range(min(times, 5000)):
            histogram.add(seconds)
        samples.append(({"kind": kind}, histogram))
    return samples
