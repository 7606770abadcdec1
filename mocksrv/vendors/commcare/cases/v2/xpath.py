"""XPath as the library eulxml reads it, which HQ's case search language is written in: texts become trees.

Parentheses leave no trace in a tree. A name that an operator cannot follow is a name: `and = 'x'` compares a property.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

START = (r"A-Z_a-z\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
         r"\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff")
TOKEN = re.compile(
    r"""(?P<LITERAL>"[^"]*"|'[^']*')|(?P<FLOAT>\d+\.\d*|\.\d+)|(?P<INTEGER>\d+)"""
    rf"|(?P<NCNAME>[{START}][{START}\-.0-9\xb7\u0300-\u036f\u203f-\u2040]*)"
    r"|(?P<REL_OP>[<>]=?)|(?P<EQUAL_OP>!?=)|(?P<ABBREV_STEP_PARENT>\.\.)|(?P<ABBREV_STEP_SELF>\.)"
    r"|(?P<ABBREV_PATH_SEP>//)|(?P<PATH_SEP>/)|(?P<AXIS_SEP>::)|(?P<COLON>:)|(?P<ABBREV_AXIS_AT>@)"
    r"|(?P<OPEN_PAREN>\()|(?P<CLOSE_PAREN>\))|(?P<OPEN_BRACKET>\[)|(?P<CLOSE_BRACKET>\])|(?P<UNION_OP>\|)"
    r"|(?P<PLUS_OP>\+)|(?P<MINUS_OP>-)|(?P<COMMA>,)|(?P<DOLLAR>\$)|(?P<STAR_OP>\*)"
)
BLANKS = " \t\r\n"
WORDS = {"or": "OR_OP", "and": "AND_OP", "div": "DIV_OP", "mod": "MOD_OP"}
NODE_TYPES = ("comment", "text", "processing-instruction", "node")
# Operators by how tightly they bind; all go from left to right.
LEVELS = {"OR_OP": 1, "AND_OP": 2, "EQUAL_OP": 3, "REL_OP": 4, "PLUS_OP": 5, "MINUS_OP": 5, "MULT_OP": 6, "DIV_OP": 6,
          "MOD_OP": 6, "UNION_OP": 8}
NEGATION = 7
PATHS = ("PATH_SEP", "ABBREV_PATH_SEP")
# What a name, not an operator, comes after. The library forgets the comma here, so that no function can follow one.
BEFORE_NAMES = {"ABBREV_AXIS_AT", "AXIS_SEP", "OPEN_PAREN", "OPEN_BRACKET", "COLON", *PATHS, *LEVELS}


class Malformed(Exception):
    """The text is no XPath; the library's own words name the part that it cannot read."""


class Token(NamedTuple):
    kind: str
    value: Any
    place: int


@dataclass(frozen=True)
class Step:
    """A name, with all that belongs to it: `name`, `@status`, `a:b[1]`."""

    text: str


@dataclass(frozen=True)
class Function:
    prefix: str
    name: str
    args: list[Any]


@dataclass(frozen=True)
class Negated:
    right: Any
    op: str = "-"


@dataclass(frozen=True)
class Binary:
    left: Any
    op: str
    right: Any


@dataclass(frozen=True)
class Rooted:
    """A path from the root on."""

    op: str
    relative: Any = None


@dataclass(frozen=True)
class Other:
    """What HQ knows no use for: `.`, a variable, something with predicates."""

    text: str


def serialize(node: Any) -> str:
    """The node as XPath, as the library writes it."""
    if isinstance(node, Step | Other):
        return node.text
    if isinstance(node, Function):
        return f"{node.prefix}{node.name}({','.join(map(serialize, node.args))})"
    if isinstance(node, Negated):
        return node.op + serialize(node.right)
    if isinstance(node, Rooted):
        return node.op + serialize(node.relative)
    if isinstance(node, Binary):
        op = f" {node.op} " if node.op in WORDS else node.op
        return serialize(node.left) + op + serialize(node.right)
    return repr(node)


def parse(text: str) -> Any:
    """The tree of a text; texts and numbers are Python's own. Raises Malformed."""
    parser = Parser(text)
    tree = parser.expression()
    if parser.token is not None:
        parser.fail()
    return tree


READ: dict[str, Callable[[str], Any]] = {"LITERAL": lambda value: value[1:-1], "FLOAT": float, "INTEGER": int}


def tokens(text: str, place: int = 0) -> Iterator[Token]:
    while True:
        while place < len(text) and text[place] in BLANKS:
            place += 1
        if place == len(text):
            return
        found = TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise Malformed(f"Unknown text '{text[place:]}'")
        kind, value = found.lastgroup, found[0]
        yield Token(kind, READ[kind](value) if kind in READ else value, place)
        place = found.end()


class Parser:
    """Recursive descent; the next token is read when it is looked at, so that the first mistake is the one told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.source = tokens(text)
        self.token: Token | None = None
        self.seen = 0  # how far `behind` has looked
        self.next("")

    def next(self, last: str) -> None:
        """Go on to the next token; what a name is depends on those around it."""
        token = next(self.source, None)
        forced = not last or last in BEFORE_NAMES
        if token is not None and token.kind == "STAR_OP" and not forced:
            token = token._replace(kind="MULT_OP")
        elif token is not None and token.kind == "NCNAME" and not forced:
            token = token._replace(kind=WORDS.get(token.value, "NCNAME"))
        elif token is not None and token.kind == "NCNAME":
            behind = self.behind(token.place + len(token.value))
            if behind == "OPEN_PAREN":
                token = token._replace(kind="NODETYPE" if token.value in NODE_TYPES else "FUNCNAME")
            elif behind == "AXIS_SEP":
                token = token._replace(kind="AXISNAME")
        self.token = token

    def behind(self, place: int) -> str:
        """The kind of the token at a place. The library looks past all names that follow, and at what is behind them,
        which may be the first mistake; what has been looked at is not looked at again.
        """
        first = ""
        for token in tokens(self.text, place):
            first = first or token.kind
            if token.kind != "NCNAME" or token.place < self.seen:
                break
            self.seen = token.place + 1
        return first

    @property
    def kind(self) -> str:
        return self.token.kind if self.token else ""

    def take(self, *kinds: str) -> Any:
        token = self.token
        if token is None or token.kind not in kinds:
            self.fail()
        self.next(token.kind)
        return token.value

    def fail(self) -> NoReturn:
        shown = self.token and f"LexToken({self.token.kind},{self.token.value!r},1,{self.token.place})"
        raise Malformed(f"Syntax error at '{shown}'")

    def expression(self, level: int = 1) -> Any:
        tree: Any = self.negated() if self.kind == "MINUS_OP" else self.path()
        while LEVELS.get(self.kind, 0) >= level:
            binds = LEVELS[self.kind]
            op = self.take(self.kind)
            tree = Binary(tree, op, self.expression(binds + 1))
        return tree

    def negated(self) -> Negated:
        self.take("MINUS_OP")
        return Negated(self.expression(NEGATION))

    def path(self) -> Any:
        if self.kind == "PATH_SEP":
            op = self.take("PATH_SEP")
            return Rooted(op, self.relative()) if self.kind in STEPS else Rooted(op)
        if self.kind == "ABBREV_PATH_SEP":
            return Rooted(self.take("ABBREV_PATH_SEP"), self.relative())
        if self.kind in STEPS:
            start = self.step(first=True)
            if isinstance(start, Step | Other):
                return self.relative(start)
        else:
            start = self.filtered()
        if predicates := self.predicates():
            start = Other(f"({serialize(start)}){predicates}")
        return Binary(start, self.take(*PATHS), self.relative()) if self.kind in PATHS else start

    def filtered(self) -> Any:
        """A value, a function, or something in parentheses."""
        if self.kind == "OPEN_PAREN":
            self.take("OPEN_PAREN")
            tree = self.expression()
            self.take("CLOSE_PAREN")
            return tree
        if self.kind == "DOLLAR":
            self.take("DOLLAR")
            name = self.take("NCNAME")
            return Other(f"${name}{self.take('COLON')}{self.take('NCNAME')}" if self.kind == "COLON" else f"${name}")
        if self.kind == "FUNCNAME":
            return self.function("")
        return self.take("LITERAL", "FLOAT", "INTEGER")

    def function(self, prefix: str) -> Function:
        name = self.take("FUNCNAME")
        self.take("OPEN_PAREN")
        args = []
        if self.kind != "CLOSE_PAREN":
            args.append(self.expression())
            while self.kind == "COMMA":
                self.take("COMMA")
                args.append(self.expression())
        self.take("CLOSE_PAREN")
        return Function(prefix, name, args)

    def relative(self, tree: Any = None) -> Any:
        tree = tree or self.step()
        while self.kind in PATHS:
            op = self.take(*PATHS)
            tree = Binary(tree, op, self.step())
        return tree

    def step(self, first: bool = False) -> Any:
        """A step; of the first one a prefix may turn out to be a function's."""
        if self.kind in ("ABBREV_STEP_SELF", "ABBREV_STEP_PARENT"):
            return Other(self.take(self.kind))
        text = ""
        if self.kind == "ABBREV_AXIS_AT":
            text = self.take("ABBREV_AXIS_AT")
        elif self.kind == "AXISNAME":
            text = self.take("AXISNAME") + self.take("AXIS_SEP")
        if self.kind == "NODETYPE":
            text += self.take("NODETYPE") + self.take("OPEN_PAREN")
            text += (self.take("LITERAL") if self.kind == "LITERAL" else "") + self.take("CLOSE_PAREN")
        else:
            name = self.take("NCNAME", "STAR_OP")
            if self.kind == "COLON" and name != "*":
                prefix = name + self.take("COLON")
                if self.kind == "FUNCNAME" and first and not text:
                    return self.function(prefix)
                name = prefix + self.take("NCNAME", "STAR_OP")
            text += name
        return Step(text + self.predicates())

    def predicates(self) -> str:
        text = ""
        while self.kind == "OPEN_BRACKET":
            text += self.take("OPEN_BRACKET") + serialize(self.expression()) + self.take("CLOSE_BRACKET")
        return text


STEPS = ("ABBREV_STEP_SELF", "ABBREV_STEP_PARENT", "ABBREV_AXIS_AT", "AXISNAME", "NODETYPE", "NCNAME", "STAR_OP")
