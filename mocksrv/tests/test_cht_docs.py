"""docs/cht.md keeps its promises: its accounts sign in, its tables are what the code says."""

import re
from pathlib import Path

import pytest
import requests

from mocksrv.vendors.cht import conformance, vendor
from mocksrv.vendors.cht.users.token_login import TABLE

ROOT = Path(__file__).parents[2]
PAGE, DIFFERENCES = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("cht.md", "differences.md"))


def between(name):
    return PAGE.partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]


def test_the_accounts_sign_in(mocksrv):
    accounts = re.findall(r"^\| (`.+`) \| `(.+?)` \|", PAGE.partition("## Accounts")[2], re.MULTILINE)
    names = [(name, password) for cell, password in accounts for name in re.findall(r"`(.+?)`", cell)]
    assert ("admin", "pass") in names
    for name, password in names:
        assert requests.get(f"{mocksrv.url}/_session", auth=(name, password), timeout=10).status_code == 200, name


def test_the_table_of_login_by_sms_is_the_codes():
    lines = ["| # | `token_login` | account | action |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.row} | {event} | {state} | {row.says} |" for (event, state), row in TABLE.items()]
    assert between("token_login") == "\n".join(lines) + "\n"


def test_differences_are_numbered():
    assert [one.number for one in conformance.DIFFERENCES] == list(range(1, len(conformance.DIFFERENCES) + 1))


def test_every_choice_of_conformance_is_described():
    (conformance,) = [item for item in vendor.settings if item.name == "conformance"]
    for choice in conformance.choices:
        assert f"\n| `{choice}` | " in DIFFERENCES


@pytest.mark.parametrize("operation", vendor.operations, ids=lambda operation: operation.name)
def test_operations_name_differences_that_there_are(operation):
    text = operation.run.__doc__ or ""
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", " ".join(re.findall(r"Differences?: ([\d, -]+)", text))):
        assert {int(first), int(last or first)} <= {one.number for one in conformance.DIFFERENCES}
