"""The messages of `xsltproc` about XML that is not well-formed, which the server's answer quotes.

lxml finds the errors with the same library (libxml2). Added here are the lines that show the place, as the command
prints them, and messages that newer versions of libxml2 omit: the last one after an earlier error, and the one about
attributes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

PREFIX = 'Error transforming xml. xsltproc returned code "{code}", and signal "null". xsltproc stderr output:\n'
WIDTH = 80  # characters of a line that are shown
UNPARSED = 6  # xsltproc's exit code for a document that cannot be parsed
SKIPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<!DOCTYPE[^<>\[]*+(?:\[(?:[^\]]++|\](?!\s*+>))*+\]\s*+)?>",
    re.DOTALL)
NAME = r"[A-Za-z_:\u0080-\uffff][\w:.\-]*"
S = r"[ \t\r\n]"  # what XML takes for space: Python's \s has more, which a name may have, too
START = rf"<({NAME})(?:{S}++{NAME}(?:{S}*+={S}*+(?:\"[^\"<]*\"|'[^'<]*'))?+)*+{S}*+(/?)>"
TAG = rf"<(/?)({NAME})?[^<>]*>?"
compiled = cache(re.compile)  # what takes 10 ms, when it is first needed instead of at start
DOCTYPE = re.compile(
    r"""<!DOCTYPE\s+[^\s\[>]+\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+(?P<q>["'])(?P<where>[^"'>]*)(?P=q)\s*>""")
MISC = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
LAST_WORDS = ("Premature end of data", "Extra content", "Start tag expected", "Document is empty")


class Problem(NamedTuple):
    """An error at an offset of the text; `domain` is "parser" or "namespace"."""

    offset: int
    line: int
    domain: str
    message: str

    def show(self, text: str) -> str:
        return f"-:{self.line}: {self.domain} error : {self.message}\n{context(text, self.offset)}"


def complaint(text: str) -> str | None:
    """The server's message about a text that is not well-formed XML, else None."""
    found = problems(text)
    if not found:
        return unloadable(text)
    unparsed = any(problem.domain == "parser" for problem in found)
    shown = "".join(problem.show(text) for problem in found)
    return PREFIX.format(code=UNPARSED if unparsed else 0) + shown + ("unable to parse -\n" if unparsed else "")


def unloadable(text: str) -> str | None:
    """The warning about an external document type: like the recorded server, this one fetches nothing."""
    found = DOCTYPE.search(text)
    if found is None:
        return None
    where, line = found["where"], text.count("\n", 0, found.end()) + 1
    failed = "error : Operation in progress\n" if where.startswith("http://") else ""
    return (PREFIX.format(code=0) + f'{failed}-:{line}: warning: failed to load external entity "{where}"\n'
            + context(text, found.end()))


def problems(text: str) -> list[Problem]:
    """What is wrong with the text, in the order in which the parser meets it."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, encoding="utf-8")
    try:
        etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        pass
    lines = line_starts(text)
    found = []
    for entry in parser.error_log:
        if entry.level_name == "WARNING":
            continue
        offset = lines[min(entry.line, len(lines)) - 1] + entry.column - 1
        domain = "namespace" if entry.domain_name == "NAMESPACE" else "parser"
        found.append(Problem(offset, entry.line, domain, entry.message))
        if entry.message == "error parsing attribute name":
            found.append(Problem(offset, entry.line, domain, "attributes construct error"))
    fatal = [problem for problem in found if problem.domain == "parser"]
    if fatal and not found[-1].message.startswith(LAST_WORDS):
        found += last_words(text, lines, fatal[-1].offset)
    return found


def last_words(text: str, lines: list[int], stopped: int) -> list[Problem]:
    """What follows an error when tags stay open, or something is left after the root element.

    `stopped` is where the last error was found: there a start tag that cannot be read ends.
    """
    def at(offset: int, message: str) -> list[Problem]:
        line = sum(start <= offset for start in lines)
        return [Problem(offset, line, "parser", message)]

    open_tags: list[tuple[str, int]] = []
    position, begun = 0, False
    while (position := text.find("<", position)) >= 0:
        if skipped := SKIPPED.match(text, position):
            position = skipped.end()
            continue
        tag = compiled(TAG).match(text, position)
        assert tag is not None  # it matches any "<"
        whole = compiled(START).match(text, position)
        begun = True
        if tag[1] and open_tags:
            open_tags.pop()
            position = tag.end()
        elif whole:
            if not whole[2]:
                open_tags.append((whole[1].rpartition(":")[2], sum(start <= position for start in lines)))
            position = whole.end()
        else:
            position = tag.end() if open_tags else max(stopped, position + 1)
        if not open_tags:
            rest = MISC.match(text, position)
            end = rest.end() if rest else position
            return at(end, "Extra content at the end of the document") if end < len(text) else []
    if not begun:
        return at(stopped, "Start tag expected, '<' not found")
    name, line = open_tags[-1]
    return at(len(text), f"Premature end of data in tag {name} line {line}")


def line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def context(text: str, offset: int) -> str:
    """The line of the offset, and a mark below; a long line is cut."""
    start = min(offset, len(text))
    while start > 0 and text[start : start + 1] in ("\n", "\r"):
        start -= 1
    steps = 0
    while steps < WIDTH and start > 0 and text[start : start + 1] not in ("\n", "\r"):
        start, steps = start - 1, steps + 1
    if text[start : start + 1] in ("\n", "\r"):
        start += 1
    line = re.split(r"[\r\n\0]", text[start : start + WIDTH])[0]
    column = min(offset - start, WIDTH - 1, len(line))
    mark = re.sub(r"[^\t]", " ", line[:column]) + "^"
    return f"{line}\n{mark}\n"
