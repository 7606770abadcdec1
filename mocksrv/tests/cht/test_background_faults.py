"""What fails in the background, or takes long there, keeps nobody from the server's answers."""

from __future__ import annotations

import pytest
import requests

from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.node import mustache, time_limits, vm
from mocksrv.vendors.cht.transitions import processing
from mocksrv.worlds import Worlds

ADMIN = ("admin", "pass")
REPORT = {"_id": "r", "type": "data_record", "content_type": "xml", "form": "f", "reported_date": 1795300000000}
COND = {"transitions": {"conditional_alerts": True}}


@pytest.fixture
def ask(mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")

    def ask(method, path, body=None):
        return requests.request(method, mocksrv.url + path, json=body, auth=ADMIN, timeout=60)

    return ask


@pytest.fixture
def meet(ask, mocksrv):
    """Have the background process meet documents under settings; gives the last one as it is then."""
    def meet(settings, *docs):
        assert ask("PUT", "/api/v1/settings?replace=1", settings).ok
        mocksrv.clock.advance(2)
        assert ask("POST", "/medic/_bulk_docs", {"docs": list(docs)}).ok
        mocksrv.clock.advance(2)
        answer = ask("GET", f"/medic/{docs[-1]['_id']}")
        assert answer.ok, answer.headers["X-Mocksrv-Diagnosis"]
        return answer.json()

    return meet


@pytest.mark.parametrize(("settings", "doc"), [
    (COND | {"alerts": [{"form": ["f"], "condition": "true"}]}, {"form": ["f"]}),
    (COND | {"alerts": [{"form": 5, "condition": "doc.form == 5"}]}, {"form": 5}),
    (COND | {"alerts": [{"form": "k", "condition": "var a = 1; for (var i = 0; i < 500; i++) a = [a]; a"}]},
     {"form": "k"}),
    ({"transitions": {"muting": True}, "muting": {"mute_forms": ["f"]}}, {"patient": {"name": "of no id"}}),
    ({"transitions": {"muting": True}, "muting": {"mute_forms": ["f"]}}, {"patient": "Ada"}),
    ({"transitions": {"muting": True}, "muting": {"mute_forms": ["f"]}, "contact_types": [{"id": "person"}]},
     {"type": "person", "parent": {"_id": 5, "muted": "2020-01-01"}}),
    ({"transitions": {"registration": True}, "registrations": [{"form": "f", "events": [], "messages": [1.5]}]}, {}),
    ({"transitions": {"update_scheduled_reports": True}, "contact_types": [{"id": {}}]},
     {"fields": {"year": 2026, "week": 3}, "contact": {"parent": {"_id": "x", "type": "contact", "contact_type": {}}}}),
])
def test_what_transitions_do_not_expect(meet, caplog, settings, doc):
    meet(settings, REPORT | doc)
    assert "passed over" not in caplog.text


@pytest.mark.parametrize("text", [
    "{{#date}}" + "1" * 5000 + "{{/date}}", "{{date}}", "{{= =}}", "{{#a}}" * 1200 + "{{/a}}" * 1200, "{{/a}}"])
def test_templates_that_are_none(meet, caplog, text):
    alert = {"form": "f", "condition": "true", "message": text, "recipient": "+254712345678"}
    meet(COND | {"alerts": [alert], "date_format": 5}, REPORT)
    assert "passed over" not in caplog.text


def test_a_document_that_the_database_refuses_is_an_error_of_the_report(meet):
    """A registration about both the patient and the place is found twice: its second copy is too old to be saved."""
    settings = {"transitions": {"registration": True, "accept_patient_reports": True, "update_sent_by": True},
                "registrations": [{"form": "reg", "events": [], "messages": []}],
                "patient_reports": [{"form": "f", "silence_type": "ANC", "messages": []}]}
    person = {"_id": "ada", "type": "person", "name": "Ada", "patient_id": "77777", "phone": "+254712345678"}
    fields = {"patient_id": "77777", "place_id": "88888"}
    place = {"_id": "home", "type": "clinic", "name": "Home", "place_id": "88888"}
    old = REPORT | {"_id": "old", "form": "reg", "fields": fields, "scheduled_tasks": [
        {"type": "ANC", "state": "scheduled", "due": "2026-11-25T00:00:00.000Z"}]}
    report = meet(settings, person, place, old, REPORT | {"fields": fields, "from": person["phone"]})
    assert [error["message"] for error in report["errors"]] == [
        "Transition error on accept_patient_reports: Document update conflict."]


def test_what_fails_is_told_to_the_log_alone(meet, monkeypatch, caplog):
    def fail(change):
        raise ZeroDivisionError

    failing = processing.Transition(lambda change: change.doc["_id"] == "r", fail)
    named = processing.named
    monkeypatch.setattr(processing, "named", lambda name: failing if name == "conditional_alerts" else named(name))
    settings = {"transitions": {"conditional_alerts": True, "generate_shortcode_on_contacts": True}}
    person = meet(settings, REPORT, {"_id": "ada", "type": "person", "name": "Ada"})
    assert person["patient_id"], "the documents after it are met"
    assert "ZeroDivisionError" in caplog.text


# --- bounds ---


@pytest.fixture
def world():
    return Worlds((vendor,), Config(size=0)).origin


@pytest.mark.parametrize(("template", "error"), [
    ("Hi {{name", "Unclosed tag at 9"), ("{{#a}}x", 'Unclosed section "a" at 7'),
    ("x{{/a}}", 'Unopened section "a" at 1'), ("{{#a}}{{/b}}", 'Unclosed section "a" at 6'),
    ("{{=|=}}", "Invalid tags: |"), (" " * 9_000, "the template is too long"),
    ("{{#a}}" * 9 + "x" + "{{/a}}" * 9, "the text is too long"), ("{{b}}" * 1_000, "the text is too long")])
def test_templates_that_are_refused(template, error):
    with pytest.raises(mustache.TemplateError) as caught:
        mustache.render(template, {"a": list(range(30)), "b": "x" * 5_000})
    assert str(caught.value) == error


@pytest.mark.parametrize(("template", "text"), [
    ("{{> /etc/motd}}{{> ../x}}|", "|"), ("{{#date}}{{a}}{{/date}}", "21-11 {{a}}"),
    ("{{l.0.x}} of {{l.length}}{{l.1.x}}{{l.x}}", "7 of 1"), ("{{#date}} 1795300000000.5 {{/date}}", "21-11 {{a}}")])
def test_templates_are_rendered_as_by_mustache_js(template, text):
    view = {"a": 1795300000000, "l": [{"x": 7}]}
    assert mustache.render(template, view, {"date_format": "DD-MM [{{a}}]"}) == text


def test_scripts_together_have_an_end(world, monkeypatch):
    time_limits.begin()
    assert vm.run(world, "1 + 1", {}) == 2
    monkeypatch.setattr(time_limits, "TOGETHER", -1)
    with pytest.raises(vm.ScriptError):
        vm.run(world, "1 + 1", {})
    with pytest.raises(mustache.TemplateError):
        mustache.render("x", {})
