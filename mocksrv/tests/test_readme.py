"""The README keeps its promises: it is short, and its walkthroughs run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mocksrv.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
WALKTHROUGHS = re.findall(r"^### (.+?)\n.*?```python\n(.+?)```", README, re.DOTALL | re.MULTILINE)
SAYS = {"CareHQ": "of 10 calls left", "CommCare HQ": "whole_milk 2", "Community Health Toolkit": "expiration_date"}


def test_there_are_three_walkthroughs():
    assert [title.partition(":")[0] for title, _ in WALKTHROUGHS] == list(SAYS)


@pytest.mark.parametrize(("title", "code"), WALKTHROUGHS, ids=lambda text: text.partition(":")[0][:30])
def test_a_walkthrough_runs_twice_as_it_stands(mocksrv_url, title, code):
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                              env=os.environ | {"MOCKSRV_URL": mocksrv_url}, timeout=60)
        assert done.returncode == 0, done.stderr
        assert SAYS[title.partition(":")[0]] in done.stdout


def test_it_fits_a_screen_and_a_bit():
    assert len(README.encode()) <= 12_000


def test_every_route_of_the_control_plane_is_documented(shop_app):
    documented = (ROOT / "docs" / "control.md").read_text("utf-8")
    for rule in shop_app().url_map.iter_rules():
        if rule.endpoint.startswith("control."):
            word = rule.rule.removeprefix("/_mocksrv").split("/<")[0]
            assert word in documented, rule


def test_the_options_that_it_names_exist():
    pages = README + "".join((ROOT / "docs" / page).read_text("utf-8") for page in ("command-line.md", "control.md"))
    for option in set(re.findall(r"(?<![\w-])--(?!mocksrv|build|rm|from)[a-z][a-z-]+", pages)):
        names = {name for command in main.commands.values() for param in command.params for name in param.opts}
        assert option in names | {"--help"}, option
