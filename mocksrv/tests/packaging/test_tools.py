"""Where a program is missing, tests that need it are skipped, and fail in CI."""

import pytest

from mocksrv.tests.tools import SHIFTED, program


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_who_lacks_a_program_is_told_what_to_install(monkeypatch, tmp_path, ci, outcome):
    monkeypatch.delenv(SHIFTED, raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(outcome, match="needs chromedriver: apt-get install chromium-driver"):
        program("chromedriver")


def test_a_program_that_is_there_is_found(monkeypatch, tmp_path):
    monkeypatch.delenv(SHIFTED, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "node").touch(0o755)
    assert program("node") == str(tmp_path / "node")
