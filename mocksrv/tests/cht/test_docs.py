"""docs/cht.md keeps its promises: its accounts sign in, its tables are what the code says."""

import re
from pathlib import Path

import pytest
import requests

from mocksrv.config import warn_of_alias
from mocksrv.described import openapi
from mocksrv.vendors.cht import conformance, vendor
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.users.token_login import TABLE

ROOT = Path(__file__).parents[3]
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


def test_every_difference_is_named_by_an_operation_or_by_the_code_that_decides():
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "mocksrv" / "vendors" / "cht").rglob("*.py"))
    named = set(re.findall(r"Difference\.([A-Z_]+)", code))
    of_all_operations = {"NOT_SIGNED_IN"}
    assert named | of_all_operations == set(Difference.__members__)


def test_every_choice_of_conformance_is_described():
    (conformance,) = [item for item in vendor.settings if item.name == "conformance"]
    for choice in conformance.choices:
        assert f"\n| `{choice}` | " in DIFFERENCES


@pytest.mark.parametrize("operation", vendor.operations, ids=lambda operation: operation.name)
def test_operations_name_differences_that_there_are(operation):
    assert all(isinstance(one, Difference) for one in operation.traits.get("differences", ()))
    assert all(f"| `{name}` | " in DIFFERENCES for name in operation.differences)


def test_openapi_lists_the_differences_of_an_operation():
    described = openapi.document(vendor)["paths"]["/api/v1/bulk-delete"]["post"]
    assert described["x-mocksrv-differences"] == ["bulk_delete_batches", "bulk_delete_refusals"]


@pytest.mark.parametrize(("old", "new"), conformance.OLD_WORDS.items())
def test_old_words_of_conformance_are_taken_with_a_note_in_the_log(old, new, caplog, mocksrv):
    warn_of_alias.cache_clear()
    for _ in range(2):
        mocksrv.set(cht_conformance=old)
    assert mocksrv.control("GET", "/settings")["cht.conformance"] == new
    (note,) = [record.getMessage() for record in caplog.records if "conformance" in record.getMessage()]
    assert note == f"setting conformance: {old} is deprecated and will go in version 1.0, use {new}"
