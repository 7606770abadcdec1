"""The documentation as a site: built without a warning, failed by dead links, fetching nothing from elsewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def build(folder, site):
    return subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site],
                          cwd=folder, capture_output=True, text=True, check=False, timeout=120,
                          env={"PATH": "", "NO_MKDOCS_2_WARNING": "true"})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert (built.returncode, built.stdout, "WARNING" in built.stderr) == (0, "", False), built.stderr
    return folder


def test_every_page_is_in_it(site):
    pages = {page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    built = {page.parent.relative_to(site).as_posix() for page in site.rglob("index.html")}
    assert built == pages | {".", "changelog", "contributing", "benchmarks", "license"}
    assert [*site.rglob("*.py"), *site.rglob("__pycache__")] == []


def test_it_fetches_nothing_from_elsewhere(site):
    fetched = r'<(?:script|img|iframe)[^>]*src="?([^" >]+)|<link[^>]*href="?([^" >]+)|@import|url\(([^)]+)\)'
    for page in site.rglob("*.html"):
        for found in re.finditer(fetched, page.read_text(encoding="utf-8")):
            target = next(filter(None, found.groups()), "")
            assert not re.match(r"['\"]?(https?:|//)", target), (page, target)


def test_dead_links_fail_it(tmp_path):
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "mkdocs.yml", "benchmarks/README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    dead = ("nowhere.md", "cht.md#nowhere", "../Makefile")
    with (tmp_path / "docs" / "live.md").open("a", encoding="utf-8") as page:
        page.writelines(f"\n[dead]({link})\n" for link in dead)
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode == 1
    for link in dead:
        assert re.search(f"WARNING .*'live.md' contains .*'{re.escape(link)}'", built.stderr), built.stderr
