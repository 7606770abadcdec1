"""Routes: which operation a path and a method ask for. Werkzeug matches; here is what its rules lack for vendors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, MapAdapter, RequestRedirect, Rule, RuleFactory

from mocksrv.operation import PARAMETER, Operation
from mocksrv.serving.wsgi import SLASH

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.vendor import Vendor

MOST_FOUND, LONGEST_FOUND = 2_000, 500  # routes that are remembered, and characters of their paths


class ExactRule(Rule):
    """A route with just the methods that its operation names: Werkzeug would add HEAD to GET."""

    def __init__(self, string: str, *, methods: Iterable[str] | None = None, **options: Any) -> None:
        super().__init__(string, methods=methods, **options)
        self.methods = {method.upper() for method in methods or ()} or None

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Leave what makes URLs from routes until url_for() needs it: for 400 routes it is a third of the start."""
        compiled = super()._compile_builder

        def build(_rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(self, **values)

        return build


class LateMap(Map):
    """Routes that are read when something is first looked up: of 600, the first request mostly needs a third."""

    def __init__(self, *rules: Any, **options: Any) -> None:
        self._unread: list[RuleFactory] = []
        super().__init__(*rules, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        self._unread.append(rulefactory)
        self._remap = True

    def update(self) -> None:
        if self._unread:
            with self._remap_lock:
                for rules in self._unread:
                    super().add(rules)
                self._unread.clear()
        super().update()


def rule_of(path: str, converters: dict[str, type[BaseConverter]]) -> str:
    """A path template in Werkzeug's notation; a regular expression in it becomes one more of the converters."""
    def convert(found: re.Match[str]) -> str:
        name, kind = found[1], found[2]
        if kind is None:
            return f"<{name}>"
        if kind == "path":
            return f"<path:{name}>"
        key = next((key for key, known in converters.items() if known.regex == kind), f"regex{len(converters)}")
        converters.setdefault(key, type(key, (BaseConverter,), {"regex": kind}))
        return f"<{key}:{name}>"

    return PARAMETER.sub(convert, path)


class Routes:
    """The routes of all vendors, by release. Those of a release are made when a world first runs it."""

    def __init__(self, operations: Mapping[str, Operation], converters: dict[str, type[BaseConverter]]) -> None:
        self._operations, self._converters = operations, converters  # operations by `vendor.name`
        self._by_release: dict[tuple[str, str], MapAdapter] = {}  # by vendor and release
        self._found: dict[tuple[str, str, str, str], tuple[Operation, dict[str, str]]] = {}  # asked for lately

    def find(self, vendor: Vendor[Any], call: Call) -> None:
        """Set the call's operation and parameters, or what is known about why there is none."""
        method = vendor.method(call)
        asked = vendor.name, call.release, call.path, "GET" if method == "HEAD" and vendor.head_is_get else method
        if (known := self._found.get(asked)) is None:
            self._look(vendor, call, asked)
        else:
            call.operation, call.params = known[0], dict(known[1])
        call.path = call.path.replace(SLASH, "/")

    def has(self, vendor: Vendor[Any], path: str) -> bool:
        """Whether a path of the vendor has any method in any release."""
        return is_route(self._of(vendor, ""), f"/{vendor.name}{path}")

    def _look(self, vendor: Vendor[Any], call: Call, asked: tuple[str, str, str, str]) -> None:
        routes, path = self._of(vendor, call.release), f"/{vendor.name}{call.path}"
        try:
            endpoint, params = routes.match(path, asked[-1])
        except MethodNotAllowed as error:
            call.allowed = tuple(sorted(error.valid_methods or ()))
        except RequestRedirect:
            call.slashed = f"{call.path}/"
        except NotFound:
            if not path.endswith("/") and is_route(routes, f"{path}/"):
                call.slashed = f"{call.path}/"
        else:
            call.operation = self._operations[endpoint]
            call.params = {k: v.replace(SLASH, "/") for k, v in params.items()} if SLASH in path else dict(params)
            if len(path) <= LONGEST_FOUND:
                if len(self._found) >= MOST_FOUND:
                    self._found.clear()
                self._found[asked] = call.operation, dict(call.params)

    def _of(self, vendor: Vendor[Any], release: str) -> MapAdapter:
        """The routes that a vendor has in a release; "" has those of all releases."""
        key = vendor.name, release
        if key not in self._by_release:
            rules = (ExactRule(f"/{vendor.name}{rule_of(path, self._converters)}", methods=[operation.method],
                               endpoint=f"{vendor.name}.{operation.name}", strict_slashes=True, merge_slashes=False)
                     for operation in vendor.operations if operation.within(release) for path in operation.paths)
            self._by_release[key] = Map(rules, converters=self._converters, merge_slashes=False).bind("")
        return self._by_release[key]


def is_route(routes: MapAdapter, path: str) -> bool:
    """Whether a path has any method."""
    try:
        routes.match(path, "-")  # a method that no route has; Werkzeug takes "" for GET
    except MethodNotAllowed:
        return True
    except (NotFound, RequestRedirect):
        pass
    return False
