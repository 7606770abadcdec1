"""The `query` parameter of case API v2: HQ's case search language, an XPath dialect, as a test of cases.

Simulated are comparisons, `and`, `or`, paths such as `parent/name`, and the functions in QUERIES and in
`query_values.py`; a function in MISSING is a bad query here.

commcare-hq corehq/apps/case_search/filter_dsl.py, xpath_functions and corehq/apps/es/case_search.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.cases.v2 import xpath
from mocksrv.vendors.commcare.cases.v2.query_values import (
    BadQuery,
    check_count,
    day_of,
    parse_day,
    parse_moment,
    value_of,
)
from mocksrv.vendors.commcare.cases.v2.system_fields import METADATA
from mocksrv.vendors.commcare.cases.v2.xpath import Binary, Function, Negated, Rooted, Step, serialize
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import view_error, view_failed
from mocksrv.vendors.commcare.tables import words

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]

MOMENTS = ("date_opened", "closed_on", "last_modified")
COMPARISONS = ("=", "!=", ">", ">=", "<", "<=")
OPERATORS = ", ".join((*COMPARISONS, "and", "or"))
MISSING = ("within-distance", "fuzzy-date", "phonetic-match")  # functions of HQ that are not simulated
# What HQ picks out of the library's error texts: the rest of the text, or the token and what is behind it.
BAD_PART = re.compile(r"Unknown text '(.+)'|LexToken\(\w+,\w?'(.+)'")


def case_query(world: World, domain: str, text: str) -> Test:
    """A query as a test. Raises a 400, and HQ's 500."""
    try:
        return Query(world, domain).build(xpath.parse(text))
    except BadQuery as error:
        raise view_error(400, f"Bad query: {error}", error.diagnosis) from None
    except xpath.Malformed as error:
        found = BAD_PART.search(str(error))
        raise view_error(400, "Bad query: " + (
            f"We didn't understand what you were trying to do with {found[1] or found[2]}. Please try reformatting "
            f"your query. The operators we accept are: {OPERATORS}" if found else "Malformed search query")) from None
    except (TypeError, RecursionError):  # HQ takes any TypeError for one of the XPath library
        raise view_error(400, "Bad query: Malformed search query") from None
    except (ValueError, OverflowError) as error:
        raise view_failed(f"the query makes HQ fail: {error}") from None


class Query:
    """Tests of a domain's cases, made of the trees of a query."""

    def __init__(self, world: World, domain: str) -> None:
        self.world = world
        self.table = world.table("commcare.cases")
        self.domain = domain

    def build(self, node: Any) -> Test:
        """A tree as a test. Raises BadQuery, and TypeError."""
        if isinstance(node, Function):
            return self.function(node)
        if isinstance(node, Negated | Rooted):
            raise BadQuery(f"We don't know what to do with operator '{node.op}'. Please try reformatting your query.")
        if not isinstance(node, Binary):
            raise BadQuery("Your search query is required to have at least one boolean operator "
                           f"({', '.join(COMPARISONS)})")
        if is_of_ancestor(node):
            return self.ancestor(node.left.left, Binary(node.left.right, node.op, node.right))
        if is_count(node):
            return self.subcases(node.left, node.op, node.right)
        if node.op in COMPARISONS:
            return self.comparison(node)
        if node.op not in ("and", "or"):
            raise BadQuery(f"We don't know what to do with operator '{node.op}'. Please try reformatting your query.")
        left, right = node.left, [node.right]
        while isinstance(left, Binary) and left.op == node.op and not is_of_ancestor(left) and not is_count(left):
            right.append(left.right)
            left = left.left
        tests = [self.build(left), *map(self.build, reversed(right))]
        quantifier = all if node.op == "and" else any
        return lambda doc: quantifier(test(doc) for test in tests)

    def function(self, node: Function) -> Test:
        if node.name not in QUERIES:
            known = f"CommCare HQ has {node.name}(), but mocksrv does not simulate it" if node.name in MISSING else None
            raise BadQuery(f"'{node.name}' is not a valid standalone function", known)
        return QUERIES[node.name](self, node)

    # --- comparisons ----------------------------------------------------------------------------------------

    def comparison(self, node: Binary) -> Test:
        if not isinstance(node.left, Step):
            raise BadQuery(f"We didn't understand what you were trying to do with {serialize(node)}")
        name, op, wanted = serialize(node.left), node.op, value_of(self.world, node.right)
        if name in MOMENTS:
            return self.on_day(name, op, day_of(wanted))
        if op in ("=", "!="):
            values = [str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]
            return lambda doc: (read(doc, name) in values) is (op == "=")
        bound = bound_of(wanted)
        return lambda doc: ordered(read(doc, name), op, bound)

    def on_day(self, name: str, op: str, day: date) -> Test:
        """A comparison of a moment with a whole day, which is the domain's own: here it has UTC."""
        start = datetime.combine(day, time(), UTC)
        first, behind = dates.text(start), dates.text(start + timedelta(days=1))
        within: dict[str, Test] = {
            "=": lambda doc: first <= read(doc, name) < behind,
            "!=": lambda doc: not first <= read(doc, name) < behind,
            ">": lambda doc: read(doc, name) > behind,
            ">=": lambda doc: read(doc, name) >= first,
            "<": lambda doc: "" < read(doc, name) < first,
            "<=": lambda doc: "" < read(doc, name) <= behind,
        }
        return within[op]

    # --- other cases ----------------------------------------------------------------------------------------

    def above(self, doc: Doc, index: str) -> Doc | None:
        found = doc["indices"].get(index)
        return self.table.peek(found["case_id"]) if found else None

    def below(self, doc: Doc, index: str) -> list[Doc]:
        ids = self.table.by("by_parent", (self.domain, doc["case_id"]))
        cases = [self.table.peek(id) for id in ids]
        return [case for case in cases if case and (case["indices"].get(index) or {}).get("case_id") == doc["case_id"]]

    def ancestor(self, path: Any, condition: Any) -> Test:
        """A test of the case at the end of a path of indices."""
        check_ancestors(condition)
        inner = self.build(condition)
        names: list[str] = []
        while isinstance(path, Binary) and path.op == "/":
            names.append(serialize(path.right))
            path = path.left
        names.append(serialize(path))
        names.reverse()

        def test(doc: Doc) -> bool:
            for index in names:
                if (above := self.above(doc, index)) is None:
                    return False
                doc = above
            return inner(doc)

        return test

    def ancestor_exists(self, node: Function) -> Test:
        check_count(node, 2)
        return self.ancestor(*node.args)

    def subcases(self, node: Function, op: str = ">", number: Any = 0) -> Test:
        """A test of how many cases have an index to this one, and fulfil a condition."""
        if op not in COMPARISONS:
            raise BadQuery(f"Unsupported operator for use with 'subcase-count': {op}")
        try:
            number = int(number)
        except (ValueError, TypeError):
            raise BadQuery("'subcase-count' must be compared to a positive integer") from None
        if not 1 <= len(node.args) <= 2:
            raise BadQuery(f"'{node.name}' expects one or two arguments")
        index, *condition = node.args
        if not isinstance(index, str):
            raise BadQuery(f"'{node.name}' error. Index identifier must be a string")
        inner = self.build(condition[0]) if condition else lambda doc: True
        fits = counting(op, number)
        return lambda doc: fits(sum(1 for case in self.below(doc, index) if inner(case)))

    def subcase_exists(self, node: Function) -> Test:
        if node.name != "subcase-exists":
            raise BadQuery("XPath incorrectly formatted. Expected 'subcase-exists'")
        return self.subcases(node)

    # --- functions ------------------------------------------------------------------------------------------

    def negation(self, node: Function) -> Test:
        check_count(node, 1)
        inner = self.build(node.args[0])
        return lambda doc: not inner(doc)

    def selected(self, node: Function) -> Test:
        check_count(node, 2)
        name, wanted = property_name(node), searched(node.args[1])
        quantifier = all if node.name == "selected-all" else any
        if wanted == "":
            return lambda doc: read(doc, name) == ""
        terms = words(wanted)
        return lambda doc: bool(terms) and quantifier(term in words(read(doc, name)) for term in terms)

    def starts_with(self, node: Function) -> Test:
        _, wanted = node.args  # HQ fails on any other number of them
        name, prefix = property_name(node), searched(wanted)
        return lambda doc: read(doc, name).startswith(prefix)

    def fuzzy_match(self, node: Function) -> Test:
        check_count(node, 2)
        name, wanted = property_name(node), searched(value_of(self.world, node.args[1]))
        if wanted == "":
            return lambda doc: read(doc, name) == ""
        terms, whole = set(words(wanted)), wanted.lower()  # one of its words, or all of it nearly one word
        return lambda doc: any(word in terms or nearly(word, whole) for word in words(read(doc, name)))

    def everything(self, node: Function) -> Test:
        if node.args:
            raise BadQuery(f"'{node.name}()' does not take any arguments")
        return lambda doc: node.name == "match-all"


QUERIES: dict[str, Callable[[Query, Function], Test]] = {
    "not": Query.negation,
    "subcase-exists": Query.subcase_exists,
    "subcase-count": Query.subcase_exists,
    "selected": Query.selected,
    "selected-any": Query.selected,
    "selected-all": Query.selected,
    "fuzzy-match": Query.fuzzy_match,
    "starts-with": Query.starts_with,
    "ancestor-exists": Query.ancestor_exists,
    "match-all": Query.everything,
    "match-none": Query.everything,
}


def is_of_ancestor(node: Binary) -> bool:
    """Whether a path stands on the left: `parent/name = 'x'`, but also `parent/name and y = 'x'`."""
    return isinstance(node.left, Binary) and node.left.op == "/" and node.op != "/"


def is_count(node: Binary) -> bool:
    return isinstance(node.left, Function) and node.left.name == "subcase-count"


def read(doc: Doc, name: str) -> str:
    """The value of a property or system field; "" if it is not set."""
    return METADATA[name](doc) or "" if name in METADATA else str(doc["properties"].get(name, ""))


def property_name(node: Function) -> str:
    name = node.args[0]
    if not isinstance(name, Step | str):
        raise BadQuery(f"The first argument to '{node.name}' must be a valid case property name")
    return name if isinstance(name, str) else serialize(name)


def searched(value: Any) -> str:
    """What a function searches for, as it stands in the query. Raises HQ's 500."""
    if not isinstance(value, str | int | float):
        raise view_failed("the search index is asked for a piece of the query")
    return str(value)


def check_ancestors(node: Any) -> None:
    """Conditions on other cases may not be nested so."""
    if isinstance(node, Function) and node.name in ("subcase-exists", "subcase-count"):
        raise BadQuery(f"{node.name} is not supported with ancestor-exists")
    if isinstance(node, Binary) and node.op in ("and", "or"):
        check_ancestors(node.left)
        check_ancestors(node.right)


def counting(op: str, number: int) -> Callable[[int], bool]:
    """A test of a number of cases. HQ counts in the cases that it finds, and so never counts none."""
    if op in ("<", ">="):
        number -= 1
    if op in ("=", "!="):
        wanted = number or 1
        return lambda count: ((count == wanted) if number else count > 0) is ((op == "=") == bool(number))
    return lambda count: (count > max(number, 0)) is (op in (">", ">="))


def bound_of(value: Any) -> float | str:
    """The right side of `<` and the like: a number, or a day or moment. Raises BadQuery."""
    try:
        return float(value)
    except (ValueError, TypeError):
        pass
    if not isinstance(value, str):
        raise BadQuery("The right hand side of a comparison must be a number or date. Dates must be surrounded in "
                       "quotation marks")
    for parse, kind in ((parse_day, "date"), (parse_moment, "datetime")):
        try:
            found = parse(value)
        except ValueError:
            raise BadQuery(f"{value} is an invalid {kind}.") from None
        if found is not None:
            return found.isoformat() if kind == "date" else dates.text(found)  # type: ignore[arg-type]
    raise BadQuery(f"{value} is not a correctly formatted date or datetime.")


def ordered(held: str, op: str, bound: float | str) -> bool:
    """A comparison by order: of numbers, or of dates; other values never match."""
    a: Any = held
    if isinstance(bound, float):
        try:
            a = float(held)
        except ValueError:
            return False
    else:
        try:
            moment = parse_moment(held)
        except ValueError:
            return False
        if moment is None:
            return False
        a = dates.text(moment)[: len(bound)]  # a bound without a time is the whole day
    b: Any = bound
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def nearly(held: str, wanted: str) -> bool:
    """Whether two texts are within an edit distance of 0 (up to 2 letters), 1 (up to 5) or 2, and agree in their first
    two letters (Elasticsearch's fuzziness AUTO with HQ's prefix length)."""
    allowed = 0 if len(wanted) < 3 else 1 if len(wanted) < 6 else 2
    if abs(len(held) - len(wanted)) > allowed or held[:2] != wanted[:2]:
        return False
    row, far = {m: m for m in range(allowed + 1)}, allowed + 1  # only what lies near the diagonal
    for n, letter in enumerate(held, start=1):
        above, row = row, {}
        for m in range(max(n - allowed, 0), min(n + allowed, len(wanted)) + 1):
            row[m] = n if m == 0 else min(above.get(m, far) + 1, row.get(m - 1, far) + 1,
                                          above.get(m - 1, far) + (letter != wanted[m - 1]))
    return row.get(len(wanted), far) <= allowed
