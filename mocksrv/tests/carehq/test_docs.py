"""docs/carehq.md keeps its promises: its keys and settings are those that there are."""

import re
from pathlib import Path

from mocksrv.vendors.carehq import vendor
from mocksrv.vendors.carehq.keys import READY_MADE

PAGE = (Path(__file__).parents[3] / "docs" / "carehq.md").read_text(encoding="utf-8")


def test_every_key_and_setting_is_described():
    settings = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \| [^|]+\|$", PAGE.partition("## Settings")[2], re.MULTILINE))
    assert settings == {item.name: str(item.default).lower() if isinstance(item.default, bool) else str(item.default)
                        for item in vendor.settings}
    for key in READY_MADE:
        assert f"| `{key.api_key}` | `{key.api_secret}` |" in PAGE
        assert all(address in PAGE for address in key.allowed_ips)
