"""Examples at random for both sides: the same whatever else has been loaded, and named when one fails."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from contract_tests.drawn import CHARACTERS, INTEGERS, for_each


def drawn():
    found = []
    for_each(st.dictionaries(st.text(CHARACTERS, max_size=3), INTEGERS | st.floats() | st.binary()), 100,
             lambda example: found.append(repr(example)))
    return found


def test_they_do_not_depend_on_the_modules_that_are_loaded(tmp_path, monkeypatch):
    """As those of hypothesis do, which takes the constants of every module."""
    before = drawn()
    assert len(set(before)) > 50
    file = tmp_path / "constants.py"
    file.write_text(f"ALL = {[kind(number) for number in range(100, 500, 10) for kind in (str, int, float)]}")
    spec = importlib.util.spec_from_file_location("constants", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "constants", module)
    spec.loader.exec_module(module)
    assert drawn() == before


def test_the_one_that_fails_is_named():
    def check(example):
        assert len(example) < 3

    with pytest.raises(AssertionError) as caught:
        for_each(st.lists(INTEGERS), 100, check)
    (note,) = [note for note in caught.value.__notes__ if note.startswith("example ")]
    assert note.count(",") >= 2


def test_a_run_with_a_live_service_refuses_others(tmp_path):
    file = tmp_path / "test_others.py"
    file.write_text("from hypothesis import given, strategies as st\n\n@given(st.text())\ndef test_a(text): pass\n")
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider", "-p",
                          "contract_tests.conftest", file, "--target", "live"], cwd=Path(__file__).parents[1],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR, run.stdout
    assert "test_a sends other requests on the mock and on the live service" in run.stderr
