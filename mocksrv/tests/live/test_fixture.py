"""A live exchange as a fixture: its structure stays, and nothing of a person."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.drift.declared import names
from mocksrv.drift.formats import text_format
from mocksrv.drift.samples import Samples
from mocksrv.live.fixture import Fixture
from mocksrv.live.forward import Answer, Forward
from mocksrv.live.recorder import Recorder
from mocksrv.live.recording_proxy import RecordingProxy

NAME, LOWER, PHONE, TOKEN, MAIL = "Amina Wanjiku", "amina", "+254711000001", "s3cr3tT0ken", "amina@mail.test"
PERSONAL = (NAME, "Amina", "Wanjiku", LOWER, PHONE, PHONE[1:], TOKEN, MAIL, "1987-06-05", "711000001")
PERSON = "0f8fad5b-d9cb-469f-a165-70867728950e"
XML = f"""<?xml version="1.0"?><data id="{NAME}" xmlns="http://openrosa.org/{LOWER}">
<{LOWER} phone="{PHONE}">{MAIL}</{LOWER}><!-- {NAME} --><meta><userID>{TOKEN}</userID></meta></data>"""
HEADERS = [("Authorization", f"Basic {TOKEN}"), ("Cookie", f"AuthSession={TOKEN}; userCtx={NAME}"), (f"X-{LOWER}", "1"),
           ("X-Forwarded-For", PHONE), ("User-Agent", NAME), ("Accept", f"application/{LOWER}"),
           ("Content-Type", f"application/json; name={LOWER}"), ("Referer", f"/people/{LOWER}"), ("If-Match", TOKEN)]
ANSWERED = [("Set-Cookie", f"{LOWER}={TOKEN}; Path=/{LOWER}"), ("Location", f"/{LOWER}/{PHONE}?a={MAIL}"),
            ("WWW-Authenticate", f'Basic realm="{NAME}"'), ("Allow", f"GET, {LOWER}"), ("ETag", TOKEN), ("Vary", LOWER),
            ("Content-Disposition", f'attachment; filename="{NAME}.csv"'), ("Link", f"</{LOWER}>"), ("Server", NAME)]
NESTED = {LOWER: 1, "name": NAME, "phone": PHONE, NAME: {TOKEN: [MAIL, {"born": "1987-06-05", "note": f"of {NAME}"}]},
          "error": f"no {LOWER} here", "parent": {"_id": PERSON, "name": f'["{NAME}"]'}, "age": 254711000001,
          "x": 1987.06}


@pytest.fixture(scope="module")
def routes():
    return create_app(Config(vendor=("cht",), size=0))


@pytest.fixture
def recorded(routes, tmp_path):
    """What the fixture holds of exchanges: `(method, target, headers, body)` and the answer."""
    def record(*exchanges):
        proxy = RecordingProxy("cht", Forward("http://127.0.0.1"), Recorder("cht", "live", "", None), routes, "t0a1b2c")
        proxy.fixture = Fixture(tmp_path / "made" / "fixture.jsonl", names(routes.vendors["cht"].operations))
        for (method, target, headers, body), answer in exchanges:
            environ = {"REQUEST_METHOD": method, "HTTP_HOST": "127.0.0.1", "mocksrv.target": target}
            environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}
            environ |= {"CONTENT_TYPE": dict(headers).get("Content-Type", "")}
            proxy.pass_on = lambda *_, answer=answer: answer
            proxy.answer(environ, target, body)
        text = (tmp_path / "made" / "fixture.jsonl").read_text("utf-8")  # before it is closed: it has all at once
        proxy.fixture.close()
        return text, [json.loads(line) for line in text.splitlines()]

    return record


@pytest.mark.parametrize("target", [
    f"/api/v1/person/{PERSON}?name=Amina%20Wanjiku&{LOWER}={PHONE}&token={TOKEN}", f"/api/v1/person/{LOWER}",
    "/api/v1/person/Amina%20Wanjiku", f"/no/such/{LOWER}/{PHONE}?{TOKEN}", f"/medic/login/token/{TOKEN}",
    f"/medic/{MAIL}?rev=1-{TOKEN}", f"/medic-user-{LOWER}-meta/_all_docs?startkey=%22Amina%22",
])
@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", json.dumps([NESTED])), ("text/plain", json.dumps(NESTED)), ("application/json", f"{{{NAME}"),
    ("application/json", "\n".join([json.dumps(NESTED)] * 2)), ("text/xml", XML), ("text/xml", f"<{LOWER}"),
    ("application/xml", XML), ("text/csv", f"name,{LOWER},{PHONE}\n{NAME},{MAIL},1987-06-05\n"), ("", NAME),
    ("application/x-www-form-urlencoded", f"name=Amina+Wanjiku&{LOWER}={TOKEN}"), ("text/html", f"<p>{NAME}</p>"),
    (f"multipart/form-data; boundary={LOWER}", f'--{LOWER}\r\nContent-Disposition: form-data; name="{NAME}"\r\n\r\nx'),
    ("application/octet-stream", NAME), (f"application/{LOWER}", NAME),
])
def test_nothing_personal_passes_from_any_place(recorded, target, kind, body):
    sent = [*[pair for pair in HEADERS if pair[0] != "Content-Type"], ("Content-Type", kind)]
    text, lines = recorded(*(((method, target, headers, body.encode()),
                              Answer(status, [*ANSWERED, ("Content-Type", kind)], body.encode()))
                             for method, headers, status in (("GET", sent, 200), ("POST", HEADERS, 400),
                                                             ("PUT", sent, 201))))
    assert len(lines) == 3
    assert [word for word in PERSONAL if word in text or word in json.dumps(lines, ensure_ascii=True)] == []


def test_the_structure_stays(recorded):
    doc = {"_id": PERSON, "_rev": f"1-{'a' * 32}", "type": "person", "name": NAME, "reported_date": 1_700_000_000_000,
           "parent": {"_id": PERSON}, "contact": None}
    _, (line,) = recorded((("GET", f"/api/v1/person/{PERSON}?with_lineage=true",
                            [("Authorization", f"Basic {TOKEN}"), ("Accept", "application/json")], b""),
                           Answer(200, [("Content-Type", "application/json; charset=utf-8"), ("ETag", TOKEN)],
                                  json.dumps(doc).encode())))
    made = "00000000-0000-4000-8000-000000000001"
    assert line == {
        "case": "", "operation": "get_person",
        "request": {"method": "GET", "path": f"/api/v1/person/{made}", "query": [["with_lineage", "true"]],
                    "headers": {"Authorization": "Basic", "Accept": "application/json"}, "body": "empty"},
        "response": {"status": 200, "headers": {"Content-Type": "application/json; charset=utf-8", "Etag": "..."},
                     "body": {"json": {"_id": made, "_rev": line["response"]["body"]["json"]["_rev"], "type": "word_3",
                                       "name": "Text 4", "reported_date": 946_684_800_000, "parent": {"_id": made},
                                       "contact": None}}}}


TIMES = st.sampled_from(["2026-11-22T10:11:12.123Z", "2026-11-22 10:11", "2026-11-22T10:11:12+03:00", "10:11:12.5+0300",
                         "10:11+03", "2026-11-22 10:11:12 UTC", "Sun, 22 Nov 2026 10:11:12 GMT", "2026-11-22"])
FORMATS = r"[0-9a-f]{24}|[0-9A-F]{32}|\+?\d{6,12}|-?\d+(\.\d+)?|/\w+|\?\w=\w|[A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"
TEXTS = TIMES | st.text(string.printable) | st.from_regex(FORMATS, fullmatch=True)


@given(TEXTS)
@settings(deadline=None)
def test_a_made_up_value_has_the_format_of_the_other(text):
    made = Samples(frozenset()).text(text)
    assert text_format(made) == text_format(text)


@given(st.recursive(st.text() | st.integers() | st.floats() | st.booleans() | st.none(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
@settings(deadline=None)
def test_a_value_is_the_same_wherever_it_stands(value):
    samples = Samples(frozenset())
    assert samples.value(value, {}) == samples.value(value, {})
    json.dumps(samples.value(value, {}), allow_nan=False)
