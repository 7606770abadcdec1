"""How often and how long: counts of answers by operation, for Prometheus and for the page."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import Metric

Key = tuple[str, str, str]  # vendor, operation, status
BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


class Meter:
    """Durations of answers, by vendor, operation and status, and how often mocksrv itself failed.

    Prometheus' client makes the text when it is asked for.
    """

    def __init__(self) -> None:
        self._seen: dict[Key, list[Any]] = {}  # the counts of each bucket, and the sum of seconds
        self._failures: Counter[tuple[str, str]] = Counter()  # by vendor and operation
        self._lock = threading.Lock()

    def add(self, vendor: str, operation: str | None, status: int | None, seconds: float, *,
            failed: bool = False) -> None:
        key = (vendor, operation or "", str(status))
        with self._lock:
            found = self._seen.get(key)
            if found is None:
                found = self._seen[key] = [[0] * (len(BOUNDS) + 1), 0.0]
            found[0][bisect_left(BOUNDS, seconds)] += 1
            found[1] += seconds
            if failed:
                self._failures[key[:2]] += 1

    def collect(self) -> Iterator[Metric]:
        """What Prometheus' registry asks of a collector."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        family = HistogramMetricFamily("mocksrv_answer_seconds", "Time from request to answer",
                                       labels=("vendor", "operation", "status"))
        with self._lock:
            seen = [(key, list(counts), total) for key, (counts, total) in self._seen.items()]
            failures = list(self._failures.items())
        for key, counts, total in seen:
            running, buckets = 0, []
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                running += count
                buckets.append((bound, running))
            family.add_metric(key, buckets, total)
        yield family
        own = CounterMetricFamily("mocksrv_failures", "Failures of mocksrv itself, which a vendor's own 500 is not",
                                  labels=("vendor", "operation"))
        for labels, count in failures:
            own.add_metric(labels, count)
        yield own

    def exposition(self, worlds: int) -> bytes:
        """The metrics as Prometheus reads them, from a registry of their own."""
        from prometheus_client import CollectorRegistry, Gauge, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        Gauge("mocksrv_worlds", "Worlds in memory", registry=registry).set(worlds)
        return generate_latest(registry)
