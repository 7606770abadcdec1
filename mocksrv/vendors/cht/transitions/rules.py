"""The language of validation rules, such as `lenMin(5) && (numeric || !other('x'))`: from text to conditions.

There is no precedence: conditions count from left to right. A ternary takes all before it in its brackets as its
condition. CHT 4.15 source, shared-libs/validation/src (lexer, parser).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

from mocksrv.vendors.cht.node import javascript

MOST, DEEPEST = 10_000, 50  # characters of a rule, and levels of brackets
SIGNS = {",": ",", ":": ":", "?": "?", "&&": "&&", "||": "||", "!": "!", "(": "(", ")": ")"}
SPACE = re.compile(r"\s")
AFTER_CONDITION = {"&&", "||", ")", "?", ":"}
AT_CONDITION = {"name", "!", "("}


class BadRule(Exception):
    """What is no rule; the members are those that the server shows."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.shown: dict[str, Any] = {"message": message} | ({} if at is None else {"pos": at})


class Token(NamedTuple):
    kind: str  # "text", "number", "name" or a sign
    value: str = ""


class Call(NamedTuple):
    """A function of the value: its name, and what stands in its brackets."""

    name: str
    given: list[str | float]


class Choice(NamedTuple):
    """`condition ? then : otherwise`."""

    condition: Block
    then: Block
    otherwise: Block | None


# Conditions, and between them `&&`, `||` and `!`; a block in brackets is a condition, too.
Block = list[Any]


def tokens(rule: str) -> list[Token]:
    """The words, numbers, texts and signs of a rule; a backslash takes any sign into a word."""
    found: list[Token] = []
    word, quote, at = "", "", 0

    def flush() -> None:
        nonlocal word
        if word:
            kind = "text" if quote else "number" if javascript.DECIMAL.fullmatch(word) else "name"
            found.append(Token(kind, word))
        word = ""

    while at < len(rule):
        char, pair = rule[at], rule[at:at + 2]
        at += 1
        if quote:
            if char == quote:
                flush()
                quote = ""
            else:
                word += char
        elif char == "\\":
            word, at = word + rule[at:at + 1], at + 1
        elif char in "\"'":
            flush()
            quote = char
        elif pair in ("&&", "||") or char in SIGNS:
            flush()
            found.append(Token(pair if pair in ("&&", "||") else char))
            at += pair in ("&&", "||")
        elif not SPACE.match(char):
            word += char
    flush()
    return found


class Parser:
    """Reads the tokens of a rule."""

    def __init__(self, rule: str) -> None:
        self.tokens, self.at = tokens(rule), 0

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def unexpected(self) -> NoReturn:
        names = {"name": "identifier", "text": "string", "number": "number", "&&": "logical AND", "||": "logical OR",
                 "!": "logical NOT", "(": "opening bracket", ")": "closing bracket",
                 ",": "function argument separator"}
        kind = self.tokens[self.at].kind
        if kind in "?:":
            raise BadRule(f"Unexpected ternary '{'then' if kind == '?' else 'else'}'")
        raise BadRule(f"Unexpected {names['text' if kind == 'number' else kind]}", self.at)

    def rule(self) -> Block:
        found = self.block(0)
        if self.peek() is not None:
            self.unexpected()
        return found

    def block(self, depth: int) -> Block:
        """All conditions up to the end, or to a bracket or colon that ends them."""
        if depth > DEEPEST:
            raise BadRule("the rule is nested too deeply")
        found: Block = []
        expected = AT_CONDITION
        while (token := self.peek()) is not None and token.kind in expected:
            if token.kind in ")" + ":":
                break
            self.at += 1
            if token.kind == "name":
                found.append(Call(token.value, self.given()))
                expected = AFTER_CONDITION
            elif token.kind == "(":
                found.append(self.block(depth + 1))
                self.close()
                expected = AFTER_CONDITION
            elif token.kind == "?":
                found = [self.choice(found, depth + 1)]
            else:
                found.append(token.kind)
                expected = AT_CONDITION - {"!"} if token.kind == "!" else AT_CONDITION
        return found

    def choice(self, condition: Block, depth: int) -> Choice:
        then = self.block(depth)
        if (token := self.peek()) is None or token.kind != ":":
            return Choice(condition, then, None)
        self.at += 1
        return Choice(condition, then, self.block(depth))

    def close(self) -> None:
        token = self.peek()
        if token is None:
            raise BadRule("All blocks weren't closed.")
        if token.kind != ")":
            self.unexpected()
        self.at += 1

    def given(self) -> list[str | float]:
        """The texts and numbers in the brackets behind a function's name, if there are any."""
        found: list[str | float] = []
        if (token := self.peek()) is None or token.kind != "(":
            return found
        self.at += 1
        expected = {"text", "number", ")"}
        while (token := self.peek()) is not None:
            if token.kind not in expected:
                self.unexpected()
            self.at += 1
            if token.kind == ")":
                break
            if token.kind == ",":
                expected = {"text", "number", ")"}
            else:
                found.append(token.value if token.kind == "text" else javascript.number(token.value))
                expected = {",", ")"}
        return found


def parsed(rule: str) -> Block:
    """The conditions of a rule. Raises BadRule."""
    if len(rule) > MOST:
        raise BadRule("the rule is too long")
    return Parser(rule).rule()
