"""The server's text rules: passwords, phones, points in time, templates."""

from __future__ import annotations

import math

import pytest

from mocksrv.vendors.cht.node import javascript, json_text, mustache, timestamps
from mocksrv.vendors.cht.shared_libs import passwords, phones

NOW = 1_731_000_000_000


@pytest.mark.parametrize(
    ("password", "length", "score", "good"),
    [
        ("secret", 6, 16, False),
        ("password", 8, 22, False),
        ("aaaaaaaa", 8, 10, False),
        ("Secret_1", 8, 52, True),
        ("secret123", 9, 40, False),
        ("Passw0rd", 8, 52, True),
        ("pass1234!", 9, 55, True),
        ("medicalw0rk", 11, 48, False),
        ("abcdefghij", 10, 30, False),
        ("abcdefgh12345", 13, 54, True),
        ("________", 8, -5, False),
        ("WrAGyGD9805", 11, 61, True),
        ("JzAEQzY2614", 11, 61, True),
    ],
)
def test_password_score(password: str, length: int, score: int, good: bool) -> None:
    assert (len(password), passwords.score(password)) == (length, score)
    assert (passwords.problem(password) is None) is good


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Ab1!xyz", passwords.TOO_SHORT),
        ("\U0001f600\U0001f600\U0001f600", passwords.TOO_SHORT),
        ("\U0001f600\U0001f601\U0001f602\U0001f603", passwords.TOO_WEAK),
        (1234567890, passwords.TOO_WEAK),
        ({"a": 1}, passwords.TOO_WEAK),
        (["Secret_1"], passwords.TOO_SHORT),
    ],
)
def test_password_problem(password: object, problem: object) -> None:
    assert passwords.problem(password) is problem


@pytest.mark.parametrize(
    ("phone", "code", "expected"),
    [
        ("+40-(744)-999-999", 1, "+40744999999"),
        ('"+40-(744)-999-999"', 1, "+40744999999"),
        ('"+40-(744)-999-999"', None, None),
        ("+40 (722) 444-444", 1, "+40722444444"),
        ("+40 (21) 222-3333", 1, "+40212223333"),
        ("+13125551212", 1, "+13125551212"),
        ("3125551212", 1, "+13125551212"),
        ("07765902000", 44, "+447765902000"),
        ("07765902000", "44", "+447765902000"),
        ("+5511943348031", None, "+5511943348031"),
        (" 5511943348031", None, None),
        (" 5511943348031", 55, "+5511943348031"),
        ("0744898989", 1, None),
        ("0744898989", 40, "+40744898989"),
        ("12345", 1, None),
        ("aaaa", 1, None),
        ("", 1, None),
        (None, 1, None),
        (254712345678, 1, None),
        ("+254712345678 ext 4", 1, None),
        ("tel:+254712345678", 1, None),
        ("+2868917046", 1, None),
        ("+2548277210095", 1, None),
        ("+254883720611", 1, None),
    ],
)
def test_phone(phone: object, code: object, expected: str | None) -> None:
    settings = {} if code is None else {"default_country_code": code}
    assert phones.normalize(settings, phone) == expected
    assert phones.validate(settings, phone) is (expected is not None)


@pytest.mark.parametrize(
    ("mode", "phone", "expected"),
    [(None, "555", None), ("partial", "555", None), ("none", "555", "+1555"), ("none", "911", "911")],
)
def test_phone_validation_setting(mode: str | None, phone: str, expected: str | None) -> None:
    assert phones.normalize({"default_country_code": 1, "phone_validation": mode}, phone) == expected


def test_a_country_code_that_is_no_number() -> None:
    assert phones.normalize({"default_country_code": "Kenya"}, "+254712345678") == "+254712345678"
    assert phones.normalize({"default_country_code": "Kenya"}, "0712345678") is None


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        ("2011-10-10T14:48:00-0300", 1318268880000),
        ("2016-07-01T13:48:24+00:00", 1467380904000),
        ("2016-07-01T13:48:24Z", 1467380904000),
        ("2016-07-01T13:48:24.123Z", 1467380904123),
        ("2016-07-01T13:48:24-03", 1467391704000),
        ("2016-07-01T13:48:24+1245", 1467335004000),
        ("2016-07-01T24:00:00Z", 1467417600000),
        ("1467383343484", 1467383343484),
        (1467383343484, 1467383343484),
        (-123, -123),
        ("-123", -123),
        ("0", 0),
        (0, NOW),
    ],
)
def test_reported_date(value: object, ms: int) -> None:
    assert timestamps.reported_date(value, NOW) == ms


@pytest.mark.parametrize(
    "value",
    ["2016-07-01", "2016-07-01T13:48:24", "2016-07-01T13:48:24.12Z", "2016-7-1T13:48:24Z",
     "2016-07-01 13:48:24Z", "2016-02-30T13:48:24Z", "2016-07-01T25:48:24Z", 123.5, " 1467383343484", "",
     None, True, {}, [], math.inf],
)
def test_invalid_reported_date(value: object) -> None:
    assert timestamps.reported_date(value, NOW) is None


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1352399720000, 1352399720000),
        (12.5, 12.5),
        (0, NOW),
        (None, NOW),
        ("", NOW),
        ("1352399720000", 1352399720000),
        ("x1352399720000", NOW),
        ("1352399720", NOW),
        ("0", 946684800000),
        ("2011-10-10T14:48:00-0300", 1318268880000),
        ("2011-10-10T14:48:00-03", 1318268880000),
        ("2016-07-01T13:48:24.12Z", 1467380904120),
        ("2016-07-01", 1467331200000),
        ("2016-07-01 13:48", 1467380880000),
        ("Fri, 01 Jul 2016 13:48:24 GMT", 1467380904000),
        ("2016-02-30", NOW),
        ("yesterday", NOW),
        (True, NOW),
    ],
)
def test_lenient_time(value: object, ms: float) -> None:
    assert timestamps.lenient(value, NOW) == ms


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{name}}", "Hello Amina & <co>"),
        ("{{{name}}} {{&name}}", "Amina & <co> Amina & <co>"),
        ("{{contact.name}}{{missing}}{{contact.missing.deeper}}", "Otieno"),
        ("{{zero}} {{yes}} {{half}} {{none}}", "0 true 0.5 "),
        ("{{#list}}<{{.}}>{{/list}}{{^missing}}none{{/missing}}", "<a><b>none"),
        ("{{#date}}{{when}}{{/date}}", "7th November 2024"),
        ("{{#datetime}}{{when}}{{/datetime}}", "2024-11-07T17:20:00+00:00"),
    ],
)
def test_mustache(template: str, expected: str) -> None:
    view = {"name": "Amina & <co>", "contact": {"name": "Otieno"}, "zero": 0, "yes": True, "half": 0.5,
            "none": None, "list": ["a", "b"], "when": NOW}
    assert mustache.render(template, view, {"date_format": "Do MMMM YYYY"}) == expected


def test_broken_template() -> None:
    with pytest.raises(mustache.TemplateError):
        mustache.render("{{/name}}", {})


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), (False, "false"), (5, "5"), (1.0, "1"), (0.5, "0.5"), (1e21, "1e+21"),
     (1e-7, "1e-7"), (0.00001, "0.00001"), (math.nan, "NaN"), (-math.inf, "-Infinity"),
     ({}, "[object Object]"), ([1, None, "a", [2, 3]], "1,,a,2,3"), ("x", "x")],
)
def test_javascript_text(value: object, text: str) -> None:
    assert javascript.text(value) == text


@pytest.mark.parametrize(
    ("value", "truth"),
    [({}, True), ([], True), ("", False), (0, False), (math.nan, False), (None, False), ("0", True)],
)
def test_javascript_truth(value: object, truth: bool) -> None:
    assert javascript.truthy(value) is truth


@pytest.mark.parametrize(
    ("text", "held", "written"),
    [("9007199254740993", 9007199254740992, "9007199254740992"), ("1e3", 1000, "1000"), ("1e999", None, "null"),
     ("1" + "0" * 309, None, "null"), ("1" + "0" * 400, None, "null"), ("-" + "9" * 5000, None, "null"),
     ("0.1", 0.1, "0.1")],
)
def test_numbers_as_javascript_holds_them(text: str, held: object, written: str) -> None:
    """Beyond all doubles there is only infinity, which JSON.stringify writes as null."""
    assert json_text.loads(text) == held
    assert json_text.text(json_text.loads(text)) == written
