"""Expressions that callers give cost little, whatever they are; what they find is what Python's own engine finds."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv import patterns

TEXT = "a" * 20_000 + "!"


@pytest.mark.parametrize("pattern", [
    "a{1000000000}", "a{0999999999999}", "((a{900}){900}){900}", "(?:ab?){10000000}", "a" * 4000,
    "(" * 3000, "(" * 3000 + ")" * 3000,
    "(?:" * 49 + "a" + "){2}" * 49, "(?<=" * 1000 + "a" + ")" * 1000, "x|" + "a" * 501, "[a-z", "(?P<", "a{2",
    "(?i)" + "ſ" * 9000,
    "|".join(f"a{number}" for number in range(20_000)), "(a+)+$", "^(\\w+\\s?)+$", "(?R)", "(?:a?){400}a{90}", "\ud800",
    "(?:abcdefghijklmnop){e<=9}", "[" * 3000, "\\", "{3}", "*", "a|" * 9000,
])
def test_none_costs_much(pattern):
    began = time.thread_time()
    try:
        patterns.compiled(pattern)(TEXT)
    except (patterns.BadPattern, TimeoutError):
        pass
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(("pattern", "length"), [
    ("", 0), ("abc", 3), ("a|bcd|e", 3), ("a{7}", 7), ("a{7,}b", 8), ("(ab|c){3}d", 7), ("((a{3}){3}){3}", 27),
    ("[a{9}]x", 2), (r"\({4}", 4), ("a{0}", 1), ("[]a]{5}", 5), ("(a{5}|b", 5), ("a{x}", 4),
])
def test_the_longest_branch_written_out(pattern, length):
    assert patterns.written_out(pattern) == length


PARTS = st.sampled_from(["a", "b", ".", "[ab]", "(a|b)", "a?", "(ab)*", "b{2}", "^", "$", r"\w", "|"])


@given(st.lists(PARTS, max_size=6).map("".join), st.text("ab\n", max_size=8), st.booleans())
def test_it_finds_what_python_finds(pattern, text, any_case):
    expected = re.search(pattern, text, re.IGNORECASE if any_case else 0) is not None
    assert patterns.compiled(pattern, any_case=any_case)(text) == expected
