"""The recipes that can run here do, as they stand."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
TESTED = {title: (kind, code) for title, kind, code in
          re.findall(r"^## ([^\n]+) \(tested\)\n\n```(\w+)\n(.+?)```", PAGE, re.DOTALL | re.MULTILINE)}
COMMANDS = {"sh": ("recipe.sh", ["sh"]), "js": ("recipe.mjs", ["node"]), "java": ("Recipe.java", ["java"])}
PRINTED = {"sh": "done", "js": "2026-01-31T09:30:00.000Z\ntrue", "java": "200"}


def test_there_is_one_for_each_language():
    assert [kind for kind, _ in TESTED.values()] == list(COMMANDS)


@pytest.mark.parametrize("title", TESTED)
def test_a_recipe_runs_as_it_stands(mocksrv, tmp_path, title):
    kind, code = TESTED[title]
    name, command = COMMANDS[kind]
    (tmp_path / name).write_text(code)
    done = subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
                          env=os.environ | {"MOCKSRV_URL": mocksrv.url.rpartition("/~")[0]})
    assert (done.returncode, done.stdout.strip()) == (0, PRINTED[kind]), done.stderr
