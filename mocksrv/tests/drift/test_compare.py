"""Which answers differ: never by what is data, always by one changed fact."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mocksrv.drift import Unusable, add, compare, document, load, merge, save, shape, unreached
from mocksrv.drift.compare import KINDS
from mocksrv.drift.json_shape import Declared

DECLARED = Declared({("state",): frozenset({"open", "closed"})})
# Makers of values, by format: no two are of one type as far as a comparison can tell.
SCALARS = {
    "text": lambda rng: rng.choice(["Ann Smith", "x", "", "0712", "a@b.org", "-1.5"]),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "hex": lambda rng: f"{rng.getrandbits(128):032x}",
    "revision": lambda rng: f"{rng.randint(1, 99)}-{rng.getrandbits(128):032x}",
    "date": lambda rng: moment(rng).date().isoformat(),
    "zulu": lambda rng: moment(rng).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rng.randint(0, 999):03d}Z",
    "offset": lambda rng: moment(rng).strftime("%Y-%m-%dT%H:%M:%S+03:00"),
    "naive": lambda rng: moment(rng).strftime("%Y-%m-%d %H:%M:%S"),
    "rfc": lambda rng: format_datetime(moment(rng), usegmt=True),
    "url": lambda rng: f"https://x{rng.randint(1, 9)}.org/{rng.randint(1, 9)}",
    "number": lambda rng: rng.choice([rng.randint(-99, 99), rng.random() + 0.001]),
    "whole": lambda rng: float(rng.randint(1, 99)),
    "seconds": lambda rng: int(moment(rng).timestamp()),
    "milliseconds": lambda rng: int(moment(rng).timestamp() * 1000),
    "boolean": lambda rng: rng.random() < 0.5,
}
TIMES = ("zulu", "offset", "naive", "rfc")
# Numbers may be whole or not: only these pairs are two ways of writing.
SAME = ({"number", "whole"}, {"number", "seconds"}, {"number", "milliseconds"}, {"whole", "number"})
VOLATILE = ("Date", "Server", "Connection", "X-Couch-Request-ID", "X-Amzn-Trace-Id")
TEMPLATES = st.recursive(
    st.sampled_from(sorted(SCALARS)),
    lambda inner: st.dictionaries(st.sampled_from("abcdefg"), inner, min_size=1, max_size=4).map(
        lambda members: ("object", members)) | inner.map(lambda one: ("array", one)), max_leaves=10).map(
    lambda one: ("object", {"state": "enum", "first": "text", "second": "boolean", "when": "zulu", "rest": one}))
HEAD = '{{"vendor": "a", "version": "1", "date": "2026-11-22", "target": "{}", "operations": {}}}'
RNG = st.randoms(use_true_random=False)


def moment(rng):
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(10**8))


def value_of(template, rng, path=""):
    if isinstance(template, str):
        return rng.choice(["open", "closed"]) if template == "enum" else SCALARS[template](rng)
    kind, inner = template
    if kind == "array":  # too few for an order
        return [value_of(inner, rng) for _ in range(rng.randint(1, 4))]
    return {key: value_of(member, rng) for key, member in inner.items()}


def answer(value, rng, status=200, headers=()):
    headers = [["Content-Type", "application/json"], ["ETag", f'"{rng.getrandbits(128):032x}"'], *headers,
               *([name, str(rng.random())] for name in VOLATILE if rng.random() < 0.5)]
    rng.shuffle(headers)
    return {"status": status, "method": "GET", "headers": headers, "body": json.dumps(value).encode()}


def sides(mock, live, **more):
    """Two documents of one case each."""
    made = []
    for target, one in (("mock", mock), ("live", live)):
        made.append(document("cht", "4.15.0", "2026-11-22", target))
        add(made[-1], "get_person", "test_x.py::test_one", shape(one, declared=DECLARED, **more))
    return made


def differences(mock, live, **more):
    return compare(*sides(mock, live, **more))


def found(mock, live, **more):
    return [(one.where, one.kind) for one in differences(mock, live, **more)]


def places(template, path=""):
    """Every part of a template, with where it stands."""
    yield path, template
    if not isinstance(template, str):
        kind, inner = template
        for key, member in inner.items() if kind == "object" else [("*", inner)]:
            yield from places(member, f"{path}/{key}")


def changed(template, path, change):
    """The template with a change where the path leads."""
    if not path:
        return change(template)
    kind, inner = template
    step, _, rest = path[1:].partition("/")
    rest = f"/{rest}" if rest else ""
    if kind == "array":
        return kind, changed(inner, rest, change)
    return kind, {key: changed(member, rest, change) if key == step else member for key, member in inner.items()}


@given(template=TEMPLATES, rng=RNG)
def test_other_values_of_the_same_formats_are_no_difference(template, rng):
    one, other = (answer(value_of(template, rng), rng) for _ in range(2))
    assert found(one, one) == []
    assert found(one, other) == []


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(template=TEMPLATES, rng=RNG, data=st.data())
@pytest.mark.parametrize("mutation", ["dropped", "added", "type", "time", "order"])
def test_one_changed_fact_of_a_body_is_one_difference(mutation, template, rng, data):
    def pick(check):
        fit = [(path, part) for path, part in places(template) if check(part)]
        assume(fit)
        return data.draw(st.sampled_from(fit))

    if mutation in ("dropped", "added"):
        path, (_, members) = pick(lambda part: part[0] == "object")
        key = data.draw(st.sampled_from(sorted(members)))
        less = changed(template, path, lambda part: (part[0], {k: v for k, v in part[1].items() if k != key}))
        pair = (template, less) if mutation == "dropped" else (less, template)
        expected = f"{path}/{key}", {"dropped": "field removed", "added": "field added"}[mutation]
    elif mutation == "order":
        path, _ = pick(lambda part: part[0] == "object" and len(part[1]) > 1)
        turned = changed(template, path, lambda part: (part[0], dict(reversed(part[1].items()))))
        pair, expected = (template, turned), (path, "order")
    else:
        scalars = TIMES if mutation == "time" else tuple(SCALARS)
        path, old = pick(lambda part: part in scalars)
        new = data.draw(st.sampled_from([one for one in scalars if one != old and {one, old} not in SAME]))
        pair, expected = (template, changed(template, path, lambda part: new)), (path, "type")
    mock, live = (answer(value_of(side, rng), rng) for side in pair)
    assume(no_empty_text(expected, mock, live))
    assert found(mock, live) == [(f"/body{expected[0]}", expected[1])]


def no_empty_text(expected, *answers):
    """An empty text may be of any format, so it hides a change of format."""
    return expected[1] != "type" or b'""' not in b"".join(one["body"] for one in answers)


@pytest.mark.parametrize(("change", "where", "kind", "mock", "live"), [
    ({"status": 201}, "/status", "status", "200", "201"),
    ({"headers": {"Content-Type": "application/json; charset=utf-8"}}, "/headers/content-type", "header",
     "application/json", "application/json; charset=utf-8"),
    ({"headers": {"Content-Type": "text/html"}}, "/headers/content-type", "header", "application/json", "text/html"),
    ({"headers": {"ETag": None}}, "/headers/etag", "header", 'W/"<size-hash>"', "-"),
    ({"headers": {"Vary": "Accept"}}, "/headers/vary", "header", "-", "Accept"),
    ({"headers": {"Set-Cookie": "b=5; Path=/"}}, "/headers/set-cookie/b", "header", "b=<value>; Path=/; HttpOnly",
     "b=<value>; Path=/"),
    ({"state": "on-hold"}, "/body/state", "enum", "open", "on-hold"),
    ({"total": 3.0}, "/body/total", "type", "integer", "number whole"),
    ({"total": "3"}, "/body/total", "type", "integer", "string integer"),
    ({"rows": {}}, "/body/rows", "type", "array", "object"),
    ({"at": 1_700_000_000}, "/body/at", "type", "integer milliseconds", "integer seconds"),
    ({"rows": [{"id": number, "name": "abcdefg"[number]} for number in (3, 1, 4, 6, 2, 0, 5)]}, "/body/rows", "order",
     "by id, name", "by none of its members"),
    ({"rows": [{"id": number, "name": "abcdefg"[number]} for number in range(6, -1, -1)]}, "/body/rows", "order",
     "by id, name", "by -id, -name"),
])
def test_each_kind_of_difference(change, where, kind, mock, live):
    value = {"state": "open", "total": 3, "at": 1_700_000_000_000,
             "rows": [{"id": number, "name": "abcdefg"[number]} for number in range(7)]}
    headers = {"Content-Type": "application/json", "ETag": 'W/"61-CZ1HoZhSG31xcZTO47xLjFigiGA"',
               "Set-Cookie": "b=1; Path=/; HttpOnly"}

    def made(status=200, headers=None, **members):
        given_headers = {**base_headers, **(headers or {})}
        return {"status": status, "method": "GET", "body": json.dumps({**value, **members}).encode(),
                "headers": [pair for pair in given_headers.items() if pair[1] is not None]}

    base_headers = headers
    (one,) = differences(made(), made(**change))
    assert (one.where, one.kind, one.mock, one.live) == (where, kind, mock, live)
    assert kind in KINDS


@pytest.mark.parametrize(("mock", "live", "expected"), [
    ({"error": "Not found"}, {"error": "Not here"}, [("/body/error", "text")]),
    ({"error": "No person Ann 1990-01-01"}, {"error": "No person Ann 1991-02-03"}, []),
    ({"errors": {"name": ["required"]}}, {"errors": {"name": ["missing", "required"]}},
     [("/body/errors/name/*", "text")]),
    ({"name": "Not found"}, {"name": "Not here"}, []),
    ({"error": "Not found"}, {"error": {"message": "Not found"}}, [("/body/error", "type")]),
    ("Not found", "Not here", [("/body", "text")]),
])
def test_words_of_errors(mock, live, expected):
    rng = random.Random(1)
    assert found(*(answer(value, rng, status=404) for value in (mock, live))) == expected


@pytest.mark.parametrize(("mock", "live"), [
    ({"a": None}, {"a": "x"}), ({"a": 1}, {"a": None}), ({"a": []}, {"a": [1]}), ({"a": [1]}, {"a": [None, "x", 1]}),
    ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2, "c": 3}]}), ({"a": [{"b": 1, "c": 2}, {"b": 1}]}, {"a": [{"b": 1}]}),
    ({"a": 1}, {"a": 1.5}), ({"a": ""}, {"a": "2026-01-31"}), ({"a": "x y"}, {"a": "0712345678"}),
    ({"2026-01-31": 1}, {}), ({"a": {}}, {"a": {"8f14e45f-ceea-467f-ab3c-0123456789ab": 1}}),
    ({"state": "open"}, {"state": "closed"}), ({"a": [3, 1, 2, 5, 4, 7, 6]}, {"a": [1, 2, 3, 4, 5, 6, 7]}),
    ({"a": [1, 2, 3, 4, 5, 6, 7]}, {"a": [2, 1]}),
    ({"a": ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00+03:00"]}, {"a": ["2026-01-31T10:00:00Z"]}),
    ({"a": [{"b": 1, "c": 2}, {"c": 1}]}, {"a": [{"c": 1, "b": 2}, {"c": 1}]}),
])
def test_what_depends_on_the_data_is_no_difference(mock, live):
    rng = random.Random(1)
    assert found(*(answer(value, rng) for value in (mock, live))) == []


def test_an_order_that_a_sides_own_rows_do_not_keep_is_no_fact():
    rng = random.Random(1)
    mock, live = {"rows": [{"a": 1, "b": 2}]}, {"rows": [{"b": 1, "a": 2}, {"a": 1, "b": 2}]}
    assert found(answer(mock, rng), answer(live, rng)) == []
    assert found(answer(mock, rng), answer({"rows": live["rows"][:1]}, rng)) == [("/body/rows/*", "order")]


def test_the_order_of_the_keys_that_both_have_is_compared_too():
    rng = random.Random(1)
    mock, live = (answer(value, rng) for value in ({"a": 1, "b": 2, "c": 3}, {"b": 2, "a": 1}))
    assert found(mock, live) == [("/body/c", "field removed"), ("/body", "order")]


def test_a_new_format_of_times_on_the_live_side_is_one():
    rng = random.Random(1)
    mock, live = ({"a": ["2026-01-31T10:00:00Z", *more]} for more in ([], ["2026-01-31T10:00:00+03:00"]))
    assert found(answer(mock, rng), answer(live, rng)) == [("/body/a/*", "type")]


def test_csv_and_xml_are_compared_like_json():
    def made(kind, body):
        return {"status": 200, "method": "GET", "headers": [["Content-Type", kind]], "body": body}

    def csv(body):
        return made("text/csv", body)

    def xml(body):
        return made("text/xml", body)

    assert found(csv(b"id,name\n1,Ann\n"), csv(b"id,name\n")) == []
    assert found(csv(b"id,name\n1,Ann\n"), csv(b"name,id\nAnn,1\n")) == [("/body/*", "order")]
    assert found(csv(b"id,name\n1,Ann\n"), csv(b"id\n1\n")) == [("/body/*/name", "field removed")]
    assert found(xml(b"<a><b/><b/></a>"), xml(b"<a><b>x</b></a>")) == []
    assert found(xml(b"<a><b/></a>"), xml(b"<a><b c='1'/></a>")) == [("/body/a/*/b/*/@c", "field added")]
    assert found(xml(b"<a xmlns='urn:x'/>"), xml(b"<a xmlns='urn:y'/>")) == [("/body", "type")]
    assert found(csv(b"id\n"), csv(b"")) == [("/body", "type")]


def documents(status=200, **cases):
    """Documents of both sides, from (mock's body, live's body) by case; None: the side did not get there."""
    rng = random.Random(1)
    made = [document("cht", "4.15.0", "2026-11-20", "mock"), document("cht", "4.15.0", "2026-11-22", "live")]
    for case, values in cases.items():
        for side, value in zip(made, values, strict=True):
            if value is not None:
                add(side, "get_person", case, shape(answer(value, rng, status)))
    return made


def test_the_same_difference_in_many_cases_is_told_once():
    mock, live = documents(one=({"a": 1}, {}), two=({"a": None}, {}), three=({"a": 1, "b": 1}, {"b": 1}))
    (one,) = compare(mock, live)
    assert one.describe() == {"vendor": "cht", "operation": "get_person", "cases": ["one", "three", "two"],
                              "where": "/body/a", "kind": "field removed", "mock": "integer", "live": "-",
                              "since": "2026-11-22"}
    assert compare(mock, live, {one.key: "2026-01-01"})[0].since == "2026-01-01"


def test_cases_of_one_side_alone_are_notes():
    mock, live = documents(one=({}, {}), two=({"a": 1}, None), three=(None, {"a": 1}))
    assert compare(mock, live) == []
    notes = [(note.missing_from, note.cases) for note in unreached(mock, live)]
    assert notes == [("live", ("two",)), ("mock", ("three",))]


def test_formats_of_ids_are_compared_over_all_cases():
    """Who gave an id chose its format; when no case has the mock's, it is another one."""
    uuid, hexadecimal, word = "8f14e45f-ceea-467f-ab3c-0123456789ab", "0" * 31 + "a", "some-name"
    for cases, expected in (
        ({"one": ({"id": uuid}, {"id": hexadecimal})}, ["type"]),
        ({"one": ({"id": uuid}, {"id": hexadecimal}), "two": ({"id": uuid}, {"id": word})}, ["type"]),
        ({"one": ({"id": uuid}, {"id": hexadecimal}), "two": ({"id": uuid}, {"id": uuid})}, []),
        ({"one": ([{"id": uuid}], [{"id": word}]), "two": ([{"id": word}], [])}, []),
        ({"one": ({"of": {"case_id": uuid}}, {"of": {"case_id": word}}), "two": ([{"case_id": word}], [])}, []),
        ({"one": ({"of": {"case_id": uuid}}, {"of": {"case_id": word}}), "two": ([{"id": word}], [])}, ["type"]),
    ):
        assert [one.kind for one in compare(*documents(**cases))] == expected


def test_a_number_that_counts_somebodys_data_is_no_difference():
    """Where the mock says it with other numbers elsewhere; else it is a limit, and a fact."""
    pages = [{"arg_errors": {"page": [f"Number must be between 1 and {n}."]}} for n in (5, 7, 3)]
    for cases, expected in (
        ({"one": (pages[0], pages[1])}, ["text"]),
        ({"one": (pages[0], pages[1]), "two": (pages[2], pages[2])}, []),
        ({"one": (pages[0], {"arg_errors": {"page": ["No such page."]}}), "two": (pages[2], pages[2])}, ["text"]),
    ):
        assert [one.kind for one in compare(*documents(status=400, **cases))] == expected


def test_files_are_stable_and_merge(tmp_path):
    mock, live = documents(b=({"z": 1, "a": 1}, {}), a=({}, {}))
    path = tmp_path / "deep" / "cht.mock.json"
    save(mock, path)
    first = path.read_bytes()
    save(load(path), path)
    assert path.read_bytes() == first
    assert first.index(b'"a": {') < first.index(b'"b": {')
    assert first.index(b'"z": "integer"') < first.index(b'"a": "integer"'), "keys of answers keep their order"
    newer = document("cht", "4.16.0", "2026-11-23", "mock")
    add(newer, "get_person", "b", shape(answer({}, random.Random(1))))
    both = merge(mock, newer)
    assert both["version"] == "4.16.0"
    assert both["operations"]["get_person"].keys() == {"a", "b"}
    assert both["operations"]["get_person"]["b"] == newer["operations"]["get_person"]["b"]
    with pytest.raises(Unusable, match=r"cht \(live\)"):
        merge(mock, live)


@pytest.mark.parametrize(("text", "reason"), [
    ("{", "is not JSON"), ("[]", "it lacks vendor"), ('{"vendor": "cht"}', "it lacks version"),
    (HEAD.format("both", "{}"), "target must be one of mock, live"),
    (HEAD.replace('"a"', '"A<b"').format("live", "{}"), "vendor must be a plain word"),
    (HEAD.format("live", "[]"), "operations"), (HEAD.format("live", '{"x": []}'), "operations"),
    *((HEAD.format("live", f'{{"x": {{"y": {bad}}}}}'), "x, y is no shape") for bad in (
        "{}", '{"status": "200", "headers": {}, "body": ""}', '{"status": 200, "headers": {"a": 1}, "body": ""}',
        '{"status": 200, "headers": {}, "body": {"json": {"object": [1]}}}',
        '{"status": 200, "headers": {}, "body": {"json": {"array": "null"}}}',
        '{"status": 200, "headers": {}, "body": {"json": {"enum": ["a"]}}}',
        '{"status": 200, "headers": {}, "body": {"json": [{}]}}', '{"status": 200, "headers": {}, "body": {"text": 1}}',
        '{"status": 200, "headers": {}, "body": 1}')),
])
def test_a_file_that_is_no_shapes_says_so(tmp_path, text, reason):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(Unusable, match=reason):
        load(file)
    with pytest.raises(Unusable, match="cannot read"):
        load(tmp_path / "y.json")
