"""docs/command-line.md keeps its promises: its file is read, its tables are what there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context

from mocksrv.cli import main
from mocksrv.config import VENDORS, load

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
BIN = str(Path(sys.executable).parent)


def shell(script, folder, url, **more):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MOCKSRV_")}
    return subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=False, cwd=folder, timeout=100,
                          env=clean | {"MOCKSRV_URL": url, "PATH": f"{BIN}:{os.environ['PATH']}"} | more)


def test_the_file_is_read(tmp_path):
    file = tmp_path / "mocksrv.toml"
    file.write_text(re.search(r"```toml\n(.+?)```", PAGE, re.DOTALL)[1])
    config = load({}, {}, file)
    assert (config.port, config.vendor, config.size, config.limits) == (9000, ("cht", "commcare"), 1000, False)
    assert config.set == {"cht.conformance": "server", "carehq.clock_window": 60,
                          "carehq.trusted_proxies": "10.0.0.0/8, ::1"}


def test_the_variable_is_read():
    given = re.search(r"MOCKSRV_SET='(.+)'", PAGE)[1]
    assert load({}, {"MOCKSRV_SET": given}).set == {"cht.conformance": "server",
                                                    "carehq.trusted_proxies": "10.0.0.0/8, ::1"}


@pytest.mark.parametrize(("shell_name", "word"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete")])
def test_the_lines_for_completion_make_what_that_shell_reads(tmp_path, shell_name, word):
    line = f"_MOCKSRV_COMPLETE={shell_name}_source mocksrv"
    assert line in PAGE
    done = shell(line, tmp_path, "http://127.0.0.1:9")
    assert word in done.stdout


def test_bash_completes_commands_and_options(tmp_path):
    for words, at, found in (("mocksrv cl", 1, "clock"), ("mocksrv worlds ma", 2, "make"),
                             ("mocksrv clock --ad", 2, "--advance")):
        done = shell("mocksrv", tmp_path, "http://127.0.0.1:9", _MOCKSRV_COMPLETE="bash_complete", COMP_WORDS=words,
                     COMP_CWORD=str(at))
        assert done.stdout.strip() == f"plain,{found}"


def test_every_command_is_on_a_page():
    pages = "".join(path.read_text() for path in Path(__file__).parents[3].glob("docs/*.md"))
    assert [name for name in main.list_commands(Context(main)) if f"mocksrv {name}" not in pages] == []
    assert set(VENDORS) >= set(re.findall(r"\[set\.(\w+)\]", PAGE))
