"""HQ's case search language: trees of XPath, values, and what a query that cannot be read is told."""

from datetime import datetime
from operator import eq, ge, gt, le, lt, ne

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.call import Refusal
from mocksrv.config import Config
from mocksrv.vendors.commcare.cases.v2 import query_language, xpath
from mocksrv.vendors.commcare.cases.v2.query_values import FUNCTIONS, BadQuery
from mocksrv.vendors.commcare.form_processor import casexml

NOW = "2024-03-05T08:09:10+00:00"


@pytest.fixture(scope="module")
def world():
    app = create_app(Config(vendor=("commcare",), size=0))
    world = app.worlds.origin.fork("queries")
    world.clock.freeze()
    world.clock.set(datetime.fromisoformat(NOW))
    yield world
    app.worlds.close()


def case(**properties):
    return casexml.blank("c1", "demo") | {"date_opened": "2024-03-05T08:00:00.000000Z", "properties": properties}


@pytest.mark.parametrize(("text", "written"), [  # eulxml 1.1.3 wrote these
    ("a = 1 and (b or c)", "a=1 and b or c"), ("a and or", "a and or"), ("a div b * -c | d", "a div b*-c|d"),
    ("a = 1 = 2", "a=1=2"), ("-a - -b", "-a--b"), ("(a)/b = .5", "a/b=0.5"), ("/a//b[1]/@c", "/a//b[1]/@c"),
    ("x:y(1, 'a')[b]", "(x:y(1,'a'))[b]"), ("child::text()", "child::text()"), ("$x:y = $z", "$x:y=$z"),
    ("""a = "it's" """, 'a="it\'s"'), ("2020-01-01", "2020-1-1"), ("*/* = ..", "*/*=.."), ("/", "/None"),
])
def test_trees(text, written):
    assert xpath.serialize(xpath.parse(text)) == written


@pytest.mark.parametrize(("text", "problem"), [
    ("", "Syntax error at 'None'"), ("a =", "Syntax error at 'None'"), ("((a)", "Syntax error at 'None'"),
    ("a b", "Syntax error at 'LexToken(NCNAME,'b',1,2)'"), ("a 5", "Syntax error at 'LexToken(INTEGER,5,1,2)'"),
    ("f(a,)", "Syntax error at 'LexToken(CLOSE_PAREN,')',1,4)'"), ("a, b", "Syntax error at 'LexToken(COMMA,',',1,1)'"),
    ("f(a, g())", "Syntax error at 'LexToken(OPEN_PAREN,'(',1,6)'"),  # no function can follow a comma
    ("a/x:f(1)", "Syntax error at 'LexToken(FUNCNAME,'f',1,4)'"),
    ("a ~ b", "Unknown text '~ b'"), ("a = 'x", "Unknown text ''x'"), ("É = 1", "Unknown text 'É = 1'"),
    ("a b ~", "Unknown text '~'"),  # names are looked past
])
def test_what_is_no_xpath(text, problem):
    with pytest.raises(xpath.Malformed) as caught:
        xpath.parse(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(("text", "value"), [
    ("today()", "2024-03-05"), ("now()", NOW), ("date('2024-1-2')", "2024-01-02"), ("date(5)", "1970-01-06"),
    ("date(today())", "2024-03-05"), ("date-add('2020-03-31', 'months', -1)", "2020-02-29"),
    ("date-add('2024-01-01', 'weeks', '2')", "2024-01-15"), ("date-add('2024-01-01', 'hours', 36)", "2024-01-02"),
    ("datetime('2024-01-02T03:04:05+02:00')", "2024-01-02T01:04:05+00:00"),
    ("datetime(1.5)", "1970-01-02T12:00:00+00:00"),
    ("datetime-add('2024-01-02 03:04:05Z', 'days', 0.5)", "2024-01-02T15:04:05+00:00"),
    ("double('2.5')", 2.5), ("double('1970-01-11')", 10.0), ("double('1970-01-02T12:00:00Z')", 1.5),
    ("""unwrap-list('["a", 1]')""", ["a", 1]),
])
def test_values(world, text, value):
    node = xpath.parse(text)
    assert FUNCTIONS[node.name](world, node) == value


@pytest.mark.parametrize(("text", "problem"), [
    ("date()", "The 'date' function accepts exactly 1 arguments, got 0"),
    ("now(1)", "The 'now' function accepts exactly 0 arguments, got 1"),
    ("date('soon')", 'Invalid date value. Dates must be an integer or a string of the format "YYYY-mm-dd"'),
    ("date(1.5)", 'Invalid date value. Dates must be an integer or a string of the format "YYYY-mm-dd"'),
    ("date('2024-13-01')", "2024-13-01 is not a valid date"),
    ("datetime('soon')", "Invalid datetime value. Must be a number or a ISO 8601 string."),
    ("datetime('2024-01-02T25:00')", "2024-01-02T25:00 is not a valid datetime"),
    ("date-add('2024-01-01', 'eons', 1)", "The \"date-add\" function expects the 'interval' argument to be one of "
     "('seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years')"),
    ("date-add('2024-01-01', 'days', 'x')",
     'The "date-add" function expects the interval quantity to be a numeric value'),
    ("date-add('2024-01-01', 'years', 1.5)",
     'Non-integer years and months are ambiguous and not supported by the "date-add" function'),
    ("date-add('2024-01-01', 'years', 9000)", "year 11024 is out of range"),
    ("double('x')", "Cannot convert x to a double"),
])
def test_values_that_are_none(world, text, problem):
    node = xpath.parse(text)
    with pytest.raises(BadQuery) as caught:
        FUNCTIONS[node.name](world, node)
    assert str(caught.value) == problem


@pytest.mark.parametrize(("query", "properties", "matches"), [
    ("a = ''", {}, True), ("a = ''", {"a": ""}, True), ("a != ''", {}, False), ("a = 5", {"a": "5"}, True),
    ("a = 5.0", {"a": "5"}, False), ("a = -5", {"a": "-5"}, True), ("a = -'x'", {}, True),
    ("""a = unwrap-list('["x", "y"]')""", {"a": "y"}, True), ("a > '4'", {"a": "10"}, True),
    ("a > 4", {"a": "x"}, False),
    ("a > '2024-01-01'", {"a": "2024-01-01T10:00:00Z"}, False),
    ("a >= '2024-01-01'", {"a": "2024-01-01T10:00:00Z"}, True),
    ("a > '2024-01-01T09:00:00Z'", {"a": "2024-01-01T10:00:00Z"}, True), ("a < '2024-01-02'", {"a": "junk"}, False),
    ("date_opened = '2024-03-05'", {}, True), ("date_opened != '2024-03-05'", {}, False),
    ("date_opened > '2024-03-05'", {}, False), ("date_opened <= '2024-03-05'", {}, True),
    ("date_opened < '2024-03-05'", {}, False), ("date_opened >= today()", {}, True),
    ("closed_on != '2024-03-05'", {}, True), ("closed_on < '2024-03-05'", {}, False),
    ("parent/a != 'x'", {}, False),  # of a case that is not there
    ("selected(a, 'RED')", {"a": "red blue"}, True), ("selected-all(a, 'red pink')", {"a": "red blue"}, False),
    ("selected('a', '')", {}, True), ("selected(a, ' ')", {"a": " "}, False), ("fuzzy-match(a, '')", {}, True),
    ("match-all() and (a = 1 or a = 2 or a = 3)", {"a": "3"}, True), ("x:not(match-none())", {}, True),
])
def test_matches(world, query, properties, matches):
    assert query_language.case_query(world, "demo", query)(case(**properties)) is matches


@pytest.mark.parametrize(("query", "status"), [
    ("starts-with(a)", 500), ("starts-with(a, b)", 500), ("a = unwrap-list('[')", 500), ("a = date(99999999999)", 500),
    ("a = -b", 400), ("a = unwrap-list(b)", 400), (" and ".join(["a = 1"] * 20000), True), ("not(" * 3000, 400),
])
def test_what_hq_does_not_expect(world, query, status):
    assert answer(world, query) == status


def answer(world, query):
    """Whether a query finds a case, or the status of its refusal."""
    try:
        return query_language.case_query(world, "demo", query)(case(a="1"))
    except Refusal as refusal:
        return refusal.status


@pytest.mark.parametrize(("op", "compare"), [("=", eq), ("!=", ne), (">", gt), (">=", ge), ("<", lt), ("<=", le)])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_counting(op, compare, number):
    """As numbers compare, but that HQ, which counts in the cases that it finds, takes none for less than 0."""
    fits = query_language.counting(op, number)
    expected = [compare(count, number) for count in range(4)]
    if number == 0 and op in (">=", "<"):
        expected[0] = op == "<"
    assert [fits(count) for count in range(4)] == expected


@given(st.text(st.sampled_from("ab'\"=<>!()[]/@:,.*|+-$ 15éÉ") | st.characters(codec="utf-8"), max_size=20))
def test_any_text_is_a_query_or_refused(world, text):
    assert answer(world, text) in (True, False, 400, 500)
