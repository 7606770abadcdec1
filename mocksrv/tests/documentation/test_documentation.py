"""The tables of the documentation are what the code says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mocksrv.app import load_vendors
from mocksrv.cli import main
from mocksrv.clock import today
from mocksrv.config import VENDORS
from mocksrv.described import documentation, proof

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def tables():
    vendors = load_vendors(VENDORS)
    return documentation.tables(vendors, proof.describe([one for each in vendors for one in each.operations], today()))


def test_every_table_is_what_the_code_says(tables):
    pages = {page: page.read_text("utf-8") for page in DOCS.rglob("*.md")}
    assert {mark["name"] for text in pages.values() for mark in documentation.MARKED.finditer(text)} == tables.keys()
    for page, text in pages.items():
        assert documentation.renewed(text, tables) == text, f"{page}: run `make operations`"


@pytest.fixture
def page(tmp_path):
    (tmp_path / "below").mkdir()
    file = tmp_path / "below" / "page.md"
    file.write_text("a\n<!-- table: operations.cht -->\nold\n<!-- end -->\nz\n")
    return file


def into(folder, *more):
    return CliRunner().invoke(main, ["operations", "--into", str(folder), *more])


def test_a_table_is_written_between_its_marks(page, tables):
    for _ in range(2):
        assert into(page.parents[1]).exit_code == 0
        table = tables["operations.cht"]
        assert page.read_text("utf-8") == f"a\n<!-- table: operations.cht -->\n{table}<!-- end -->\nz\n"


def test_what_cannot_be_written_is_told(page):
    before = page.read_text("utf-8")
    refused = into(page.parent, "--vendor", "cht")
    assert (refused.exit_code, page.read_text("utf-8")) == (2, before)
    page.write_text(before.replace("operations.cht", "operations.nobody"))
    refused = into(page.parent)
    assert refused.exit_code == 2
    assert "there is no table operations.nobody; known are operations, operations.carehq" in refused.output


def test_the_sums_are_those_of_the_tables(tables):
    for line in tables["operations"].splitlines()[2:]:
        vendor = re.search(r"operations/(\w+)\.md", line)[1]
        total, *levels = (int(cell or 0) for cell in map(str.strip, line.split("|")[2:-1]))
        assert total == sum(levels) == len(tables[f"operations.{vendor}"].splitlines()) - 2
