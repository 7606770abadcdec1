"""The README keeps its promises: its walkthroughs run as they stand, and its table is what the code says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mocksrv.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WALKTHROUGHS = re.findall(r"^### (.+?)\n.*?```python\n(.+?)```", README, re.DOTALL | re.MULTILINE)
SAYS = {"CareHQ": "of 10 calls left", "CommCare HQ": "whole_milk 2", "Community Health Toolkit": "expiration_date"}


def test_there_are_three_walkthroughs():
    assert [title.partition(":")[0] for title, _ in WALKTHROUGHS] == list(SAYS)


@pytest.mark.parametrize(("title", "code"), WALKTHROUGHS, ids=lambda text: text.partition(":")[0][:30])
def test_a_walkthrough_runs_as_it_stands(mocksrv, title, code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env=os.environ | {"MOCKSRV_URL": mocksrv.url}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert SAYS[title.partition(":")[0]] in done.stdout


def test_the_table_of_operations_is_what_the_code_says():
    table = CliRunner().invoke(main, ["operations", "--markdown"]).output
    inside = README.partition("writes this) -->\n")[2].partition("<!-- operations: end")[0]
    assert inside == table, "run `make operations`"


def test_the_table_is_written_between_its_marks(tmp_path):
    file = tmp_path / "README.md"
    file.write_text("a\n<!-- operations: begin -->\nold\n<!-- operations: end -->\nz\n")
    for _ in range(2):
        assert CliRunner().invoke(main, ["operations", "--vendor", "cht", "--into", str(file)]).exit_code == 0
        lines = file.read_text().splitlines()
        assert (lines[0], lines[-1], "old" in lines) == ("a", "z", False)
        assert lines[2].startswith("<details><summary>cht: ")
    file.write_text("no marks")
    failed = CliRunner().invoke(main, ["operations", "--into", str(file)])
    assert (failed.exit_code, file.read_text()) == (2, "no marks")


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / path).read_text()):
        assert (ROOT / link).exists(), link


def test_every_route_of_the_control_plane_is_documented(shop_app):
    documented = README.partition("## The control plane")[2].partition("\n## ")[0]
    for rule in shop_app().url_map.iter_rules():
        if rule.endpoint.startswith("control."):
            word = rule.rule.removeprefix("/_mocksrv").split("/<")[0]
            assert word in documented, rule


def test_the_options_that_it_names_exist():
    for option in set(re.findall(r"(?<![\w-])--(?!mocksrv|build|rm)[a-z][a-z-]+", README)):
        names = {name for command in main.commands.values() for param in command.params for name in param.opts}
        assert option in names | {"--help"}, option
