"""The control plane's OpenAPI document: complete, valid, and what the routes really take and give."""

import json

import pytest
import requests
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from mocksrv.cli import main
from mocksrv.control.describe import TOLD
from mocksrv.control.openapi import document


@pytest.fixture(scope="module")
def made():
    return json.loads(json.dumps(document()))


def operations(made):
    return {(method, path): one for path, item in made["paths"].items() for method, one in item.items()}


def test_it_is_valid_and_every_schema_in_it_is_used(made):
    validate(made)
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(made)
    assert [name for name in made["components"]["schemas"] if f'#/components/schemas/{name}"' not in text] == []


def test_every_route_is_in_the_document_and_the_other_way(made, shop_app):
    routes = {(method.lower(), rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}"))
              for rule in shop_app().url_map.iter_rules() if rule.endpoint.startswith("control.")
              for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert set(operations(made)) == routes
    assert sorted(one["operationId"] for one in operations(made).values()) == sorted(TOLD)


def test_every_operation_says_what_it_does(made):
    for place, one in operations(made).items():
        assert one["summary"].endswith("."), place
        assert {f"{{{found['name']}}}" for found in one["parameters"] if found["in"] == "path"} == {
            part.removesuffix(".json") for part in place[1].split("/") if part.startswith("{")}


SAMPLES = {  # operation -> (values of the path, query, body), in the order of the calls
    "health": ({}, "", None), "ready": ({}, "", None), "credentials": ({}, "", None), "vendors": ({}, "", None),
    "operations": ({}, "", None),
    "own_openapi": ({}, "", None), "openapi": ({"vendor": "carehq"}, "", None), "metrics": ({}, "", None),
    "show_page": ({}, "", None), "page_file": ({"file": "app.js"}, "", None),
    "read_clock": ({}, "", None),
    "change_clock": ({}, "", {"freeze": True, "set": "2026-01-31T09:30:00Z", "rate": 1, "skew": -1.5, "advance": 60}),
    "read_settings": ({}, "", None), "describe_settings": ({}, "", None),
    "change_settings": ({}, "", {"cht.conformance": "page"}),
    "list_tables": ({}, "", None),
    "read_shard": ({}, "", None), "change_shard": ({}, "", {"shard": "1/1"}),
    "read_table": ({"key": "carehq.groups"}, "skip=1&limit=2&q=sales&id=x", None),
    "list_scenarios": ({}, "", None), "apply_scenario": ({"key": "all.slow_network"}, "", {}),
    "add_fault": ({}, "", {"vendor": "cht", "method": "GET", "path": "/api/*", "status": 503, "times": 1, "nth": 2,
                           "delay": {"uniform": [0, 0.1]}, "headers": {"X-A": "b"}, "probability": 0.5}),
    "list_faults": ({}, "", None), "delete_fault": ({"id": "1"}, "", None), "clear_faults": ({}, "", None),
    "read_journal": ({}, "vendor=cht&operation=get_person&method=GET&status=200&caller=a&fault=1&path=*"
                     "&diagnosis=x&limit=5", None),
    "read_archive": ({}, "limit=1", None),
    "verify_journal": ({}, "", {
        "operation": "get_people", "query": {"limit": {"absent": True}}, "headers": {"Accept": "text/plain"},
        "form": {"a": 1}, "json": {"a": []}, "json_path": {"$.a": None}, "json_schema": {"type": "object"},
        "xml_path": {"//a": "b"}, "body": {"contains": "a"}, "body_sha256": "0" * 64, "exactly": 1}),
    "clear_journal": ({}, "", None),
    "read_outbox": ({}, "vendor=cht&kind=outbound&state=held&about=*&method=POST&url=*&status=200&limit=5", None),
    "set_outbox": ({}, "", {"hold": True}), "verify_outbox": ({}, "", {"operation": "outbound", "never": True}),
    "clear_outbox": ({}, "", None),
    "describe_import": ({}, "", None), "export": ({}, "table=carehq.keys", None),
    "import_files": ({}, "", {"files": [{"name": "a.json", "text": '{"cht": {"medic": [{"_id": "told"}]}}'}]}),
    "make_snapshot": ({}, "", {"name": "told"}), "list_snapshots": ({}, "", None),
    "download_snapshot": ({"label": "told"}, "", None),
    "upload_snapshot": ({"label": "told"}, "", "what was downloaded"),
    "restore_snapshot": ({"label": "told"}, "", {}), "delete_snapshot": ({"label": "told"}, "", None),
    "list_worlds": ({}, "", None),
    "make_world": ({}, "", {"name": "told", "seed": 5, "size": "empty", "settings": {"cht.conformance": "page"},
                            "scenario": "all.flaky"}),
    "delete_world": ({"key": "told"}, "", None), "reset": ({}, "", {}), "forget_world": ({}, "", None),
}
ELSEWHERE = {"follow_journal": "a stream has no end", "certificate_authority": "there is one under TLS only",
             **dict.fromkeys(("read_call", "deliver_call", "fail_call", "delay_call"), "test_outbox.py has a call"),
             "read_leaving": "a server that stands alone lets no world go", "forget_leaving": "likewise"}


def test_there_is_a_sample_of_each():
    assert SAMPLES.keys() | ELSEWHERE.keys() == TOLD.keys()


def test_each_route_takes_and_gives_what_the_document_says(made, mocksrv):
    by_name = {one["operationId"]: (place, one) for place, one in operations(made).items()}

    def fits(schema, value):
        Draft202012Validator({**schema, "components": made["components"]}).validate(value)

    requests.get(f"{mocksrv.url}/api/v1/person", timeout=60)  # so that the journal holds an exchange
    answer = None
    for name, (values, query, body) in SAMPLES.items():
        (method, path), one = by_name[name]
        sent = answer.json() if body == "what was downloaded" else body
        assert {pair.partition("=")[0] for pair in query.split("&") if pair} <= {
            found["name"] for found in one["parameters"] if found["in"] == "query"}
        if sent:
            fits(one["requestBody"]["content"]["application/json"]["schema"], sent)
        answer = requests.request(method, f"{mocksrv.url}{path.format(**values)}?{query}", json=sent, timeout=60)
        (status,) = set(one["responses"]) - {"default"}
        assert answer.status_code == int(status), (name, answer.text)
        if status == "204":
            assert answer.content == b""
            continue
        ((kind, content),) = one["responses"][status]["content"].items()
        assert kind in ("*/*", answer.headers["Content-Type"].partition(";")[0]), name
        fits(content["schema"], answer.json() if kind == "application/json" else answer.text)


def test_own_answers_are_what_the_document_says(made, mocksrv):
    def fits(name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": made["components"]}
        Draft202012Validator(schema).validate(value)

    for body in ({"json": {"a": [1]}}, {"text": "{{ n }}"}, {"file": {"name": "a.png", "base64": "AA=="}}):
        fault = {"operation": "get_person", "answer": body | {
            "when": "after", "status": "{{ 200 + n }}", "headers": {"X-A": "b"}}}
        fits("FaultOrder", fault)
        fits("Fault", requests.post(f"{mocksrv.url}/_mocksrv/faults", json=fault, timeout=60).json())
    mocksrv.on("get_person")(print)
    fits("Fault", mocksrv.faults()[-1])


def test_members_and_queries_that_are_not_told_are_refused(made, mocksrv):
    for (method, path), one in operations(made).items():
        url = f"{mocksrv.url}{path.format(id=1, vendor='cht', file='app.js', key='carehq.groups', label='x')}"
        queries = [found["name"] for found in one["parameters"] if found["in"] == "query"]
        if queries:
            refused = requests.request(method, f"{url}?colour=red", timeout=60)
            assert refused.status_code == 400, path
            assert all(name in refused.json()["detail"] for name in queries)
        schema = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "properties" in schema:
            refused = requests.request(method, url, json={"colour": "red"}, timeout=60)
            assert refused.status_code == 400, path
            assert all(name in refused.json()["detail"] for name in schema["properties"])


@pytest.mark.parametrize("path", ["/nothing", "/worlds/nobody", "/snapshots/none", "/openapi/nobody.json"])
def test_refusals_are_problems_as_the_document_says(made, mocksrv, path):
    answer = requests.delete(f"{mocksrv.url}/_mocksrv{path}", timeout=60)
    content = made["components"]["responses"]["Problem"]["content"][answer.headers["Content-Type"]]
    Draft202012Validator({**content["schema"], "components": made["components"]}).validate(answer.json())


def test_what_needs_the_token_is_what_the_document_says(made, shop_app):
    client = shop_app(token="t").test_client()
    for (method, path), one in operations(made).items():
        if one["operationId"] not in ELSEWHERE:
            answer = client.open(path.format(id=1, vendor="shop", file="app.js", key="x", label="x"), method=method,
                                 environ_base={"REMOTE_ADDR": "192.0.2.1"})
            assert (answer.status_code == 403) == ("security" not in one), path


def test_it_names_the_server_and_worlds_by_the_callers_own_url(mocksrv):
    served = requests.get(f"{mocksrv.url}/_mocksrv/openapi.json", timeout=60).json()
    assert [server["url"] for server in served["servers"]] == [mocksrv.url.partition("/~")[0],
                                                                mocksrv.url.partition("/~")[0] + "/~{world}"]
    printed = json.loads(CliRunner().invoke(main, ["openapi", "control"]).output)
    assert printed["paths"] == served["paths"]
