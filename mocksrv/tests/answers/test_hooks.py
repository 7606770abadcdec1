"""Functions of Python as own answers, in the server's own process; and the clear no where it is another one."""

import pytest
import requests

from mocksrv.answers.hooks import LocalWorld
from mocksrv.call import Refusal
from mocksrv.remote import RemoteWorld
from mocksrv.serving.server import Server
from mocksrv.tests.snippets import PLAIN_PYTEST


@pytest.fixture
def world(shop_app):
    app = shop_app()
    with Server(app) as server:
        made = LocalWorld(app, server.url, "mine")
        made.tables = app.worlds["mine"].table
        yield made


def ask(world, path="owner", method="GET", **more):
    return requests.request(method, f"{world.url}/v1/things/{path}", timeout=60, **more)


def test_a_hook_changes_the_real_answer(world):
    @world.on("shop.get_thing", times=1)
    def dearer(own_world, call, answer):
        assert (own_world.name, call.params["id"], answer.status) == ("mine", "owner", 200)
        kind = answer.headers["content-type"]
        return {"json": answer.json | {"price": 5}, "status": 203, "headers": {"X-Kind": kind}}

    first, second = ask(world), ask(world)
    assert (first.status_code, first.json()) == (203, {"colour": "gold", "size": 0, "price": 5})
    assert first.headers["X-Kind"] == "application/json"
    assert second.json() == {"colour": "gold", "size": 0}
    assert dearer.__name__ == "dearer"
    assert [entry["answered_by"] for entry in world.journal()] == ["own answer 1", None]
    (fault,) = world.faults()
    assert fault["answer"]["when"] == "after"
    assert fault["answer"]["hook"].endswith("test_a_hook_changes_the_real_answer.<locals>.dearer")


def test_none_leaves_the_real_answer_as_it_is(world):
    world.on("get_thing")(lambda *_given: None)
    world.on("stream_things")(lambda *_given: None)
    assert ask(world).content == b'{"colour": "gold", "size": 0}'
    assert ask(world, "none").status_code == 404
    assert requests.get(f"{world.url}/v1/stream", timeout=60).content == b"[1]"


def test_a_hook_may_stand_instead_and_write(world):
    @world.on("put_thing", when="instead")
    def kept_elsewhere(own_world, call, answer):
        assert answer is None
        own_world.table("shop.things").put("elsewhere", {"size": 1, "text": call.body.decode()})
        return {"text": "{{ n }}"}  # no template: a function can say what it means

    assert ask(world, "new", "PUT", json=1).text == "{{ n }}"
    assert "new" not in world.tables("shop.things")
    assert world.tables("shop.things").get("elsewhere") == {"size": 1, "text": "1"}


@pytest.mark.parametrize(("result", "why"), [
    (ZeroDivisionError("mine"), "ZeroDivisionError: mine"), (pytest.fail.Exception("mine"), "Failed: mine"),
    (pytest.skip.Exception("mine"), "Skipped: mine"), (5, "a hook returns None or what is different"),
    ({"colour": "red"}, "colour: there is no field 'colour'"), ({"status": 700}, "status: status takes a whole number"),
    ({"headers": {"X-A": "a\nb"}}, "headers.X-A.value: A header takes"),
    ({"status": "{{ 200 }}"}, "status: status takes"),
])
def test_a_hook_that_fails_is_the_vendors_500_and_nothing_is_written(world, result, why):
    @world.on("put_thing")
    def wrong(own_world, call, answer):
        if isinstance(result, BaseException):
            raise result
        return result

    got = ask(world, "new", "PUT", json={"size": 1})
    assert got.status_code == 500
    assert why in got.headers["X-Mocksrv-Diagnosis"]
    assert "new" not in world.tables("shop.things")
    assert world.journal()[0]["failed"] is False


def test_a_hook_may_refuse_as_the_vendor_does(world):
    @world.on("put_thing")
    def refused(own_world, call, answer):
        raise Refusal(409, "taken")

    got = ask(world, "new", "PUT", json={"size": 1})
    assert (got.status_code, got.json()) == (409, {"error": "taken"})
    assert "new" in world.tables("shop.things")  # a refusal keeps what was written before it, as everywhere


def test_a_hook_instead_must_answer(world):
    world.on("get_thing", when="instead")(lambda *_given: None)
    assert "nothing was answered" in ask(world).headers["X-Mocksrv-Diagnosis"]


def test_an_aim_that_is_wrong_is_told(world):
    for operation, aim, why in (
            ("shop.get_things", {}, "the nearest: get_thing"), ("get_thing", {"colour": 1}, "colour"),
            ("get_thing", {"times": 0}, "times: "), ("get_thing", {"when": "later"}, "when is instead")):
        with pytest.raises(ValueError, match=why):
            world.on(operation, **aim)
    assert world.faults() == []


def test_from_another_process_it_is_refused(world):
    with pytest.raises(RuntimeError, match="a hook on 'get_thing' is called in the server's own process, and http://127"):
        RemoteWorld(world.server, "mine").on("get_thing")


# --- in pytest ---

TESTS = """
import requests

def test_mine(mocksrv):
    @mocksrv.on("cht.api_info")
    def renamed(world, call, answer):
        return {"json": answer.json | {"version": "9.9"}}

    assert requests.get(f"{mocksrv.url}/api/info", timeout=60).json()["version"] == "9.9"
    assert requests.get(f"{mocksrv.url}/", timeout=60, allow_redirects=False).status_code < 500
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_the_summary_counts_what_answers_of_ones_own_stood_for(pytester, monkeypatch, options):
    monkeypatch.setenv("PYTEST_ADDOPTS", PLAIN_PYTEST)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["mocksrv: * operations used, 1 rests on answers of your own*"])


def test_a_server_of_its_own_process_takes_no_hooks(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", PLAIN_PYTEST)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("--mocksrv-subprocess", "--mocksrv-size", "empty")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError: a hook on 'cht.api_info' is called in the server's own process*"])
