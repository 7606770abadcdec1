"""The README keeps its promises: it is short, and has a walkthrough for each service (test_snippets.py runs them)."""

import re
import tomllib
from pathlib import Path

import click

from mocksrv.cli import main

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WALKTHROUGHS = ["CareHQ", "CommCare HQ", "Community Health Toolkit"]


def test_there_is_a_walkthrough_for_each_service():
    code = r"^### ([\w ]+): [^\n]+\n\n```python\n.+?^```\n\n```text\n.+?^```$"
    assert re.findall(code, README, re.DOTALL | re.MULTILINE) == WALKTHROUGHS


def test_it_fits_a_screen_and_a_bit():
    assert len(README.encode()) <= 12_000


def test_every_route_of_the_control_plane_is_documented(shop_app):
    documented = (ROOT / "docs" / "control.md").read_text("utf-8")
    for rule in shop_app().url_map.iter_rules():
        if rule.endpoint.startswith("control."):
            word = rule.rule.removeprefix("/_mocksrv").split("/<")[0]
            assert word in documented, rule


def options_of(command):
    """The options of a command and of those below it, which `main` loads when they are asked for."""
    context = click.Context(command)
    names = command.list_commands(context) if isinstance(command, click.Group) else []
    below = (command.get_command(context, name) for name in names)
    return {name for param in command.params for name in param.opts}.union(*map(options_of, below))


def test_the_options_that_are_named_exist():
    """Those in commands are tried where these are run (test_snippets.py)."""
    names = ("command-line", "control", "carehq", "cht")
    pages = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in names)]
    named = {option for page in pages for option in re.findall(r"`(--[a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named
    assert named - options_of(main) == set()


def test_this_version_has_its_changes():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_its_picture_is_there_and_light():
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    assert (ROOT / picture).stat().st_size < 150_000
