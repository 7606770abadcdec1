"""CONTRIBUTING keeps its promise: one function, one test and one command add an operation."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mocksrv.tests.snippets import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS, FILES = ("mocksrv", "contract_tests", "docs"), ("Makefile", "pyproject.toml", "README.md")


@pytest.fixture
def checkout(tmp_path):
    """A copy of what somebody checks out, that the examples of the page can be written into."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    return tmp_path


def make(folder, command):
    """What `make` says and returns, without a look at whether everything is installed."""
    venv = Path(sys.prefix)
    arguments = [*command.split(), f"VENV={venv}", "-o", f"{venv}/ready", "ARGS=-q -p no:cacheprovider"]
    return subprocess.run(arguments, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True,
                          text=True, check=False, timeout=300)


def test_an_endpoint_is_added(checkout):
    blocks = re.findall(r"^```python\n# (\S+)\n(.+?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (function, code), (test, tests) = blocks
    (command,) = re.findall(r"`(make endpoint [^`]+)`", PAGE)
    (checkout / test).write_text(tests, encoding="utf-8")
    without = make(checkout, command)
    assert without.returncode != 0, without.stdout
    assert "test_get_phone" in without.stdout

    (checkout / function).write_text(code, encoding="utf-8")
    done = make(checkout, command)
    assert done.returncode == 0, done.stdout + done.stderr
    row = "| GET | `/api/v1/person/{uuid}/phone` | The phone number of one person. | source | 5.2.0 |  |"
    assert row in (checkout / "docs" / "operations" / "cht.md").read_text(encoding="utf-8")
