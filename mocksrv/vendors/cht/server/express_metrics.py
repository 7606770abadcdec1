"""Metrics for Prometheus: the traffic of this world in histograms, and plausible figures of a Node.js process.

The families are those of Prometheus' client library; their text is laid out as Node's library does it, with blank
lines, labels in their own order and JavaScript's numbers. CHT 4.15 source, package prometheus-api-metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.cht import rendering
from mocksrv.vendors.cht.access import entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.node import http_traffic, javascript, json_text
from mocksrv.vendors.cht.server import info, monitoring, node_figures
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

if TYPE_CHECKING:
    from prometheus_client import Metric

SOURCE = "CHT 4.15 source, package prometheus-api-metrics"
PREFIX = "cht_api_"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
HTTP = (("http_request_duration_seconds", "Duration of HTTP requests in seconds"),
        ("http_request_size_bytes", "Size of HTTP requests in bytes"),
        ("http_response_size_bytes", "Size of HTTP response in bytes"))
LABELS = ("method", "route", "code")


def text(world: World, call: Call) -> Any:
    """The metrics as Prometheus' text; with a query the path is one of CouchDB's."""
    exact(world, call)
    return sent(TEXT, "".join(map(text_of, families(world))).encode())


def json(world: World, call: Call) -> Any:
    """The same metrics as JSON."""
    exact(world, call)
    data = json_text.dumps([json_of(family) for family in families(world)])
    return sent(rendering.JSON_TYPE, data, [("ETag", rendering.etag(data))])


for _method in info.ANY:
    _common: dict[str, Any] = {"anonymous": True, "statuses": (200, 302, 400, 401, 403, 404), "source": SOURCE,
                               "errors": response_schemas.COUCH_ERROR}  # of CouchDB, which answers other spellings
    vendor.operation(_method, "/api/v1/express-metrics", name=f"{_method.lower()}_express_metrics", produces=TEXT,
                     proof="source", **_common)(text)
    vendor.operation(_method, "/api/v1/express-metrics.json", name=f"{_method.lower()}_express_metrics_json",
                     response=response_schemas.METRICS, proof="source", **_common)(json)


def exact(world: World, call: Call) -> None:
    """Refuse any other spelling of the address."""
    if call.target.removeprefix(call.prefix) not in http_traffic.UNCOUNTED:
        raise entrance.refusal(world, call)


def sent(kind: str, data: bytes, more: list[tuple[str, str]] | None = None) -> rendering.Rendered:
    """An answer without the headers of the other middleware, which runs later."""
    length = ("Content-Length", str(len(data)))
    return rendering.Rendered(data, 200, [("X-Powered-By", "Express"), ("Content-Type", kind), length, *(more or [])])


# --- families ---


def families(world: World) -> list[Metric]:
    """All metrics, out of a registry of their own."""
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(Collector(lambda: collect(world)))
    return list(registry.collect())


class Collector:
    """The collector for Prometheus' registry."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect


def collect(world: World) -> Iterator[Metric]:
    """The server's metrics in their order."""
    from prometheus_client import Metric

    seen = http_traffic.series(world)
    requests = sum(sum(seconds.counts) for seconds, _, _ in seen.values())
    now = world.clock.time()
    for name, help, kind, samples in node_figures.figures(world.memory.get(http_traffic.STARTED, now), now, requests,
                                                          monitoring.NODE):
        family = Metric(PREFIX + name.removesuffix("_total") if kind == "counter" else PREFIX + name, help, kind)
        for labels, value in samples:
            if isinstance(value, http_traffic.Histogram):
                add(family, labels, value)
            else:
                family.add_sample(PREFIX + name, labels, value)
        yield family
    version = info.API_VERSION.split(".")
    family = Metric(f"{PREFIX}app_version", "The service version by package.json", "gauge")
    family.add_sample(family.name, {"version": info.API_VERSION} | dict(
        zip(("major", "minor", "patch"), version, strict=True)), 1)
    yield family
    for number, (name, help) in enumerate(HTTP):
        family = Metric(PREFIX + name, help, "histogram")
        for key, histograms in seen.items():
            add(family, dict(zip(LABELS, key, strict=True)), histograms[number])
        yield family
    family = Metric("expressjs_number_of_open_connections", "Number of open connections to the Express.js server",
                    "gauge")
    family.add_sample(family.name, {}, 1)
    yield family


def add(family: Metric, labels: dict[str, str], histogram: http_traffic.Histogram) -> None:
    """The samples of one histogram; `le` comes first."""
    running = 0
    bounds = [*map(javascript.text, histogram.bounds), "+Inf"]
    for bound, count in zip(bounds, histogram.counts, strict=True):
        running += count
        family.add_sample(f"{family.name}_bucket", {"le": bound, **labels}, running)
    family.add_sample(f"{family.name}_sum", labels, histogram.sum)
    family.add_sample(f"{family.name}_count", labels, running)


# --- layout ---


def text_of(family: Metric) -> str:
    """One metric as Node's library writes it."""
    name = title(family)
    lines = [f"# HELP {name} {family.documentation}", f"# TYPE {name} {family.type}"]
    for sample in family.samples:
        labels = ",".join(f'{key}="{escaped(value)}"' for key, value in sample.labels.items())
        lines.append(f"{sample.name}{f'{{{labels}}}' if labels else ''} {javascript.text(sample.value)}")
    return "\n".join(lines) + "\n\n"


def title(family: Metric) -> str:
    """The name of a metric: Prometheus' library omits the suffix of counters."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def json_of(family: Metric) -> dict[str, Any]:
    """One metric in the JSON of Node's library."""
    values = []
    for sample in family.samples:
        labels: dict[str, Any] = dict(sample.labels)
        if labels.get("le", "+Inf") != "+Inf":
            labels["le"] = float(labels["le"]) if "." in labels["le"] else int(labels["le"])
        if family.type == "histogram":
            values.append({"labels": labels, "value": sample.value, "metricName": sample.name})
        else:
            values.append({"value": sample.value, "labels": labels})
    return {"help": family.documentation, "name": title(family), "type": family.type, "values": values,
            "aggregator": node_figures.AGGREGATORS.get(title(family).removeprefix(PREFIX), "sum")}
