"""The `query` parameter of case API v2: HQ's case search language, an XPath dialect, as a test of cases.

Simulated are comparisons, `and`, `or`, `not()`, paths such as `parent/name`, and the functions in FUNCTIONS
(commcare-hq corehq/apps/case_search/filter_dsl.py and xpath_functions); any other function is a bad query here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import view_error

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]

TOKEN = re.compile(r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark><=|>=|!=|[=<>(),])"""
                   r"""|(?P<name>@?[^\W\d][\w.\-]*(?:/@?[^\W\d][\w.\-]*)*))""")
# Names of system fields: those that a case has besides its properties.
METADATA: dict[str, Callable[[Doc], Any]] = {
    "@case_id": lambda doc: doc["case_id"],
    "@case_type": lambda doc: doc["case_type"],
    "@owner_id": lambda doc: doc["owner_id"],
    "@status": lambda doc: "closed" if doc["closed"] else "open",
    "name": lambda doc: doc["case_name"],
    "case_name": lambda doc: doc["case_name"],
    "external_id": lambda doc: doc["external_id"],
    "date_opened": lambda doc: doc["date_opened"],
    "closed_on": lambda doc: doc["date_closed"],
    "last_modified": lambda doc: doc["date_modified"],
}


# Functions of HQ that are not simulated.
MISSING = ("fuzzy-date", "phonetic-match", "within-distance", "unwrap-list", "datetime", "datetime-add", "double")


class BadQuery(Exception):
    """The query cannot be read."""

    def __init__(self, text: str, diagnosis: str | None = None) -> None:
        super().__init__(text)
        self.diagnosis = diagnosis


class Name(NamedTuple):
    """A property, of the case itself or of one up its indices."""

    path: tuple[str, ...]


def case_query(world: World, domain: str, text: str) -> Test:
    """A query as a test. Raises a 400."""
    try:
        parser = Parser(world, domain, text)
        test = parser.either()
        if parser.here < len(parser.tokens):
            raise BadQuery("Malformed search query")
        return test
    except BadQuery as error:
        raise view_error(400, f"Bad query: {error}", error.diagnosis) from None
    except RecursionError:
        raise view_error(400, "Bad query: Malformed search query", "the query is nested too deeply") from None


class Parser:
    """Recursive descent over the tokens of a query."""

    def __init__(self, world: World, domain: str, text: str) -> None:
        self.table = world.table("commcare.cases")
        self.domain = domain
        self.today = date.fromisoformat(dates.now(world)[:10])
        self.tokens: list[tuple[str, str]] = []
        self.here = 0
        end = 0
        while text[end:].strip():
            found = TOKEN.match(text, end)
            if found is None or found.lastgroup is None:
                raise BadQuery("Malformed search query")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            end = found.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.here] if self.here < len(self.tokens) else ("end", "")

    def take(self, *values: str) -> str:
        kind, value = self.peek()
        if kind == "end" or (values and value not in values):
            raise BadQuery("Malformed search query")
        self.here += 1
        return value

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek() == ("name", "or"):
            self.here += 1
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda doc: any(test(doc) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.peek() == ("name", "and"):
            self.here += 1
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda doc: all(test(doc) for test in tests)

    def single(self) -> Test:
        """A comparison, a function that is a test, or something in parentheses."""
        if self.peek()[1] == "(" and self.peek()[0] == "mark":
            self.here += 1
            test = self.either()
            self.take(")")
            return test
        if self.calls() and self.peek()[1] in FUNCTIONS:
            name = self.take()
            self.take("(")
            made = FUNCTIONS[name](self)
            self.take(")")
            return made
        left = self.subcase_count() if self.peek()[1] == "subcase-count" and self.calls() else self.value()
        mark = self.take("=", "!=", "<", "<=", ">", ">=")
        right = self.value()
        if not isinstance(left, Name) and not callable(left):
            raise BadQuery("The left hand side of a comparison must be a property")
        if isinstance(right, Name):
            raise BadQuery(f"You cannot reference a property on the right hand side of {mark!r}")
        return lambda doc: compare(left(doc) if callable(left) else self.read(doc, left.path), mark, right)

    def calls(self) -> bool:
        return self.peek()[0] == "name" and self.tokens[self.here + 1 : self.here + 2] == [("mark", "(")]

    def value(self) -> Any:
        """A text, a number, a date or the name of a property."""
        kind, token = self.peek()
        if kind == "text":
            return self.take()[1:-1]
        if kind == "number":
            return self.take()
        if kind != "name":
            raise BadQuery("Malformed search query")
        if not self.calls():
            return Name(tuple(self.take().split("/")))
        return self.date_function(token)

    def date_function(self, name: str) -> str:
        if name not in ("today", "now", "date", "date-add"):
            raise BadQuery(f"'{name}' is not a valid standalone function",
                           f"CommCare HQ has {name}(), but mocksrv does not simulate it" if name in MISSING else None)
        self.take()
        self.take("(")
        day = self.today
        if name in ("date", "date-add"):
            try:
                day = date.fromisoformat(str(self.value())[:10])
            except ValueError:
                raise BadQuery("Invalid date value") from None
        if name == "date-add":
            self.take(",")
            unit = str(self.value())
            self.take(",")
            number = str(self.value())
            if unit not in ("days", "weeks") or not re.fullmatch(r"-?\d{1,6}", number):
                raise BadQuery(f"{unit} is not a valid interval name")
            day += timedelta(**{unit: int(number)})
        self.take(")")
        return day.isoformat()

    # --- reading cases --------------------------------------------------------------------------------------

    def read(self, doc: Doc, path: tuple[str, ...]) -> str:
        """The value of a property, following the indices of a path; "" if it is not set."""
        for index in path[:-1]:
            above = self.above(doc, index)
            if above is None:
                return ""
            doc = above
        if path[-1] in METADATA:
            return METADATA[path[-1]](doc) or ""
        return str(doc["properties"].get(path[-1], ""))

    def above(self, doc: Doc, index: str) -> Doc | None:
        found = doc["indices"].get(index)
        return self.table.peek(found["case_id"]) if found else None

    def below(self, doc: Doc, index: str) -> list[Doc]:
        ids = self.table.by("by_parent", (self.domain, doc["case_id"]))
        cases = [self.table.peek(id) for id in ids]
        return [case for case in cases if case and (case["indices"].get(index) or {}).get("case_id") == doc["case_id"]]

    # --- functions ------------------------------------------------------------------------------------------

    def property_and_text(self) -> tuple[tuple[str, ...], str]:
        name = self.value()
        self.take(",")
        text = self.value()
        if not isinstance(name, Name) or not isinstance(text, str):
            raise BadQuery("The first argument must be a property, the second a text")
        return name.path, text

    def selected(self, quantifier: Callable[[Any], bool]) -> Test:
        path, text = self.property_and_text()
        wanted = text.split()
        return lambda doc: quantifier(word in self.read(doc, path).split() for word in wanted)

    def starts_with(self) -> Test:
        path, text = self.property_and_text()
        return lambda doc: self.read(doc, path).startswith(text)

    def fuzzy_match(self) -> Test:
        path, text = self.property_and_text()
        return lambda doc: nearly(self.read(doc, path).lower(), text.lower())

    def negation(self) -> Test:
        inner = self.either()
        return lambda doc: not inner(doc)

    def ancestor_exists(self) -> Test:
        path = self.value()
        if not isinstance(path, Name):
            raise BadQuery("ancestor-exists needs a path of indices")
        self.take(",")
        inner = self.either()

        def test(doc: Doc) -> bool:
            found: Doc | None = doc
            for index in path.path:
                found = found and self.above(found, index)
            return found is not None and inner(found)

        return test

    def subcases(self) -> Callable[[Doc], list[Doc]]:
        index = self.value()
        if not isinstance(index, str):
            raise BadQuery("The first argument must be the name of an index, as a text")
        if self.peek()[1] != ",":
            return lambda doc: self.below(doc, index)
        self.take(",")
        inner = self.either()
        return lambda doc: [case for case in self.below(doc, index) if inner(case)]

    def subcase_exists(self) -> Test:
        found = self.subcases()
        return lambda doc: bool(found(doc))

    def subcase_count(self) -> Callable[[Doc], str]:
        self.take()
        self.take("(")
        found = self.subcases()
        self.take(")")
        return lambda doc: str(len(found(doc)))


FUNCTIONS: dict[str, Callable[[Parser], Test]] = {
    "not": Parser.negation,
    "selected": lambda parser: parser.selected(any),
    "selected-any": lambda parser: parser.selected(any),
    "selected-all": lambda parser: parser.selected(all),
    "starts-with": Parser.starts_with,
    "fuzzy-match": Parser.fuzzy_match,
    "match-all": lambda parser: lambda doc: True,
    "match-none": lambda parser: lambda doc: False,
    "ancestor-exists": Parser.ancestor_exists,
    "subcase-exists": Parser.subcase_exists,
}


def nearly(held: str, wanted: str) -> bool:
    """Whether two texts are within an edit distance of 0 (up to 2 letters), 1 (up to 5) or 2, and agree in their first
    two letters (Elasticsearch's fuzziness AUTO with HQ's prefix length)."""
    allowed = 0 if len(wanted) < 3 else 1 if len(wanted) < 6 else 2
    if abs(len(held) - len(wanted)) > allowed or held[:2] != wanted[:2]:
        return False
    row = list(range(len(wanted) + 1))
    for n, letter in enumerate(held, start=1):
        above, row[0] = row[0], n
        for m, other in enumerate(wanted, start=1):
            above, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, above + (letter != other))
    return row[-1] <= allowed


def compare(held: str, mark: str, wanted: str) -> bool:
    """A comparison: equality compares texts; order compares numbers or dates, and other values never match."""
    if mark in ("=", "!="):
        return (held == wanted) is (mark == "=")
    try:
        a: Any = float(held)
        b: Any = float(wanted)
    except ValueError:
        a, b = held[: len(wanted)], wanted
        if not re.match(r"\d{4}-\d\d-\d\d", a) or not re.match(r"\d{4}-\d\d-\d\d", b):
            return False
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[mark])
