"""Many processes of mocksrv as one: their worlds, metrics and health together, and changing their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from urllib.request import Request

from mocksrv.remote import FAILURES, RemoteWorld, direct, reason
from mocksrv.shards import Shard

AT_ONCE = 16  # processes that are asked side by side
SECONDS = 10.0
HANDED_OVER = "handed-over"  # the snapshot that a world is for a moment while it moves


class Silent(Exception):
    """A process does not answer, or refuses; the text names it."""

    def __init__(self, number: int, url: str, error: BaseException) -> None:
        super().__init__(f"process {number} of those named: {reason(url, error)}")


def ask_all(urls: Sequence[str], token: str, path: str) -> list[Any]:
    """The answers of all processes to `GET path` of the control plane, in their order. Raises Silent."""
    return every(urls, lambda url: RemoteWorld(url, "default", token).control("GET", path))


def every(urls: Sequence[str], ask: Callable[[str], Any]) -> list[Any]:
    def one(numbered: tuple[int, str]) -> Any:
        number, url = numbered
        try:
            return ask(url)
        except FAILURES as error:
            raise Silent(number, url, error) from error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, enumerate(urls, 1)))


def worlds(urls: Sequence[str], token: str) -> list[dict[str, Any]]:
    """The worlds of all processes, each with the number of its `process`. Raises Silent."""
    return [{"process": number, **world} for number, found in enumerate(ask_all(urls, token, "/worlds"), 1)
            for world in found]


def metrics(urls: Sequence[str], token: str) -> str:
    """The metrics of all processes for Prometheus, each sample with its `process`. Raises Silent."""
    from prometheus_client.exposition import generate_latest
    from prometheus_client.parser import text_string_to_metric_families
    from prometheus_client.registry import Collector, CollectorRegistry

    families: dict[str, Any] = {}
    texts = every(urls, lambda url: fetched(f"{url.rstrip('/')}/_mocksrv/metrics", token))
    for number, text in enumerate(texts, 1):
        for family in text_string_to_metric_families(text):
            known = families.setdefault(family.name, family)
            samples = [sample._replace(labels={"process": str(number), **sample.labels}) for sample in family.samples]
            known.samples = samples if known is family else known.samples + samples

    class Joined(Collector):
        def collect(self) -> Iterator[Any]:
            return iter(families.values())

    registry = CollectorRegistry()
    registry.register(Joined())
    return generate_latest(registry).decode()


def fetched(url: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with direct().open(Request(url, headers=headers), timeout=SECONDS) as response:
        text: str = response.read().decode()
    return text


def health(urls: Sequence[str], token: str) -> list[dict[str, Any]]:
    """Each process with whether it is `ready`, which `shard` it says it is, and the `fault` of one that is not."""
    def one(numbered: tuple[int, str]) -> dict[str, Any]:
        number, url = numbered
        world = RemoteWorld(url, "default", token)
        world.timeout = SECONDS
        try:
            shard = world.control("GET", "/shard")["shard"]
        except FAILURES as error:
            return {"process": number, "url": url, "ready": False, "shard": "", "fault": reason(url, error)}
        fault = "" if shard == f"{number}/{len(urls)}" else f"it should be {number}/{len(urls)}: restart or resize"
        return {"process": number, "url": url, "ready": not fault, "shard": shard, "fault": fault}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, enumerate(urls, 1)))


def resize(urls: Sequence[str], count: int, token: str, progress: Callable[[str], None] = lambda _text: None) -> int:
    """Spread all worlds over the first `count` of these processes; returns how many worlds have moved. Both old and new
    processes must be given, in their order. A world moves with its documents, clock and settings; its journal, faults
    and snapshots stay behind. It is refused with 503 meanwhile, and until the balancer knows the new table. Raises
    Silent; called again, it goes on where it stopped.
    """
    servers = [RemoteWorld(url, "default", token) for url in urls]
    moved = 0
    for number, server in enumerate(servers, 1):
        shard = Shard(number if number <= count else 0, count)
        try:
            names = server.control("POST", "/shard", {"shard": str(shard)})["leaving"]
            for name in names:
                hand_over(server, urls[shard.owner(name) - 1], name, token)
                moved += 1
                progress(f"world {name}: from process {number} to {shard.owner(name)}")
        except FAILURES as error:
            raise Silent(number, urls[number - 1], error) from error
    return moved


def hand_over(server: RemoteWorld, url: str, name: str, token: str) -> None:
    """Move a world that is leaving to its new process."""
    there = RemoteWorld(url, name, token)
    part = f"/snapshots/{HANDED_OVER}"
    there.control("PUT", part, server.control("GET", f"/leaving/{quote(name)}"))
    there.control("POST", f"{part}/restore")
    there.control("DELETE", part)
    server.control("DELETE", f"/leaving/{quote(name)}")
