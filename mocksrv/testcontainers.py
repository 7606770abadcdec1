"""mocksrv in a container of its own, for tests: `pip install 'mocksrv[testcontainers]'`.

    with MocksrvContainer(size="medium") as container:
        world = container.world("my-test")
        people = world.account("cht").client.get(f"{world.url}/api/v1/person?type=person")
"""

from __future__ import annotations

import secrets
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mocksrv.config import PARSERS
from mocksrv.remote import DEFAULT, RemoteWorld

PORT = 8080
OPTIONS = PARSERS.keys() - {"host", "port", "tls", "token", "url_file"}  # set by the image and by this class


class MocksrvContainer(DockerContainer):
    """The image is built from the project's Dockerfile; `options` are those of `mocksrv serve`, such as size="medium".

    It is started when it is seeded and serving. Its control plane opens with `token`, made anew unless given.
    """

    def __init__(self, image: str = "mocksrv", *, token: str | None = None, **options: str | int | float) -> None:
        super().__init__(image)
        if unknown := options.keys() - OPTIONS:
            raise TypeError(f"{unknown.pop()!r} is not an option; use {', '.join(sorted(OPTIONS))}")
        self.token = token or secrets.token_hex(16)
        self.with_exposed_ports(PORT)
        self.with_envs(MOCKSRV_TOKEN=self.token,
                       **{f"MOCKSRV_{name.upper()}": str(value) for name, value in options.items()})
        self.waiting_for(HttpWaitStrategy(PORT, "/_mocksrv/ready"))

    @property
    def url(self) -> str:
        """The base URL of the default world."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    @property
    def credentials(self) -> dict[str, list[dict[str, Any]]]:
        """Base URLs and ready-made credentials, by vendor."""
        found: dict[str, list[dict[str, Any]]] = self.world().control("GET", "/credentials")
        return found

    def world(self, name: str = DEFAULT) -> RemoteWorld:
        """A world of the container by its name, with its clock, faults and journal."""
        return RemoteWorld(self.url, name, self.token)
