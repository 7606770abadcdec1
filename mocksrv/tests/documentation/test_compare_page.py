"""The comparison with other tools: each "yes" of ours names a test, and there is that test."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "compare.md").read_text("utf-8")


def rows(section):
    """The cells of a section's table, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


COMPARED, BEHIND = (rows(section) for section in PAGE.split("## The tests behind ours"))


def test_each_yes_of_ours_names_its_test():
    claimed = [feature for feature, ours, *_ in COMPARED if ours.startswith("yes")]
    assert len(claimed) > 20
    assert [feature for feature, _ in BEHIND] == claimed


def test_each_test_that_is_named_exists():
    for feature, test in BEHIND:
        file, _, name = test.strip("`").partition("::")
        functions = ast.parse((ROOT / file).read_text("utf-8")).body
        assert name in [one.name for one in functions if isinstance(one, ast.FunctionDef)], feature


def test_every_word_about_another_tool_leads_to_its_documentation():
    known = set(re.findall(r"^\[([\w-]+)\]: https://\S+$", PAGE, re.MULTILINE))
    assert known == set(re.findall(r"\]\[([\w-]+)\]", PAGE))
    for feature, ours, *others in COMPARED:
        assert ours.split(":")[0] in ("yes", "no"), feature
        assert len(others) == 6, feature
        for said in others:
            assert re.match(r"\[(yes|partly|no)\]\[", said) or not re.match("yes|partly", said), (feature, said)
