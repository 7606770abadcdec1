"""What is installed with the server is what it imports, and no more."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SOURCES = [path for path in (ROOT / "mocksrv").rglob("*.py") if "tests" not in path.parts]
# Imported for those who have it: the pytest plugin, and clients that a test brings along.
FOR_OTHERS = {"pytest", "requests", "carehq"}


def named(requirement):
    """The name of a package as all spellings of it have it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def imported(path):
    """The packages that a module imports when it runs: what is for type checkers alone is not installed for it."""
    def walk(node):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return {name.partition(".")[0] for name in walk(ast.parse(path.read_text("utf-8")))}


def test_the_server_imports_what_is_installed_with_it_and_all_of_that():
    providers = packages_distributions()
    found = {named(name) for path in SOURCES for package in imported(path) - set(sys.stdlib_module_names) - {"mocksrv"}
             for name in providers[package]}
    extras = {named(text) for extra in ("tls", "testcontainers") for text in PROJECT["optional-dependencies"][extra]}
    needed = {named(text) for text in PROJECT["dependencies"]}
    assert found - extras - FOR_OTHERS - {"werkzeug"} == needed, "werkzeug is Flask's"


def test_its_types_are_for_others_too():
    assert (ROOT / "mocksrv" / "py.typed").exists()
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_extras_name_one_another_and_nothing_that_is_not_there():
    known = PROJECT["optional-dependencies"].keys()
    for requirements in PROJECT["optional-dependencies"].values():
        for requirement in requirements:
            if named(requirement) == "mocksrv":
                assert set(re.findall(r"\w+", requirement.partition("[")[2])) <= known
