"""The answers of settings, forms, records and text messages are as the operations declare them."""

from __future__ import annotations

import pytest

from mocksrv.vendors.cht import vendor

OPERATIONS = {operation.name: operation for operation in vendor.operations}
TEXT = {"Content-Type": "text/plain"}
CALLS = [  # operation, method, path, what is sent
    ("get_settings", "GET", "/api/v1/settings", {}),
    ("put_settings", "PUT", "/api/v1/settings", {"body": {}}),
    ("get_legacy_settings", "GET", "/medic/_design/medic/_rewrite/app_settings/medic", {}),
    ("get_legacy_setting", "GET", "/medic/_design/medic/_rewrite/app_settings/medic/locale", {}),
    ("validate_form", "POST", "/api/v1/forms/validate", {"data": b"<a/>", "headers": TEXT}),
    ("post_record_1", "POST", "/api/v1/records", {"data": {"message": "hi", "from": ""}}),
    ("post_record_2", "POST", "/api/v2/records", {"data": {"message": "hi", "from": ""}}),
    ("get_gateway", "GET", "/api/sms", {}),
    ("post_gateway", "POST", "/api/sms", {"body": {}}),
    ("put_credential", "PUT", "/api/v1/credentials/rapidpro:incoming", {"data": b"s3cret", "headers": TEXT}),
    ("api_info", "GET", "/api/info", {}),
    ("setup_poll", "GET", "/setup/poll", {}),
    ("deploy_info", "GET", "/api/deploy-info", {}),
    ("startup_progress", "GET", "/api/v1/startup-progress", {}),
]


@pytest.mark.writes
@pytest.mark.parametrize(("name", "method", "path", "sent"), CALLS, ids=[call[0] for call in CALLS])
def test_answers(api, name, method, path, sent):
    options = dict(sent)
    answer = api.request(method, path, options.pop("body", None), **options)
    assert answer.status_code == 200
    assert OPERATIONS[name].schema("response")().validate(answer.json()) == {}


@pytest.mark.writes
def test_messages_that_are_handed_out(api):
    api.ok("PUT", "/medic/one", {"_id": "one", "type": "data_record", "reported_date": 1, "tasks": [
        {"messages": [{"to": "+254712345679", "message": "m", "uuid": "u"}], "state": "pending"}]})
    answer = api.ok("POST", "/api/sms", {})
    assert "u" in [one["id"] for one in answer["messages"]]
    assert OPERATIONS["post_gateway"].schema("response")().validate(answer) == {}
