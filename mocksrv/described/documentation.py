"""Tables of the documentation that are generated from the code: operations, rooms, and tables of the vendors' own.

A page holds them between marks, `<!-- table: operations.cht -->` and `<!-- end -->`; `make operations` writes them.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mocksrv.described import proof
from mocksrv.operation import PROOFS, period
from mocksrv.vendor import Vendor

MARKED = re.compile(r"(?P<begin><!-- table: (?P<name>\S+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


class UnknownTable(Exception):
    """A page has the mark of a table that does not exist."""


def tables(vendors: Iterable[Vendor[Any]], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Every table by its name. `rows` are the vendors' operations from `proof.describe`."""
    vendors, rows = list(vendors), list(rows)
    own = {vendor.name: [row for row in rows if row["vendor"] == vendor.name] for vendor in vendors}
    made = {"operations": sums(vendors, own)}
    for vendor in vendors:
        made[f"operations.{vendor.name}"] = operations(own[vendor.name])
        made |= {f"{vendor.name}.{name}": table() for name, table in vendor.documented.items()}
    made["rooms"] = rooms()
    return made


def operations(rows: Iterable[Mapping[str, Any]]) -> str:
    """One vendor's operations by path. Without what is stale: the table would change every day."""
    lines = ["| method | path | what | proof | version | date |", "| --- | --- | --- | --- | --- | --- |"]
    for row in sorted(rows, key=lambda row: (row["path"], row["method"])):
        version, date = (row["proof"][key] or "" for key in ("version", "date"))
        level = proof.in_words(row["proof"])
        when = period(row["since"], row["until"], row["instead"])
        what = f"{row['summary']} *{when.capitalize()}.*" if when else row["summary"]
        if row["differences"]:
            what += f" Differences: {', '.join(f'`{name}`' for name in row['differences'])}."
        lines.append(f"| {row['method']} | `{row['path']}` | {what} | {level} | {version} | {date} |")
    return "\n".join(lines) + "\n"


def rooms() -> str:
    """Every folder of the code, and what the docstring of its `__init__` says it is for."""
    package = Path(__file__).parents[1]
    lines = ["| room | what is in it |", "| --- | --- |"]
    for init in sorted(package.rglob("__init__.py")):
        folder = init.parent
        if "tests" not in folder.parts:
            said = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").partition("\n")[0]
            lines.append(f"| `{folder.relative_to(package.parent).as_posix()}/` | {said} |")
    return "\n".join(lines) + "\n"


def sums(vendors: Iterable[Vendor[Any]], rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> str:
    """How many operations each vendor has, by their proof, with links to their pages."""
    levels = PROOFS[::-1]
    lines = [f"| | operations | {' | '.join(levels)} |", f"| --- |{' ---: |' * (len(levels) + 1)}"]
    for vendor in vendors:
        counts = Counter(row["proof"]["level"] for row in rows[vendor.name])
        cells = [str(counts[level] or "") for level in levels]
        lines.append(f"| [{vendor.title}](operations/{vendor.name}.md) | {counts.total()} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def renewed(page: str, known: Mapping[str, str]) -> str:
    """The page with its marked tables made anew. Raises UnknownTable."""
    def table(mark: re.Match[str]) -> str:
        if mark["name"] not in known:
            raise UnknownTable(f"there is no table {mark['name']}; known are {', '.join(known)}")
        return mark["begin"] + known[mark["name"]] + mark["end"]

    return MARKED.sub(table, page)


def write(folder: Path, known: Mapping[str, str]) -> None:
    """Renew the tables in all pages of a folder and those below it. Raises UnknownTable and OSError."""
    for file in sorted(folder.rglob("*.md")):
        page = file.read_text(encoding="utf-8")
        if (new := renewed(page, known)) != page:
            file.write_text(new, encoding="utf-8")
