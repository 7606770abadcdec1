"""docs/commcare.md keeps its promises: its accounts, keys and settings are those that there are."""

import re
from pathlib import Path

from mocksrv.vendors.commcare import vendor
from mocksrv.vendors.commcare.seed import accounts

PAGE = (Path(__file__).parents[3] / "docs" / "commcare.md").read_text(encoding="utf-8")


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
