"""Why a request met no operation: the nearest ones, and which part differs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mocksrv.operation import PARAMETER, Operation, as_regex, period, plain

if TYPE_CHECKING:
    from mocksrv.call import Call, Refusal
    from mocksrv.vendor import Vendor

SHOWN = 3
NEAR = 0.6
ALIKE = 0.5  # how much of a word must be right to count at all
TYPO = 0.8  # how alike two words are that are meant to be one
ANYTHING = 0.85  # what a parameter counts: less than the word itself
FURTHER = 0.1  # how much less alike than the nearest others may be
UNFIT = " (but a value does not fit its parameter in braces)"
OTHER_METHOD = 0.05  # what a method that differs costs
LONGEST = 80  # letters of a path segment that are compared
MOST = 12  # segments that are compared
ROUNDED = 1e-9  # what a sum may lack by rounding
OF_QUERIES = (400, 404, 422, 500)  # what servers answer to a query that lacks something
VERSION = re.compile(r"v\d+(\.\d+)?")


def diagnose(vendor: Vendor[Any], call: Call, refusal: Refusal) -> None:
    """Add to the diagnosis why no route was found, and what may have been meant."""
    if refusal.diagnosis:
        call.diagnose(refusal.diagnosis)
    unrouted = call.operation is None and refusal.status >= 300
    if (unrouted or refusal.status == 404) and (other := of_another_release(vendor, call)):
        call.diagnose(other)
    elif unrouted and not call.path.startswith("/~"):  # which is about worlds: see `elsewhere`
        call.diagnose((not lacks_slash(vendor, call) and of_another_version(vendor, call)) or explain(vendor, call))
    elif refusal.status == 404 and (meant := suspect(vendor, call)):
        call.diagnose(meant)


def misspelt(call: Call, status: int) -> None:
    """Add to the diagnosis of a refusal what was meant by parameters of the query that the operation does not declare,
    and that are like one that was not sent.
    """
    operation = call.operation
    if operation is None or status not in OF_QUERIES:
        return
    sent = dict.fromkeys(name for name, _ in call.query[:MOST])
    known = query_names(operation)
    missing = {name.lower(): name for name in known if name not in sent}
    for name in sent:
        near = difflib.get_close_matches(name.lower()[:LONGEST], missing, 1, TYPO)
        if near and name not in known and not any(name in text.split() for text in call.diagnosis):  # told
            call.diagnose(f"{name[:LONGEST]} is no parameter of {operation.method} {operation.path}: "
                          f"was {missing[near[0]]} meant?")


@cache
def query_names(operation: Operation) -> list[str]:
    """The parameters that the operation declares for its query, but those whose names are patterns."""
    declared = operation.schema("query")
    names = (declared.get("properties", {}) if isinstance(declared, Mapping) else
             {field.data_key or name for name, field in declared._declared_fields.items()} if declared else ())
    return sorted(name for name in names if not PARAMETER.search(name))


def of_another_release(vendor: Vendor[Any], call: Call) -> str:
    """The advice for a request that only another release of the service takes; "" if none does."""
    method = vendor.method(call)
    for one in vendor.operations:
        if one.method == method and not one.within(call.release) and any(
                pattern.fullmatch(call.path) for pattern in one.patterns):
            return (f"{method} {one.path} exists {period(one.since, one.until)}; this world runs "
                    f"{call.release}: the setting {vendor.name}.release chooses")
    return ""


def lacks_slash(vendor: Vendor[Any], call: Call) -> bool:
    """Whether a slash at the end of the path is all that the request lacks; then its version is a right one."""
    method = vendor.method(call)
    return bool(call.slashed) and any(
        one.method == method and one.within(call.release) and any(
            pattern.fullmatch(call.slashed) for pattern in one.patterns) for one in vendor.operations)


def of_another_version(vendor: Vendor[Any], call: Call) -> str:
    """What to say of a request that another version of the API takes, where several are served side by side; or ""."""
    method, bare = vendor.method(call), versionless(call.path)
    if not vendor.versions or bare == call.path:
        return ""
    for one in vendor.operations:
        if one.method == method and any(of_any_version(path).fullmatch(bare) for path in one.paths):
            return (f"this version of the API has no {method} {call.path}; {period(one.since, one.until, one.instead)} "
                    f"there is {method} {', '.join(map(plain, one.paths[:SHOWN]))}")
    return ""


@cache
def of_any_version(path: str) -> re.Pattern[str]:
    """What a declared path takes where its version is left out."""
    return re.compile(as_regex(versionless(path)))


def versionless(path: str) -> str:
    return "/".join(part for part in path.split("/") if not VERSION.fullmatch(part))


def explain(vendor: Vendor[Any], call: Call) -> str:
    """One line: what came, what may have been meant, and what to change."""
    method = vendor.method(call)
    if call.allowed:
        other = [line for line in nearest(vendor, call, TYPO) if method in line.split(" /")[0]]
        return f"{call.path} takes {', '.join(call.allowed)}, not {method}" + "; near is ".join(["", *other[:1]])
    if call.slashed:
        return f"{call.path} lacks the trailing slash of {call.slashed}"
    near = nearest(vendor, call, NEAR)
    if not near:
        return (f"{method} {call.path} is no route of {vendor.title or vendor.name}, nor like one; "
                "GET /_mocksrv/operations lists them")
    return f"{method} {call.path} is no route; the nearest: {'; '.join(near)}"


def suspect(vendor: Vendor[Any], call: Call) -> str:
    """What may have been meant by a path that only a catch-all route took, without finding anything."""
    if call.operation is None or not is_catch_all(call.operation):
        return ""
    near = nearest(vendor, call, TYPO)
    return f"was {near[0]} meant?" if near else ""


def is_catch_all(operation: Operation) -> bool:
    """Whether no word of its path is fixed."""
    return all(PARAMETER.search(part) for part in segments(operation.path))


def nearest(vendor: Vendor[Any], call: Call, least: float) -> list[str]:
    """The paths most like the request's, each with its methods and the part that differs."""
    unrouted = call.operation is None and not call.allowed
    known = [one for one in vendor.operations if one.within(call.release)]
    for operation in known if unrouted else ():
        for pattern in operation.patterns:
            if pattern.fullmatch(call.path):
                return [f"{operation.method} {operation.path} in that letter case"]
            if call.path.endswith("/") and pattern.fullmatch(call.path.rstrip("/")):
                return [f"{operation.method} {operation.path} without the trailing slash"]
    asked = Asked([part[:LONGEST] for part in call.path.strip("/").split("/")[:MOST]], least)
    method = vendor.method(call)
    found: dict[str, tuple[float, list[str], str]] = {}
    for one in known:
        score, change, path = max(((*asked.compared(path), path) for path in one.plain_paths), key=itemgetter(0))
        if score >= least and (change or (unrouted and one.method == method)):
            score -= OTHER_METHOD if one.method != method else 0
            best, methods, _ = found.get(path, (0.0, [], ""))
            found[path] = max(best, score), [*methods, one.method], change
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:SHOWN]
    return [f"{', '.join(method_first(methods, method))} {path}{change or UNFIT}"
            for path, (score, methods, change) in ranked if score > ranked[0][1][0] - FURTHER]


def method_first(methods: list[str], wanted: str) -> list[str]:
    return sorted(dict.fromkeys(methods), key=lambda one: one != wanted)


def segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


class Asked:
    """The segments of a request's path, to be compared with all declared paths: each path and each word once."""

    def __init__(self, parts: list[str], least: float) -> None:
        self.parts = parts
        self.least = least  # how alike a path must be; what is less counts as 0
        self._matchers = [difflib.SequenceMatcher(None, "", part.lower()) for part in parts]
        self._similar: dict[str, list[float]] = {}
        self._compared: dict[str, tuple[float, str]] = {}

    def compared(self, path: str) -> tuple[float, str]:
        """How alike a path is, from 0 to 1, and the first change; 0 if no word of the path is in the request."""
        if path not in self._compared:
            self._compared[path] = self._compare(segments(path))
        return self._compared[path]

    def _compare(self, wanted: tuple[str, ...]) -> tuple[float, str]:
        parts, longer = self.parts, max(len(wanted), len(self.parts))
        least = self.least * longer - ROUNDED
        if min(len(wanted), len(parts)) < least:
            return 0.0, ""
        alike = [self.similar(want) for want in wanted]
        if sum(map(max, alike)) < least:
            return 0.0, ""
        # Alignment by dynamic programming, from the end: (rest of the one, rest of the other) -> score.
        best = [[0.0] * (len(parts) + 1) for _ in range(len(wanted) + 1)]
        for i in range(len(wanted) - 1, -1, -1):
            for j in range(len(parts) - 1, -1, -1):
                best[i][j] = max(alike[i][j] + best[i + 1][j + 1], best[i + 1][j], best[i][j + 1])
        words, changes = 0, []
        i = j = 0
        while i < len(wanted) or j < len(parts):
            rest = best[i][j]
            if i < len(wanted) and j < len(parts) and rest == alike[i][j] + best[i + 1][j + 1]:
                if not PARAMETER.search(wanted[i]):
                    words += alike[i][j] >= NEAR
                    if wanted[i] != parts[j]:
                        changes.append(f" ('{wanted[i]}', not '{parts[j]}')")
                i, j = i + 1, j + 1
            elif i < len(wanted) and rest == best[i + 1][j]:
                where = f"before '{parts[j]}'" if j < len(parts) else "at the end"
                changes.append(f" ('{wanted[i]}' is missing {where})")
                i += 1
            else:
                where = f"before '{wanted[i]}'" if i < len(wanted) else "at the end"
                changes.append(f" ('{parts[j]}' is too much {where})")
                j += 1
        return (best[0][0] / longer if words else 0.0), changes[0] if changes else ""

    def similar(self, want: str) -> list[float]:
        """How alike a word of a path is to each segment, from 0 to 1.

        A parameter is like anything, but less than the word itself.
        """
        if want not in self._similar:
            self._similar[want] = ([ANYTHING if part else 0.0 for part in self.parts] if PARAMETER.search(want)
                                   else [1.0 if want == part else ratio(want.lower(), matcher)
                                         for part, matcher in zip(self.parts, self._matchers, strict=True)])
        return self._similar[want]


def ratio(word: str, matcher: difflib.SequenceMatcher[str]) -> float:
    """How alike a word is to the matcher's second one, or 0 if too little to count: bounds are cheaper to work out."""
    matcher.set_seq1(word)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return alike if (alike := matcher.ratio()) >= ALIKE else 0.0
