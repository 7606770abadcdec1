"""Pages of the site that lie outside of docs/, where people and GitHub look for them. A hook of MkDocs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md",
         "benchmarks/README.md": "benchmarks.md", "LICENSE": "license.md"}
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=page_of(source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """The page, whose links to those outside of docs/ lead to where they are in the site."""
    def seen(link: re.Match[str]) -> str:
        target = os.path.normpath(Path("docs", page.file.src_uri).parent / link[1])
        return PAGES.get(Path(target).as_posix(), link[1])

    return LINK.sub(seen, markdown) if page.file.src_uri not in PAGES.values() else markdown


def page_of(source: str) -> str:
    """The page, with its links as they are seen from docs/."""
    def seen(link: re.Match[str]) -> str:
        target = (ROOT / source).parent.joinpath(link[1]).resolve().relative_to(ROOT).as_posix()
        return PAGES.get(target, target.removeprefix("docs/"))

    return LINK.sub(seen, (ROOT / source).read_text(encoding="utf-8"))
