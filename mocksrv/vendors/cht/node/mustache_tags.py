"""What mustache.js refuses in a template: tags and sections without an end, sections that nobody began.

mustache.js source, parseTemplate.
"""

from __future__ import annotations

from mocksrv.vendors.cht.node import javascript

KINDS = "#^/>{&=!"


class TemplateError(ValueError):
    """A template that mustache cannot read."""


def check(template: str) -> None:
    """Raises TemplateError with the words of mustache.js."""
    sections: list[str] = []
    opening, closing, at = "{{", "}}", 0
    while (start := template.find(opening, at)) >= 0:
        at = start + len(opening)
        kind = template[at:at + 1]
        kind, at = (kind, at + 1) if kind and kind in KINDS else ("", at)
        end = template.find({"=": "=", "{": "}"}.get(kind, "") + closing, at)
        if end < 0:
            raise TemplateError(f"Unclosed tag at {len(template)}")
        name = template[at:end].strip(javascript.SPACES)
        at = end + len(closing) + (kind in ("=", "{"))
        if kind in ("#", "^"):
            sections.append(name)
        elif kind == "/":
            end_section(sections, name, start)
        elif kind == "=":
            opening, closing = delimiters(name)
    if sections:
        raise TemplateError(f'Unclosed section "{sections[-1]}" at {len(template)}')


def end_section(sections: list[str], name: str, start: int) -> None:
    if not sections:
        raise TemplateError(f'Unopened section "{name}" at {start}')
    if (begun := sections.pop()) != name:
        raise TemplateError(f'Unclosed section "{begun}" at {start}')


def delimiters(given: str) -> tuple[str, str]:
    """The signs that tags begin and end with from here on."""
    parts = given.split()
    if len(parts) < 2:
        raise TemplateError(f"Invalid tags: {given}")
    return parts[0], parts[1]
