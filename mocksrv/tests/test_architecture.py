"""What may import what, and who may read the time or make randomness: checked over the source itself."""

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from marshmallow import Schema

from mocksrv.vendor import Vendor

PACKAGE = Path(__file__).parents[1]
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if "tests" not in path.parts]
FORBIDDEN_IN_VENDORS = {"flask", "time", "random", "secrets", "requests",
                        "mocksrv.app", "mocksrv.answering", "mocksrv.control", "mocksrv.cli"}
# (module, name): None forbids the whole module
CLOCKS = {("time", None), ("random", None), ("secrets", None), ("uuid", "uuid1"), ("uuid", "uuid4"), ("os", "urandom"),
          ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
MAY = {  # file -> what it alone may do
    "clock.py": {"time"},  # reads the machine's time for everybody
    "generator.py": {"random"},  # subclasses random.Random over a counter
    "testcontainers.py": {"secrets"},  # makes a token for a container, outside of every world
    "live/guardrails.py": {"secrets"},  # names a run, and
    "cli/gate.py": {"secrets"},  # makes the gate's token
    "cli/__init__.py": {"secrets"},  # makes the token of the control plane
    "live/carehq.py": {"secrets"},  # signs requests, to services that are no world
    "control/base.py": {"uuid4"},  # tells one process from the next, outside of every world
    "pytest_plugin.py": {"uuid4"},  # tells one run of tests from the next, which may share a server
}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def readings(tree):
    """Every use of a clock or of a source of randomness in a module."""
    for name in imports(tree):
        module, _, member = name.partition(".")
        if (module, None) in CLOCKS:
            yield module
        elif (module, member) in CLOCKS:
            yield member
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            base = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (base, node.attr) in CLOCKS:
                yield node.attr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_clock_reads_the_time_and_only_the_generator_makes_randomness(path):
    found = set(readings(ast.parse(path.read_text(encoding="utf-8"))))
    assert found <= MAY.get(str(path.relative_to(PACKAGE)), set())


def test_the_search_for_readings_finds_them():
    source = "import time\nfrom uuid import uuid4\nimport datetime\nx = datetime.datetime.now()\ny = os.urandom(3)"
    assert set(readings(ast.parse(source))) == {"time", "uuid4", "now", "urandom"}


@pytest.mark.parametrize("path", [path for path in SOURCES if "vendors" in path.parts],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_vendors_know_neither_flask_nor_the_application_nor_each_other(path):
    found = set(imports(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found & FORBIDDEN_IN_VENDORS
    if len(path.parts) > len(PACKAGE.parts) + 2:
        own = path.relative_to(PACKAGE / "vendors").parts[0]
        others = {name for name in found if name.startswith("mocksrv.vendors.")
                  and not name.startswith(("mocksrv.vendors.import_rooms", f"mocksrv.vendors.{own}"))}
        assert not others


def modules():
    """Every module of the product by its dotted name."""
    named = {".".join(("mocksrv", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in SOURCES}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


@cache
def graph():
    """Which modules each module imports, those that are imported for types alone included."""
    known = modules()
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in known.items()}
    return {name: {one for one in imports(tree) if one in known} - {name} - packages_of(tree, known)
            for name, tree in trees.items()}


def packages_of(tree, known):
    """Packages from which nothing but modules is imported: `from a.b import c` is about a.b.c alone."""
    plain = {node.module: all(f"{node.module}.{alias.name}" in known for alias in node.names)
             for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name for name, only_modules in plain.items() if only_modules}


def circles(arrows):
    """Groups of modules that import each other, by way of however many others."""
    reach = {}
    for start in arrows:
        seen, todo = set(), list(arrows[start])
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += arrows.get(one, ())
        reach[start] = seen
    return sorted(name for name in arrows if name in reach[name])


def test_no_module_imports_itself_by_way_of_others():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    assert circles(graph()) == []


def test_no_folder_has_more_than_twenty_modules():
    counts = Counter(path.parent for path in SOURCES)
    assert {str(folder): count for folder, count in counts.items() if count > 20} == {}


STARTERS = ("mocksrv.pytest_plugin", "mocksrv.described.openapi", "mocksrv.__main__", "mocksrv.cli", "mocksrv.live")
WALLS = {  # who -> what it may not import
    "mocksrv.vendors.cht.couch": ("mocksrv.vendors.cht", ("mocksrv.vendors.cht.couch", "mocksrv.vendors.cht.node")),
    "mocksrv.control": ("mocksrv.app", ()),
}


def within(name, places):
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("place", WALLS)
def test_the_walls(place):
    barred, but = WALLS[place]
    arrows = graph()
    inside = [name for name in arrows if within(name, [place])]
    assert inside
    assert {(name, one) for name in inside for one in arrows[name] if within(one, [barred]) and not within(one, but)} \
        == set()


def test_the_kernel_knows_no_vendor_and_nobody_imports_the_application_but_those_who_start_it():
    arrows = graph()
    kernel = {name for name in arrows if not within(name, ["mocksrv.vendors", "mocksrv.live", "mocksrv.cli"])}
    assert {(name, one) for name in kernel for one in arrows[name] if within(one, ["mocksrv.vendors"])} == set()
    assert {(name, one) for name in arrows if not within(name, STARTERS) for one in arrows[name]
            if within(one, ["mocksrv.app", "mocksrv.cli"])} == set()
    assert [name for name in arrows if "mocksrv.answering" in arrows[name]] == ["mocksrv.app"]


def test_starting_loads_nothing_heavy():
    script = ("import sys; from mocksrv.app import create_app; from mocksrv.config import Config; "
              "import mocksrv.serving.server; create_app(Config()); print(' '.join(sys.modules))")
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "flask" in loaded
    assert not {"faker", "rich", "requests", "phonenumbers", "apispec", "lxml.etree", "openpyxl"} & set(loaded)


# --- the suite that real services could pass ---

CONTRACT_TESTS = PACKAGE.parent / "contract_tests"
# What starts a server, passes requests to a live one, replays recordings and writes down what they prove.
HARNESS = ("mocksrv.answering", "mocksrv.app", "mocksrv.call.Reply", "mocksrv.clock", "mocksrv.config",
           "mocksrv.described", "mocksrv.drift", "mocksrv.fixtures", "mocksrv.live",
           "mocksrv.operation", "mocksrv.serving.server")
# Of the product, tests of a vendor know how a world is controlled, and what the vendor declares: its operations, its
# catalogue of resources, and the schemas of what it answers. Parsers, tables and handlers are tested in mocksrv/tests.
PUBLISHED = ("mocksrv.fixtures", "mocksrv.remote", "mocksrv.tests.snippets", "mocksrv.tests.tools",
             "mocksrv.tests.waiting", "mocksrv.vendors.carehq.catalogue")
INNER = {  # file -> what it alone imports besides
    "fuzz.py": {"mocksrv.vendors.cht.couch.documents"},  # names documents that a world has
    "fuzz_hooks.py": {"mocksrv.vendors.carehq.signatures"},  # signs what is changed on its way
    "cht/test_recorded.py": {"mocksrv.vendors.cht.couch.documents", "mocksrv.vendors.cht.couch.maintenance",
                             "mocksrv.app", "mocksrv.config", "mocksrv.serving.server"},  # plays recordings anew
    "commcare/test_recorded.py": {"mocksrv.app", "mocksrv.config", "mocksrv.serving.server"},
}


def is_declared(name):
    """Whether an imported name of a vendor is the vendor itself or a schema, or a module of nothing but schemas."""
    module, _, member = name.rpartition(".")
    found = getattr(import_module(module), member, None) or import_module(name)  # a module that nobody has loaded yet
    if isinstance(found, ModuleType):
        return member == "schemas" or member.endswith("_schemas")
    return isinstance(found, Vendor) or (isinstance(found, type) and issubclass(found, Schema))


def imported_names(tree):
    """What a module of the suite imports from the product, as far down as it names it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "mocksrv":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "mocksrv")


def belongs(name, known):
    return any(name == one or name.startswith(f"{one}.") for one in known)


@pytest.mark.parametrize("path", sorted(CONTRACT_TESTS.rglob("*.py")), ids=lambda path: path.relative_to(
    CONTRACT_TESTS).as_posix())
def test_contract_tests_know_of_the_product_what_it_publishes(path):
    file = path.relative_to(CONTRACT_TESTS).as_posix()
    known = (*PUBLISHED, *INNER.get(file, ()), *(HARNESS if "/" not in file else ()))
    names = set(imported_names(ast.parse(path.read_text(encoding="utf-8"))))
    inner = {name for name in names if not belongs(name, known)}
    assert {name for name in inner if not (belongs(name, ["mocksrv.vendors"]) and is_declared(name))} == set()


def test_parsers_tables_and_handlers_are_not_declared():
    assert is_declared("mocksrv.vendors.cht.vendor")
    assert is_declared("mocksrv.vendors.commcare.schemas.records.CaseList")
    assert not is_declared("mocksrv.vendors.cht.node.querystring")
    assert not is_declared("mocksrv.vendors.cht.contacts.paging.collect")


def test_no_folder_of_tests_has_more_than_thirty_modules():
    counts = Counter(path.parent for path in (PACKAGE / "tests").rglob("*.py"))
    assert {str(folder): count for folder, count in counts.items() if count > 30} == {}
