"""When a replayed answer counts as the recorded one, and when not."""

import base64
import gzip
import json

import pytest

from contract_tests.replay import Replay

ID, OTHER = "0" * 31 + "a", "0" * 31 + "b"
LONG = "00000000-0000-4000-8000-00000000000a"
JSON, TEXT, CSV = "application/json", "text/plain; charset=utf-8", "text/csv"
METRICS = "text/plain; version=0.0.4; charset=utf-8"


def played(recorded, ours, method="GET"):
    """The problems of one line; answers are (status, content type, body) and further headers."""
    (status, kind, body, *headers), (our_status, our_kind, our_body, *our_headers) = recorded, ours
    replay = Replay("nowhere", 0, ignored_headers=["date"])
    replay.send = lambda request: (our_status, [("Content-Type", our_kind), *our_headers],
                                   our_body if isinstance(our_body, str) else json.dumps(our_body))
    response = {"status": status, "headers": [["content-type", kind], *headers]}
    response |= body if isinstance(body, dict) and body.keys() & {"body_omitted", "body_base64"} else {
        "body": body if isinstance(body, str) else json.dumps(body)}
    return replay.play({"name": "try", "request": {"method": method}, "response": response})


ZIPPED = {"body_base64": base64.b64encode(gzip.compress(b'{"a": 1}')).decode()}
COUNT = "# TYPE hits counter\nhits{{code=\"{}\"}} {}\n"


@pytest.mark.parametrize(("recorded", "ours"), [
    ((200, JSON, {"a": 1, "b": [ID]}), (200, JSON, {"a": 7.5, "b": [OTHER]})),
    ((200, JSON, {"rows": [{"x": 1}, {"y": ""}]}), (200, JSON, {"rows": [{"y": ""}, {"x": 2}]})),
    ((404, JSON, {"error": f"no {ID}"}), (404, JSON, {"error": f"no {OTHER}"})),
    ((400, TEXT, "bad at 2026-11-21T22:56:46.123Z"), (400, TEXT, "bad at 2026-11-22T00:00:00.000Z")),
    ((200, CSV, f"id,n\n{ID},1\nx,2\n"), (200, CSV, f"id,n\nx,3\n{OTHER},1\n")),
    ((200, METRICS, COUNT.format(200, 3)), (200, METRICS, COUNT.format(404, 3))),
    ((200, JSON, ZIPPED), (200, JSON, {"a": 2})),
    ((200, "text/html", {"body_omitted": {}}), (200, "text/html", "<p>")),
    ((302, TEXT, "", ["Location", f"/{ID}"], ["Date", "a"]), (302, TEXT, "", ["location", f"/{OTHER}"], ["X-O", "1"])),
])
def test_the_same_but_for_what_servers_make_up(recorded, ours):
    assert played(recorded, ours) == []


@pytest.mark.parametrize(("recorded", "ours", "said"), [
    ((200, JSON, {}), (201, JSON, {}), "status 200, not 201 {}"),
    ((200, JSON, {}), (200, TEXT, {}), "content type application/json, not text/plain; charset=utf-8"),
    ((200, JSON, {"a": 1}), (200, JSON, {}), "/a is missing"),
    ((200, JSON, {}), (200, JSON, {"a": 1}), "/a is too much"),
    ((200, JSON, {"a": [1]}), (200, JSON, {"a": []}), "/a has 1 elements, not 0"),
    ((200, JSON, {"a": {"b": 1}}), (200, JSON, {"a": {"b": "1"}}), "/a/b is number, not str"),
    ((200, JSON, {"a": True}), (200, JSON, {"a": 1}), "/a is bool, not number"),
    ((200, JSON, ZIPPED), (200, JSON, {}), "/a is missing"),
    ((200, JSON, {"a": 1, "b": 1}), (200, JSON, {"b": 1, "a": 1}), " is a, b, not b, a: order"),
    ((200, JSON, {"a": 17 * 10**11}), (200, JSON, {"a": 17 * 10**8}),
     "/a is 1700000000, not 1700000000000"),
    ((200, JSON, {"_rev": f"2-{ID}"}), (200, JSON, {"_rev": f"1-{ID}"}), f"/_rev is '1-{ID}', not '2-{ID}'"),
    ((200, JSON, {"id": ID}), (200, JSON, {"id": LONG}), f"/id is '{LONG}', not '{ID}'"),
    ((404, JSON, {"error": "x"}), (404, JSON, {"error": "y"}), "error {'error': 'x'}, not {'error': 'y'}"),
    ((400, TEXT, "bad"), (400, TEXT, "Bad"), "text 'bad', not 'Bad'"),
    ((200, CSV, "id,n\n"), (200, CSV, "id,m\n"), "line 'id,n' is missing; line 'id,m' is too much"),
    ((200, METRICS, COUNT.format(200, 3)), (200, METRICS, ""), "line '# TYPE hits counter' is missing"),
    ((302, TEXT, "", ["Location", "/a"]), (302, TEXT, "", ["Location", "/b"]), "header Location '/a', not '/b'"),
    ((302, TEXT, "", ["Location", "/a"]), (302, TEXT, ""), "header Location '/a', not None"),
    ((200, JSON, {}, ["Set-Cookie", "a=1; Path=/"]), (200, JSON, {}), "cookies ['a=1; Path=/'], not []"),
])
def test_what_differs_is_told(recorded, ours, said):
    assert "; ".join(played(recorded, ours)) == said


def test_of_head_the_body_does_not_count_and_hidden_answers_not_at_all():
    assert played((200, JSON, ""), (200, JSON, {"a": 1}), method="HEAD") == []
    replay = Replay("nowhere", 0)
    replay.send = lambda request: (500, [], "")
    assert replay.play({"name": "try", "request": {"method": "GET"}, "response": {"hidden": True}}) == []
