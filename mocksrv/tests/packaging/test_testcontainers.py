"""The container class, with a stand-in for the Docker engine that starts the server itself instead of an image."""

from pathlib import Path

import pytest
import requests
from testcontainers.core.config import ConnectionMode, testcontainers_config

from mocksrv.app import create_app
from mocksrv.config import load
from mocksrv.serving.server import Server
from mocksrv.testcontainers import MocksrvContainer


class Engine:
    """What testcontainers asks of an engine: one container, whose environment starts a server here."""

    short_id = id = "stand-in"
    status = "running"

    def create(self, image, *, environment, ports, **_more):
        self.image, self.ports = image, ports
        self.app = create_app(load({"port": 0, "host": "127.0.0.1"}, environment))
        self.server = Server(self.app)
        return self

    def start(self, container=None):
        self.server.__enter__()

    def remove(self, **_how):
        self.server.__exit__(None, None, None)
        self.app.worlds.close()

    def logs(self, **_how):
        return b""

    def host(self):
        return "127.0.0.1"

    def port(self, _id, port):
        assert str(port) in map(str, self.ports)
        return self.server.port

    def get_connection_mode(self):
        return ConnectionMode.docker_host

    def reload(self):
        pass

    @property
    def client(self):
        return self

    def close(self):
        pass


@pytest.fixture
def engine(monkeypatch):
    made = Engine()
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    monkeypatch.setattr("testcontainers.core.container.DockerClient", lambda **_how: made)
    return made


def test_it_is_ready_when_it_has_started_and_opens_with_its_token(engine):
    with MocksrvContainer(size="empty", set="cht.conformance=page", vendor="cht") as container:
        assert engine.image == "mocksrv"
        assert container.url == f"http://127.0.0.1:{engine.server.port}"
        assert list(container.credentials) == ["cht"]
        world = container.world("my-test")
        assert world.control("GET", "/settings")["cht.conformance"] == "page"
        account = world.account("cht")
        assert account.client.get(f"{account.url}/api/v1/person?type=person", timeout=60).json()["data"] == []
        assert world.clock.advance(60)["frozen"] is False
        assert len(container.token) == 32
        refused = requests.get(f"{container.url}/_mocksrv/clock", timeout=60)
        assert refused.status_code == 403
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{container.url}/_mocksrv/ready", timeout=60)


def test_the_token_may_be_given_and_options_must_be_such(engine):
    assert MocksrvContainer("registry.example.org/mocksrv:1", token="t", seed=7).env == {
        "MOCKSRV_TOKEN": "t", "MOCKSRV_SEED": "7"}
    assert MocksrvContainer().token != MocksrvContainer().token
    for name in ("sizes", "port"):
        with pytest.raises(TypeError, match=f"'{name}' is not an option; use control, data, deliver_to, idle, "):
            MocksrvContainer(**{name: 1})


def test_the_recipe_runs_as_it_stands(engine, capsys):
    recipes = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")
    code = recipes.partition("## testcontainers")[2].partition("```python\n")[2].partition("```")[0]
    exec(compile(code, "recipes.md", "exec"), {})
    assert capsys.readouterr().out == "200 2026-01-31T09:30:00.000000Z\n"
