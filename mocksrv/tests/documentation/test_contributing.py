"""CONTRIBUTING keeps its promise: one function and one test add an operation."""

import re
import subprocess
import sys

from mocksrv.tests.snippets import ROOT

AROUND = """
import pytest, sys

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.vendors.cht import errors, vendor
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.world import World
from typing import Any

{function}
with Server(create_app(Config(port=0, vendor=("cht",)))) as server:
    sys.exit(pytest.main(["-q", "--mocksrv-url", server.url, "test_it.py"]))
"""


def test_the_operation_is_added(tmp_path):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    function, test = re.findall(r"^```python\n(.+?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "test_it.py").write_text(f"import requests\n\n\n{test}", encoding="utf-8")
    for status in (0, 1):  # without the function the test fails
        done = subprocess.run([sys.executable, "-c", AROUND.format(function=function if status == 0 else "")],
                              cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == status, done.stdout + done.stderr
