"""docs/commcare.md keeps its promises: its code runs, its accounts, keys and settings are those that there are."""

import os
import re
import subprocess
import sys
from pathlib import Path

from mocksrv.vendors.commcare import vendor
from mocksrv.vendors.commcare.seed import accounts

PAGE = (Path(__file__).parents[2] / "docs" / "commcare.md").read_text(encoding="utf-8")


def run(number, mocksrv):
    """What an example of the page prints."""
    code = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)[number]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env=os.environ | {"MOCKSRV_URL": mocksrv.url}, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_quick_start_runs_as_it_stands(mocksrv):
    pages, case, typo = run(0, mocksrv)
    found, total = re.match(r"(\d+) of (\d+) open pregnancies", pages).groups()
    assert found == total != "0"
    assert case == "Otieno household by http://commcarehq.org/case_api"
    assert typo == "200 0 the search index has no field 'tpye', so nothing matches"


def test_the_submitted_form_arrives(mocksrv):
    (answer,) = run(1, mocksrv)
    assert answer.startswith("201 <OpenRosaResponse ")
    assert 'nature="submit_success"' in answer


def test_every_setting_is_described():
    described = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]*?)`? ?\| [^|]+\|$", PAGE.partition("## Settings")[2],
                                re.MULTILINE))
    assert described == {item.name: str(item.default).lower() if isinstance(item.default, bool)
                         else str(item.default) for item in vendor.settings}


def test_every_account_and_key_is_described():
    for username in (*accounts.WEB_USERS, accounts.MOBILE):
        assert f"| `{username}` |" in PAGE
    for key, (owner, _) in accounts.KEYS.items():
        assert f"`{key}`" in PAGE or f"| `{key[0]}` | `{owner}` |" in PAGE
