"""The recipes that can run here do, as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mocksrv.config import PARSERS

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
CHECKED = dict(re.findall(r"^## ([^\n]+) \(checked\)\n\n```yaml\n(.+?)```", PAGE, re.DOTALL | re.MULTILINE))
SCHEMAS = {"GitHub Actions": "github-workflows", "GitLab CI": "gitlab-ci", "Docker Compose": "compose-spec"}


def check(file, text, schema):
    file.write_text(text)
    return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", file],
                          capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("title", SCHEMAS)
def test_a_recipe_is_what_its_tool_takes(tmp_path, title):
    text = CHECKED[title]
    done = check(tmp_path / "recipe.yml", text, SCHEMAS[title])
    assert done.returncode == 0, done.stdout
    key = {"GitHub Actions": "runs-on:", "GitLab CI": "script:", "Docker Compose": "condition:"}[title]
    spoiled = check(tmp_path / "spoiled.yml", text.replace(key, "nonsense:"), SCHEMAS[title])
    assert spoiled.returncode == 1, spoiled.stdout


def test_every_recipe_with_a_schema_is_checked():
    assert CHECKED.keys() == SCHEMAS.keys()


def test_recipes_for_containers_name_what_the_image_has():
    exposed = re.search(r"EXPOSE (\d+)", (Path(__file__).parents[2] / "Dockerfile").read_text(encoding="utf-8"))[1]
    for title, text in CHECKED.items():
        assert f":{exposed}" in text, title
        known = {f"MOCKSRV_{name.upper()}" for name in PARSERS} | {"MOCKSRV_URL"}
        assert set(re.findall(r"MOCKSRV_[A-Z]+", text)) <= known, title
        assert "MOCKSRV_TOKEN" in text, title
