"""The picture of the architecture is that of the code: its steps exist, in this order, and so do its rooms."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from mocksrv import answering
from mocksrv.described.documentation import rooms

PAGE = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^ +(?:\+-- |)(\w+\.\w+(?:\.\w+)?) {2,}\S", PAGE, re.MULTILINE)


def test_every_step_of_the_picture_exists():
    assert len(STEPS) > 12
    for step in STEPS:
        module, *names = step.split(".")
        found = import_module(f"mocksrv.{module}")
        for name in names:
            if hasattr(found, "__path__") and find_spec(f"{found.__name__}.{name}"):
                found = import_module(f"{found.__name__}.{name}")
                continue
            assert name in getattr(found, "__annotations__", {}) or hasattr(found, name), step
            found = getattr(found, name, None)


def test_the_steps_are_in_the_order_of_the_code():
    text = Path(answering.__file__).read_text(encoding="utf-8")  # whatever a test has put in its place
    methods = {node.name: ast.get_source_segment(text, node) or "" for node in ast.walk(ast.parse(text))
               if isinstance(node, ast.FunctionDef)}
    flow = methods["answer"].replace("self._handle(", methods["_handle"])
    steps = ["routes.find(", "faults.pick(", "identify(", "admit(", "operation.run(", "self._render(", "answered(",
             "world.commit("]
    places = [flow.index(step) for step in steps]
    assert places == sorted(places)


def test_every_room_says_what_is_in_it():
    lines = rooms().splitlines()[2:]
    assert len(lines) > 40
    assert [line for line in lines if line.endswith("/` |  |")] == []
