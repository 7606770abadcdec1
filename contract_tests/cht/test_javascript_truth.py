"""What the server takes for true and false is what JavaScript does: `{}` and `[]` are true, as is "0"."""

from __future__ import annotations

import base64
from typing import Any

import pytest

pytestmark = pytest.mark.writes
XFORM = b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
<h:head><h:title>Odd</h:title><model><instance><odd id="odd"/></instance></model></h:head><h:body/></h:html>"""


def rows(api: Any, view: str) -> list[Any]:
    return api.ok("GET", f"/medic/_design/{view}")["rows"]


@pytest.mark.parametrize(("form", "count"), [({}, 1), ([], 1), ("0", 1), ("", 0), (0, 0), (None, 0), (False, 0)])
def test_a_report_is_a_record_with_a_form(api: Any, unique: str, form: Any, count: int) -> None:
    api.ok("PUT", f"/medic/{unique}", {"type": "data_record", "form": form, "reported_date": 1, "fields": {"a": "b"}})
    found = [row for row in rows(api, "medic-client/_view/reports_by_date?reduce=false&key=[1]") if row["id"] == unique]
    assert len(found) == count


@pytest.mark.mock_only
@pytest.mark.parametrize(("value", "sent"), [({}, 1), ([], 1), ("0", 1), ("", 0), (0, 0), (None, 0)])
def test_a_message_can_be_sent_that_has_all_it_needs(api: Any, value: Any, sent: int) -> None:
    api.ok("PUT", "/medic/odd-message", {"type": "data_record", "reported_date": 1, "tasks": [
        {"state": "pending", "messages": [{"to": "+254712345678", "message": "Jambo", "uuid": value}]}]})
    assert len([one for one in api.ok("POST", "/api/sms", {})["messages"] if one["content"] == "Jambo"]) == sent


@pytest.mark.parametrize(("value", "listed"), [({}, True), ([], True), ("0", True), (0, False), ("", False)])
def test_a_form_is_for_collect_by_its_context(strict: Any, unique: str, value: Any, listed: bool) -> None:
    definition = base64.b64encode(XFORM.replace(b"odd", unique.encode())).decode()
    strict.ok("PUT", f"/medic/form%3A{unique}", {
        "type": "form", "internalId": unique, "context": {"collect": value},
        "_attachments": {"xml": {"content_type": "application/xml", "data": definition}}})
    found = strict.get("/api/v1/forms", headers={"X-OpenRosa-Version": "1.0"}).text
    assert (f"{unique}.xml" in found) == listed


@pytest.mark.parametrize("role", ["0", "[]"])
def test_a_role_that_is_odd_is_one(api: Any, role: str) -> None:
    answer = api.get(f"/api/v1/users-info?role={role}&facility_id=nowhere")
    assert answer.json().get("error") != "Missing required query params: role and/or facility_id"
