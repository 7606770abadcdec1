"""No StopIteration of ours is let out: within a generator it ends an answer early, elsewhere it is a 500."""

import ast
from pathlib import Path

import mocksrv

ENDLESS = {  # what never ends, and what gives an empty chunk first
    "faults.py: next(self._ids)", "journal/__init__.py: next(self._ids)", "pytest_plugin.py: next(_numbers)",
    "vendors/cht/seed/hierarchy.py: next(self.areas)", "answering.py: next(reply.body)",
}
APART = {"cli", "drift", "tests"}  # they answer no request


def bare(source):
    """Calls of `next` that raise StopIteration at the end."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and len(node.args) == 1)
    return {ast.unparse(node) for node in calls if isinstance(node.func, ast.Name) and node.func.id == "next"}


def test_next_has_a_default():
    root, found = Path(mocksrv.__file__).parent, set()
    for path in root.rglob("*.py"):
        place, source = path.relative_to(root), path.read_text(encoding="utf-8")
        if place.parts[0] not in APART and "next(" in source:
            found |= {f"{place.as_posix()}: {call}" for call in bare(source)}
    assert found == ENDLESS


def test_the_search_finds_bare_ones():
    assert bare("a = next(iter(b))\nc = next((d for d in e if d), None)\nf.next()") == {"next(iter(b))"}
