"""Paths into what was sent: JSONPath (RFC 9535) and XPath, as far as they are found in time linear in what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jsonpath import JSONPathEnvironment

LONGEST = 200  # characters of a path
PLAIN = re.compile(r"[A-Za-z_]\w*")


class BadPath(ValueError):
    """What is no path, or one that might take long; the text says why."""


Names = tuple[str | int, ...]  # members and numbers that lead to a place


class Place(NamedTuple):
    """Where something was found, and what is shown of it."""

    names: Names  # they tell whether it is a secret
    shown: Any


class Found(NamedTuple):
    """Something that a path leads to; its place is worked out for those that are shown."""

    value: Any
    place: Callable[[], Place]


# --- JSON ---


@cache
def environment() -> JSONPathEnvironment:
    from jsonpath import JSONPathEnvironment

    made = JSONPathEnvironment(strict=True)
    for name in set(made.function_extensions) - {"length", "count", "value"}:
        del made.function_extensions[name]  # match and search have no limit of time; {"matches": ...} has
    return made


def json_path(path: str) -> Callable[[Any], Iterator[Found]]:
    """What finds that path in JSON. Raises BadPath now, RecursionError for JSON that is nested too deeply."""
    from jsonpath import JSONPathError

    check_length(path)
    try:
        kinds = [token.kind for token in environment().lexer.tokenize(path)]
        made = environment().compile(path)
    except (JSONPathError, RecursionError) as error:
        raise BadPath(f"{path!r} is no JSONPath ({str(error).partition(chr(10))[0]})") from None
    # What comes from several places at once is looked at anew for each: with two of these, time would multiply.
    if kinds.count("TOKEN_DDOT") > 1 or kinds.count("TOKEN_ROOT") > 1 or "TOKEN_COMMA" in kinds:
        raise BadPath(f"{path!r}: a path may have one .. and one $, and no commas; use several paths")

    def find(data: Any) -> Iterator[Found]:
        for match in made.finditer(data) if isinstance(data, dict | list) else ():
            yield Found(match.obj, partial(Place, match.parts, match.obj))

    return find


def path_of(names: Names) -> str:
    """`$.docs[0].name`"""
    return "$" + "".join(f".{name}" if isinstance(name, str) and PLAIN.fullmatch(name) else f"[{json.dumps(name)}]"
                         for name in names)


# --- XML ---

NAME = r"[^\W\d][\w.-]*"
STEP = re.compile(rf"/(?P<attribute>@?)(?P<name>{NAME}|\*)(?P<conditions>(?:\[@?{NAME}=(?:'[^']*'|\"[^\"]*\")\])*)")
CONDITION = re.compile(rf"\[(@?)({NAME})=('[^']*'|\"[^\"]*\")\]")


def xml_path(path: str) -> Callable[[Any], Iterator[Found]]:
    """What finds that path in XML, whatever the namespaces. Raises BadPath.

    `/data/name`, `//case/@case_id`, `//case[@case_id='x']/update/*`: names, `*`, attributes, and conditions of an
    equal attribute or child; `//` at the beginning only, since a later one would take time that multiplies.
    """
    from lxml import etree

    check_length(path)
    start = 1 if path.startswith("//") else 0
    steps, end, attribute = ["/" * start], start, ""
    while (step := STEP.match(path, end)) and not attribute:
        attribute, end = step["attribute"], step.end()
        conditions = (f"[{named(*found[:2])}={found[2]}]" for found in CONDITION.findall(step["conditions"]))
        steps += "/", named(attribute, step["name"]), *conditions
    if end < len(path) or not path:
        raise BadPath(f"{path!r}: use paths such as /data/name, //case/@case_id or //case[@case_id='x']/update/*, "
                      "whose names have no namespaces")
    try:
        wanted, text = etree.XPath("".join(steps)), etree.XPath("string()")
    except ValueError:  # signs that XML cannot have
        raise BadPath(f"{path!r} has signs that are in no XML") from None

    def find(tree: Any) -> Iterator[Found]:
        for one in wanted(tree):
            yield Found(str(one if isinstance(one, str) else text(one)), partial(place, one))

    return find


def named(attribute: str, name: str) -> str:
    return f"{attribute}*" + ("" if name == "*" else f"[local-name()='{name}']")


def place(one: Any) -> Place:
    """An element or an attribute, with the names that lead to it."""
    from lxml import etree

    is_text = isinstance(one, str)
    element = one.getparent() if is_text else one
    names = [etree.QName(each).localname for each in (*reversed(list(element.iterancestors())), element)]
    if is_text:
        return Place((*names, etree.QName(one.attrname).localname), str(one))
    return Place(tuple(names), etree.tostring(one, encoding="unicode", with_tail=False) if len(one) else one.text or "")


def check_length(path: str) -> None:
    if len(path) > LONGEST:
        raise BadPath(f"a path may have {LONGEST} characters")
