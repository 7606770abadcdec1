"""Regular expressions as attackers see them: where the code has them, and what text makes one of them slow.

A text that is long in one place, and does not fit in the end, makes an expression try all ways to read that place. If
it has more than one, because repetitions stand within each other or beside each other over the same letters, the time
grows with the square of the length, or doubles with each letter.
"""

import ast
import importlib
import pkgutil
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from re import _constants as of
from re import _parser

import mocksrv

LENGTHS = (10, 15, 20, 25, 80, 250, 600, 1_500, 4_000)  # in this order: what doubles is found before it takes for ever
LIMIT = 0.02  # seconds of CPU time; what is linear reads 4,000 letters in less than a thousandth
ENDS = ("", "\0")
READS = ("match", "fullmatch")  # begin at one place; all others try each
CALLS = ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")


@dataclass
class Found:
    """An expression of the code, and how it is used."""

    place: str
    pattern: str | bytes | None  # None: made when the program runs
    flags: int = 0
    methods: set[str] = field(default_factory=set)


def modules():
    """All of mocksrv but its tests."""
    for module in pkgutil.walk_packages(mocksrv.__path__, "mocksrv."):
        if not module.name.startswith("mocksrv.tests") and not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


@cache
def expressions():
    """Every expression that is compiled or used anywhere in the code."""
    found = []
    trees = {module: [*ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))] for module in modules()}
    known = {module: uses(nodes) for module, nodes in trees.items()}
    anywhere = {name: set().union(*(used.get(name, ()) for used in known.values()))
                for used in known.values() for name in used}
    for module, nodes in trees.items():
        names, used = assigned(nodes), known[module]
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
                    and ast.unparse(node.func.value) in ("re", "regex")):
                continue
            one = Found(f"{module.__name__}:{node.lineno}", None, methods={node.func.attr} - {"compile"})
            name = names.get(id(node))
            one.methods = one.methods or used.get(name) or anywhere.get(name) or {"match", "search"}
            try:
                one.pattern, one.flags = evaluated(node, module)
            except NameError:  # of something in a function, or in a comprehension
                one.place = f"{module.__name__}:{enclosing(nodes, node)}"
            found.append(one)
        found += [Found(f"{module.__name__}:{name}", one.pattern, one.flags, {"match"})
                  for name, value in vars(module).items() for one in held(value)]
    return found


def assigned(nodes):
    """The name that each value is given, by the value's id."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = (zip(target.elts, value.elts, strict=False)
                     if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [(target, value)])
            found |= {id(one): name.id for name, one in pairs if isinstance(name, ast.Name)}
    return found


def uses(nodes):
    """What is done with each name of an expression. marshmallow's `Regexp` matches."""
    found = defaultdict(set)
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            found[ast.unparse(node.value).rpartition(".")[2]].add(node.attr)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Regexp"):
            found[ast.unparse(node.args[0])].add("match")
    return found


def held(value):
    """Expressions in a table of the module."""
    if isinstance(value, tuple | list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from [one] if isinstance(one, re.Pattern) else held(one)


def evaluated(call, module):
    """The pattern and the flags of a call, as far as the module's own names say them."""
    def value(node):
        return eval(compile(ast.Expression(node), module.__file__, "eval"), dict(vars(module)))

    pattern = value(call.args[0])
    place = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(call.func.attr, 2)
    flags = next((value(one.value) for one in call.keywords if one.arg == "flags"), None)
    if flags is None:
        flags = value(call.args[place]) if len(call.args) > place else 0
    return (pattern.pattern, pattern.flags) if isinstance(pattern, re.Pattern) else (pattern, int(flags))


def enclosing(nodes, node):
    """The name of the function around it."""
    return next((one.name for one in nodes if isinstance(one, ast.FunctionDef)
                 and one.lineno <= node.lineno <= one.end_lineno), "")


# --- what makes it slow ---


def slow_text(pattern, flags=0, methods=("match", "fullmatch", "search")):
    """A text that the expression takes too long to read, as how it is made; None if none is found."""
    compiled = re.compile(pattern, flags)
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    tree = _parser.parse(text, compiled.flags & ~re.UNICODE if isinstance(pattern, bytes) else flags)
    tried = {"match", "fullmatch"} & set(methods) | ({"search"} if set(methods) - set(READS) else set())
    for before, again in sorted(set(pumps(tree))):
        for end in ENDS:
            for method in tried:
                if length := too_slow(getattr(compiled, method), compiled, before, again, end):
                    return f"{method} of {before!r} + {again!r} * {length} + {end!r}"
    return None


def too_slow(read, compiled, before, again, end):
    for length in LENGTHS:
        text = before + again * (length // len(again) + 1) + end
        text = text.encode("latin-1", "replace") if isinstance(compiled.pattern, bytes) else text
        took = []
        for _ in range(3):  # another program may be at work
            began = time.thread_time()
            read(text)
            took.append(time.thread_time() - began)
            if took[-1] < LIMIT:
                break
        if min(took) >= LIMIT:
            return length
    return 0


def pumps(tree, before=""):
    """For each repetition what leads to it, and what it can repeat: a way through its inside, and single letters."""
    for operation, value in tree:
        if operation in (of.MAX_REPEAT, of.MIN_REPEAT, of.POSSESSIVE_REPEAT):
            least, most, inside = value
            yield from pumps(inside, before)
            if most > 12:
                for again in {sample(inside), *letters(inside)} - {""}:
                    yield before, again
            before += sample(inside) * min(least, 4)
        elif operation is of.SUBPATTERN:
            yield from pumps(value[-1], before)
            before += sample(value[-1])
        elif operation is of.BRANCH:
            for branch in value[1]:
                yield from pumps(branch, before)
            before += sample(value[1][0])
        elif operation in (of.ASSERT, of.ASSERT_NOT):
            yield from pumps(value[1], before)
        elif operation is of.ATOMIC_GROUP:
            yield from pumps(value, before)
            before += sample(value)
        else:
            before += sample([(operation, value)])


def sample(tree):
    """The shortest way through, taking the first of what can be taken."""
    text = ""
    for operation, value in tree:
        if operation in (of.MAX_REPEAT, of.MIN_REPEAT, of.POSSESSIVE_REPEAT):
            text += sample(value[2]) * max(value[0], 1 if len(tree) == 1 else 0)
        elif operation is of.SUBPATTERN:
            text += sample(value[-1])
        elif operation is of.BRANCH:
            text += sample(value[1][0])
        elif operation is of.ATOMIC_GROUP:
            text += sample(value)
        elif operation in (of.LITERAL, of.NOT_LITERAL, of.ANY, of.IN):
            text += next((char for char in CANDIDATES if fits(operation, value, char)), "")
    return text


CANDIDATES = "a0 x9_/.-,;:=\"'\\%&<>[](){}*+\t\n~@#!é\u2028" + "".join(map(chr, range(33, 127)))


def letters(tree):
    """Single letters that some part of it takes, one of each kind."""
    for operation, value in tree:
        if operation in (of.LITERAL, of.NOT_LITERAL, of.ANY, of.IN):
            yield from [char for char in CANDIDATES[:36] if fits(operation, value, char)][:4]
        elif operation in (of.MAX_REPEAT, of.MIN_REPEAT, of.POSSESSIVE_REPEAT):
            yield from letters(value[2])
        elif operation is of.SUBPATTERN:
            yield from letters(value[-1])
        elif operation is of.BRANCH:
            for branch in value[1]:
                yield from letters(branch)


CATEGORIES = {of.CATEGORY_DIGIT: str.isdigit, of.CATEGORY_SPACE: str.isspace,
              of.CATEGORY_WORD: lambda char: char.isalnum() or char == "_"}
OPPOSITE = {of.CATEGORY_NOT_DIGIT: of.CATEGORY_DIGIT, of.CATEGORY_NOT_SPACE: of.CATEGORY_SPACE,
            of.CATEGORY_NOT_WORD: of.CATEGORY_WORD}


def fits(operation, value, char):
    """Whether one place of an expression takes a letter."""
    if operation is of.LITERAL:
        return chr(value) == char
    if operation is of.NOT_LITERAL:
        return chr(value) != char
    if operation is of.ANY:
        return char != "\n"
    inside = [one for one in value if one[0] is not of.NEGATE]
    return any(within(one, char) for one in inside) == (len(inside) == len(value))


def within(one, char):
    kind, value = one
    if kind is of.LITERAL:
        return chr(value) == char
    if kind is of.RANGE:
        return value[0] <= ord(char) <= value[1]
    return not CATEGORIES[OPPOSITE[value]](char) if value in OPPOSITE else CATEGORIES[value](char)
