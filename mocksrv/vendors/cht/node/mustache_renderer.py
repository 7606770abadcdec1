"""The package pystache, made to render as mustache.js does, and bounded: what lists within lists are rendered into
grows with their product.

It loads the package, which only texts of messages need.
"""

from __future__ import annotations

import re
from typing import Any

import pystache  # type: ignore[import-untyped]
from pystache.context import ContextStack, KeyNotFoundError  # type: ignore[import-untyped]
from pystache.parser import parse  # type: ignore[import-untyped]
from pystache.renderengine import RenderEngine  # type: ignore[import-untyped]

from mocksrv.vendors.cht.node import javascript, mustache_tags

INDEX = re.compile("0|[1-9][0-9]{0,8}")
MOST = 2_000_000  # characters that are written, those that each element of a list may write counted as written


class Renderer(pystache.Renderer):  # type: ignore[misc]
    """Without escapes, and without partials, which pystache would read from files."""

    def __init__(self, length: int) -> None:
        super().__init__(escape=str, partials={})
        self.length = length  # of the template
        self.left = MOST

    def str_coerce(self, val: Any) -> str:
        return "" if val is None else javascript.text(val)

    def spend(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise mustache_tags.TemplateError("the text is too long")

    def _make_render_engine(self) -> Engine:
        return Engine(self)


def found(stack: ContextStack, name: str) -> Any:
    """What a name such as `reports.0.form` stands for: pystache looks into objects only, JavaScript into lists, too."""
    try:
        return stack.get(name)
    except KeyNotFoundError:
        begin, *rest = name.split(".")
    if not rest or (value := found(stack, begin)) == "":
        return ""
    for part in rest:
        value = element(value, part)
    return value


def element(value: Any, name: str) -> Any:
    """`value[name]`, or nothing."""
    if isinstance(value, dict):
        return value.get(name, "")
    if not isinstance(value, list):
        return ""
    if name == "length":
        return len(value)
    return value[int(name)] if INDEX.fullmatch(name) and int(name) < len(value) else ""


class Engine(RenderEngine):  # type: ignore[misc]
    """Renders one template, or the text of a section that a function is given."""

    def __init__(self, renderer: Renderer) -> None:
        super().__init__(literal=str, escape=str, resolve_context=found, resolve_partial=lambda name: "",
                         to_str=renderer.str_coerce)
        self.renderer = renderer

    def render(self, template: str, context_stack: Any, delimiters: Any = None) -> str:
        if delimiters is None:
            mustache_tags.check(template)
        return str(parse(template, delimiters).render(self, context_stack))

    def fetch_string(self, context: Any, name: str) -> str:
        found = str(super().fetch_string(context, name))
        self.renderer.spend(len(found))
        return found

    def fetch_section_data(self, context: Any, name: str) -> Any:
        found = super().fetch_section_data(context, name)
        self.renderer.spend(len(found) * self.renderer.length)
        return found

    def _render_value(self, val: Any, context: Any, delimiters: Any = None) -> str:
        """What a function gives is no template."""
        return str(val)
