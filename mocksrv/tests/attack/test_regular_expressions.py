"""No expression of the code takes more than linear time, and none of a caller's is compiled without limits."""

import pytest

from mocksrv.app import load_vendors
from mocksrv.config import VENDORS
from mocksrv.tests.attack.expressions import expressions, slow_text
from mocksrv.vendors.cht.node import moments

# Made when the program runs, out of what outsiders do not choose: words of our own declarations and configuration.
OWN = {
    "mocksrv.described.openapi:link", "mocksrv.live.forward:__init__", "mocksrv.operation:patterns",
    "mocksrv.routing.near_misses:of_any_version", "mocksrv.drift.headers:from_base",
    "mocksrv.vendors.commcare.vendor:listless", "mocksrv.vendors.cht.routing:path_pattern",
    "mocksrv.vendors.cht.node.moments:dates",
}
# Words of a caller, escaped: a few short ones, or at one place of the text.
ESCAPED = {"mocksrv.vendors.cht.records.formats:strip_code", "mocksrv.vendors.cht.records.formats:begins_with",
           "mocksrv.journal.redaction:redactor",
           "mocksrv.drift.generated_values:without"}  # those that are in the text
LIMITED = {"mocksrv.patterns:compiled"}  # the one place that compiles what a caller gives
# What somebody types at this machine, or reads of files of their own.
TYPED = ("mocksrv.cli.", "mocksrv.config:")


def test_none_of_the_code_takes_more_than_linear_time():
    slow = {}
    known = {(one.pattern, one.flags, frozenset(one.methods)): one.place for one in expressions()
             if one.pattern is not None and not one.place.startswith(TYPED)}
    known |= {(made.pattern, made.flags, frozenset({"fullmatch"})): "moments.dates" for made in moments.dates()}
    assert len(known) > 150
    for (pattern, flags, methods), place in known.items():
        if text := slow_text(pattern, flags, methods):
            slow[f"{place} {pattern!r}"] = text
    assert slow == {}


def test_routes_and_near_misses_take_linear_time():
    """Werkzeug matches a route as one expression; near misses have another for each path."""
    patterns = {pattern.pattern: pattern.flags for vendor in load_vendors(VENDORS) for one in vendor.operations
                for pattern in one.patterns}
    plain = {pattern for pattern in patterns if pattern.count("(?P<") == pattern.count("[^/]+)")}  # of whole segments
    assert {pattern: text for pattern in set(patterns) - plain
            if (text := slow_text(pattern, patterns[pattern], ("fullmatch",)))} == {}


def test_what_is_compiled_at_run_time_is_known():
    """An expression that a caller gives goes through mocksrv.patterns; one of our own words is named above."""
    found = {one.place for one in expressions() if one.pattern is None and not one.place.startswith(TYPED)}
    assert {place for place in found if not place.endswith(":")} == OWN | ESCAPED | LIMITED


@pytest.mark.parametrize("pattern", [
    "(a+)+$", r"(?:[^/\n]|/)+?/", "(?:a|a)*$", r"\w*\w*!", r"\s+$", r"x(?:\d+\.?)+y",
])
def test_the_search_finds_slow_ones(pattern):
    assert slow_text(pattern)


@pytest.mark.parametrize("pattern", [
    "[a-z]+-[0-9]+", "(?:[^&]|&(?!a))*+b", "a++$", r"(?:[^\\\"]|\\\\.)*\"", "x|y{3}",
])
def test_the_search_passes_over_fast_ones(pattern):
    assert slow_text(pattern, methods=("match",)) is None
