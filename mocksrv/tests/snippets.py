"""What the documentation tells people to type: fenced blocks, and commands within the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
PROGRAMS = ("apt-get", "cht", "commcare-export", "curl", "docker", "make", "mocksrv", "npm", "pip", "pipx", "pytest", "python",
            "sleep", "uvx")


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    language: str  # as the fence says it; "sh" for a command within the text, "http" for a request there
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def snippets() -> list[Snippet]:
    return [snippet for page in PAGES for snippet in of_page(page, (ROOT / page).read_text())]


def of_page(page: str, text: str) -> list[Snippet]:
    found = [Snippet(page, 1 + text.count("\n", 0, one.start()), one[1], one[2]) for one in FENCE.finditer(text)]
    prose = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for one in SPAN.finditer(prose):
        command = " ".join(one[1].split())
        line = 1 + prose.count("\n", 0, one.start())
        if command.partition(" ")[0] in PROGRAMS and " " in command:
            found.append(Snippet(page, line, "sh", command))
        elif re.match(r"(GET|POST|PUT|DELETE) /_mocksrv/\S+( \{.*\})?$", command):
            found.append(Snippet(page, line, "http", command))
    return sorted(found, key=lambda snippet: snippet.line)
