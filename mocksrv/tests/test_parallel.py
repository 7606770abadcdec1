"""Tests at once, each in a world of its own: a part of what `make parallel` plays in twenty orders."""

from mocksrv.tests.parallel import run


def test_on_one_server():
    with run.server() as url:
        code, text = run.play(1, "--mocksrv-url", url, count=24, workers=3)
        assert code == 0, text
        assert "24 passed" in text
        assert run.worlds(url) == ["default"]


def test_each_worker_with_a_server_of_its_own():
    code, text = run.play(2, count=9, workers=2)
    assert code == 0, text
    assert "9 passed" in text
    assert "mocksrv: 12 operations used" in text
