"""jinja2's sandbox with less in it: no statements, no methods, and nothing that grows faster than what it is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mocksrv.templates.members import COUNTING, LARGEST, LONGEST, Drawn, Members, native

FILTERS = ("abs", "capitalize", "default", "int", "float", "length", "lower", "round", "string", "title",
           "trim", "upper")
NODES = frozenset(("Template", "Output", "TemplateData", "Name", "Getattr", "Getitem", "Call", "Keyword", "Filter",
                   "Const", "Concat", "Add", "Sub", "Neg", "CondExpr", "Compare", "Operand", "And", "Or", "Not", "List",
                   "Tuple", "Mod"))
WORDS = {  # what people call what they may not do
    "For": "a template does not loop", "Mul": "a template does not multiply", "Pow": "a template does not multiply",
    **dict.fromkeys(("Macro", "CallBlock"), "a template has no macros"),
    **dict.fromkeys(("Include", "Import", "FromImport", "Extends"), "a template does not read files")}
CALLED = ("faker", "world")  # whose members can be called
MOST_NAMES = 50  # names and filters in one template: each name may stand for a long text, each filter makes another
DEEPEST = 60  # levels of an expression: jinja2 compiles in time that grows with their third power
DIGITS = 15  # that `round` takes
TRIMMED = 100  # characters that `trim` takes away: each of the text is looked for among them


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for one template: dots and brackets lead into data and to the members that are shown."""

    intercepted_binops = frozenset("+")

    def __init__(self, text: str, tick: Callable[[], None]) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, finalize=in_text, keep_trailing_newline=True,
                         newline_sequence="\r\n" if "\r\n" in text else "\n")
        known = self.filters | {"round": rounder(self.filters["round"]), "trim": trimmer(self.filters["trim"])}
        self.filters = {name: ticking(known[name], tick) for name in FILTERS}
        self._tick = tick  # raises ValueError when it has taken too long
        self.globals = {}
        self.tests = {}

    def expression(self, text: str) -> Callable[[Mapping[str, Any]], Any]:
        """What gives the value of an expression; raises UndefinedError where there is none."""
        compiled = self.compile_expression(text, undefined_to_none=False)

        def value(given: Mapping[str, Any]) -> Any:
            found = compiled(given)
            if isinstance(found, Undefined):
                str(found)  # raises, as it is strict
            return found

        return value

    def call(self, context: Any, obj: Any, *given: Any, **named: Any) -> Any:
        self._tick()
        for one in (*given, *named.values()):
            if isinstance(one, Undefined):
                str(one)  # raises, as it is strict
        return super().call(context, obj, *given, **named)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """A sum: with each `+` the text or list before it is copied."""
        self._tick()
        if sum(len(one) for one in (left, right) if isinstance(one, str | list | tuple)) > LARGEST:
            raise ValueError("what the templates make is too large")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if not isinstance(obj, Members):
            return self.getitem(obj, attribute)
        try:
            return obj.member(attribute)
        except AttributeError as error:
            return self.undefined(str(error))

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Members):
            return self.getattr(obj, str(argument))
        if isinstance(obj, Undefined):
            str(obj)  # raises, as it is strict
        try:
            if isinstance(obj, dict | list | str):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)


def ticking(plain: Any, tick: Callable[[], None]) -> Any:
    def ticked(*given: Any, **named: Any) -> Any:
        tick()
        return plain(*given, **named)

    return ticked


def trimmer(plain: Any) -> Any:
    """The filter `trim`: to look for each of a million characters among another million would take hours."""
    def trimmed(value: Any, chars: str | None = None) -> Any:
        if chars is not None and len(chars) > TRIMMED:
            raise ValueError(f"trim takes at most {TRIMMED} characters")
        return plain(value, chars)

    return trimmed


def rounder(plain: Any) -> Any:
    """The filter `round`: a power of ten with a million digits would take for ever."""
    def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
        if abs(precision) > DIGITS:
            raise ValueError(f"round takes at most {DIGITS} digits")
        return plain(value, precision, method)

    return rounded


def in_text(value: Any) -> str:
    """A value within a text: as JSON has it, texts without their quotes."""
    if isinstance(value, str | Undefined | Drawn):
        return str(value)
    return json.dumps(native(value)[0], ensure_ascii=False)


def check(tree: nodes.Template, names: Collection[str]) -> None:
    """Raise TemplateSyntaxError, with the line, for what a template may not hold."""
    free = {id(const) for call in tree.find_all(nodes.Call) if getattr(call.node, "attr", "") in COUNTING
            for const in call.find_all(nodes.Const)}
    for node in tree.find_all(nodes.Node):
        kind = type(node).__name__
        if kind not in NODES:
            raise TemplateSyntaxError(WORDS.get(kind, f"{kind} is not allowed in a template"), node.lineno)
    for count, used in enumerate(tree.find_all((nodes.Name, nodes.Filter)), 1):
        if count > MOST_NAMES:
            raise TemplateSyntaxError(f"a template has at most {MOST_NAMES} names and filters", used.lineno)
    check_depth(tree)
    for name in tree.find_all(nodes.Name):
        if name.name not in names:
            raise TemplateSyntaxError(f"there is no {name.name!r}: use {', '.join(sorted(names))}", name.lineno)
    for node in tree.find_all(nodes.Node):
        if text := wrong(node, names, node_is_free=id(node) in free):
            raise TemplateSyntaxError(text, node.lineno)


def count_nodes(tree: nodes.Template) -> int:
    """How many nodes a template has."""
    return sum(1 for _ in tree.find_all(nodes.Node))


def check_depth(tree: nodes.Node) -> None:
    """Raise TemplateSyntaxError for what has too many levels."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [inner for node in level for inner in node.iter_child_nodes()]
    if level:
        raise TemplateSyntaxError("it is nested too deeply", level[0].lineno)


def wrong(node: nodes.Node, names: Collection[str], *, node_is_free: bool) -> str:
    """What is wrong with a node of a template; "" if nothing is."""
    having_members = sorted(set(names) - {"n"})
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        if root(node) not in having_members:
            return f"members are those of {', '.join(having_members)} in a template"
        if root(node) == "faker" and not isinstance(node.node, nodes.Name):
            return "what faker draws has no members"
    if isinstance(node, nodes.Call):
        owner = getattr(node.node, "node", None)
        if not isinstance(node.node, nodes.Getattr) or getattr(owner, "name", "") not in CALLED:
            return f"only members of {' and '.join(one for one in CALLED if one in names)} can be called in a template"
    if isinstance(node, nodes.Mod) and (getattr(node.left, "name", "") != "n"
                                        or not isinstance(node.right, nodes.Const) or not node.right.value):
        return "only n has a remainder in a template, such as n % 5"
    if isinstance(node, nodes.Const) and isinstance(node.value, int | float) and abs(node.value) > LONGEST and (
            not node_is_free):
        return f"a number in a template is at most {LONGEST}"
    return ""


def root(node: nodes.Node) -> str:
    """The name that a chain of dots, brackets and calls begins with; "" if it begins with something else."""
    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""
