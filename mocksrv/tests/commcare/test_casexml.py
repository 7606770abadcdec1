"""Case blocks, and cases as the fold of their forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare.form_processor import casexml, processing

MOMENT = "2024-03-05T08:09:10.123000Z"
RECEIVED = "2024-03-05T08:10:00.000000Z"
SOURCE = casexml.Source("f1", "demo", RECEIVED, "phone-user")


def block(case_id="c1", *, modified=MOMENT, user="u1", **parts):
    return {"@case_id": case_id, "@date_modified": modified, "@user_id": user, "@xmlns": casexml.NAMESPACE, **parts}


def form(*blocks, form_id="f1", **fields):
    return {"#type": "data", "@xmlns": "http://example.org/x", "case": list(blocks),
            "meta": {"instanceID": form_id, "userID": "phone-user"}, **fields}


CREATE = {"case_type": "child", "case_name": "Rose", "owner_id": "o1"}


def apply(*blocks):
    case = None
    for update in casexml.updates(form(*blocks)):
        case = casexml.apply(None, update, SOURCE)
    return case


def fold(*blocks):
    return folded("c1", [(SOURCE, form(*blocks))])


def folded(case_id, forms):
    return casexml.fold((source, casexml.by_case(form).get(case_id, ())) for source, form in forms)


def test_create():
    case = fold(block(create=CREATE, update={"age": "3", "external_id": "GV-1"}))
    assert case == {
        "case_id": "c1", "domain": "demo", "case_type": "child", "case_name": "Rose", "owner_id": "o1",
        "external_id": "GV-1", "opened_by": "u1", "closed_by": None, "user_id": "u1", "date_opened": MOMENT,
        "date_modified": MOMENT, "server_date_opened": RECEIVED, "server_date_modified": RECEIVED, "closed": False,
        "date_closed": None, "indices": {}, "properties": {"age": "3"}, "xform_ids": ["f1"], "indexed_on": None}


@pytest.mark.parametrize(("parts", "expected"), [
    ({"update": {"case_name": "Ann", "case_type": "girl", "owner_id": "o2"}},
     {"case_name": "Ann", "case_type": "girl", "owner_id": "o2"}),
    ({"update": {"name": "Ann"}}, {"case_name": "Ann"}),
    ({"update": {"case_name": "", "case_type": "", "external_id": ""}},
     {"case_name": "", "case_type": "", "external_id": "", "owner_id": "o1"}),
    ({"update": {"owner_id": ""}}, {"owner_id": "u1"}),  # falls to the user
    ({"update": {"case_name": {"@x": "1", "#text": "Ann"}}}, {"case_name": "{'@x': '1', '#text': 'Ann'}"}),
    ({"update": {"location_id": "x", "supply_point_location_id": "y", "@z": "1"}}, {"properties": {"@z": "1"}}),
    ({"update": {"hq_user_id": "77"}}, {"external_id": "77", "properties": {"hq_user_id": "77"}}),
    ({"update": {"age": ["1", "2"], "photo": {"@src": "a", "#text": "b"}, "note": {"@x": "y"}}},
     {"properties": {"age": "2", "photo": {"@src": "a", "#text": "b"}, "note": {"@x": "y"}}}),
    ({"update": {"date_modified": "x", "case_id": "y", "user_id": "z"}}, {"properties": {}}),
    ({"update": {"date_opened": "2020-01-02"}}, {"date_opened": "2020-01-02T00:00:00.000000Z"}),
    ({"update": {"date_opened": "2020-1"}}, {"date_opened": "2020-01-01T00:00:00.000000Z"}),
    ({"update": {"case_name": ["Ann", "Bea"], "owner_id": ["x", "y"]}},
     {"case_name": "['Ann', 'Bea']", "owner_id": "['x', 'y']"}),  # repeated: a Python list
    ({"update": {"name": {"@x": "1", "#text": "Ann"}}}, {"case_name": "{'@x': '1', '#text': 'Ann'}"}),
    ({"update": {"name": ["Ann", "Bea"]}}, {"case_name": "Bea"}),
    ({"index": {"parent": {"@case_type": "home", "@relationship": "cousin"}}}, {"indices": {}}),
    ({"close": ""}, {"closed": True, "date_closed": MOMENT, "closed_by": "u1"}),
    ({"index": {"parent": {"@case_type": "home", "#text": "c9"}}},
     {"indices": {"parent": {"case_id": "c9", "case_type": "home", "relationship": "child"}}}),
    ({"index": {"host": {"@case_type": "home", "@relationship": "extension", "#text": "c9"}}},
     {"indices": {"host": {"case_id": "c9", "case_type": "home", "relationship": "extension"}}}),
    ({"index": {"parent": {"@case_type": "home"}}}, {"indices": {}}),
    ({}, {"properties": {}, "closed": False}),
])
def test_one_more_block(parts, expected):
    case = fold(block(create=CREATE), block(**parts))
    assert {name: case[name] for name in expected} == expected
    assert case["xform_ids"] == ["f1"]


def test_an_index_is_removed_by_an_empty_id():
    index = {"parent": {"@case_type": "home", "#text": "c9"}}
    assert fold(block(create=CREATE, index=index), block(index={"parent": {"@case_type": "home"}}))["indices"] == {}


def test_creation_comes_first_wherever_it_stands():
    case = fold(block(update={"case_name": "Later"}), block(create=CREATE))
    assert case["case_name"] == "Later"


def test_an_update_may_come_before_the_creation():
    case = fold(block(update={"age": "3"}))
    assert (case["case_type"], case["owner_id"], case["opened_by"], case["date_opened"]) == ("", "u1", "u1", MOMENT)


def test_what_a_block_leaves_out():
    case = fold(block(user="", modified=None, create={"case_type": "child", "case_name": "Rose"}))
    assert (case["user_id"], case["owner_id"], case["date_modified"]) == ("phone-user", "phone-user", RECEIVED)


def test_the_phone_time_never_goes_back():
    case = fold(block(create=CREATE), block(modified="2020-01-01T00:00:00.000000Z", update={"age": "1"}))
    assert case["date_modified"] == MOMENT
    assert case["properties"] == {"age": "1"}


def test_blocks_are_found_anywhere_but_not_inside_each_other():
    inner = block("c2")
    found = list(casexml.blocks({"group": [{"case": block("c1", extra={"case": inner})}, {"deep": {"case": inner}}],
                                 "case": "a question"}))
    assert [item["@case_id"] for item in found] == ["c1", "c2"]
    assert list(casexml.blocks({"@xmlns": "http://code.javarosa.org/devicereport", "case": inner})) == []


@pytest.mark.parametrize(("bad", "problem"), [
    (block(""), "IllegalCaseId: case_id must not be empty"),
    (block(modified="yesterday"), "PhoneDateValueError: 'yesterday'"),
    (block(modified="2024-02-30"), "PhoneDateValueError: '2024-02-30'"),
    (block(referral={"id": "1"}), "UsesReferrals: Sorry, referrals are no longer supported!"),
    (block(create={**CREATE, "case_name": "x" * 256}),
     "CaseValueError: Error processing case update: Field: name, Error: Value exceeds allowed length: 255"),
    (block(update={"date_opened": "soon"}),
     "CaseValueError: Error processing case update: Field: opened_on, Error: Unable to parse date string 'soon'"),
    (block(create={**CREATE, "date_opened": ""}),
     "CaseValueError: Error processing case update: Field: opened_on, Error: Unable to parse date string ''"),
    (block(update={"date_opened": "2024-13-01"}),
     "CaseValueError: Error processing case update: Field: opened_on, Error: month must be in 1..12"),
    (block(update={"date_opened": {"@x": "1"}}), "CaseValueError: Error processing case update: Field: opened_on, "
                                                 "Error: expected string or bytes-like object, got 'dict'"),
    (block(update={"owner_id": "x" * 256, "external_id": "y" * 256}),
     "CaseValueError: Error processing case update: Field: external_id, Error: Value exceeds allowed length: 255"),
    (block(modified="2024-W10"), "PhoneDateValueError: '2024-W10'"),
])
def test_known_errors(bad, problem):
    with pytest.raises(casexml.CaseError) as caught:
        apply(bad)
    assert (caught.value.problem, type(caught.value)) == (problem, casexml.CaseError)


@pytest.mark.parametrize("bad", [
    {"@case_id": "c1"},
    {"case_id": "c1"},
    {"@case_id": "c1", "@xmlns": "http://elsewhere.org"},
    {"case_id": "c1", "@xmlns": casexml.NAMESPACE},
    block(index={"parent": "c9"}),
    block(index={"parent": {"@case_type": "x", "@relationship": "cousin", "#text": "c9"}}),
])
def test_errors_that_hq_does_not_expect(bad):
    with pytest.raises(casexml.CaseCrash):
        apply(bad)


@pytest.mark.parametrize(("bad", "problem"), [
    ([{"@case_id": "a", "@xmlns": "http://elsewhere.org"}, block(modified="soon")], "PhoneDateValueError"),
    ([block("", referral={"id": "1"})], "IllegalCaseId"),
    ([block("b", update={"date_opened": ""}), block("a", referral={"id": "1"})], "UsesReferrals"),  # by case
])
def test_of_two_errors_the_one_that_hq_finds_first(bad, problem):
    with pytest.raises(casexml.CaseError) as caught:
        apply(*bad)
    assert caught.value.problem.startswith(f"{problem}: ")


def test_what_hqs_database_cannot_hold():
    long = "x" * 256
    for case in (apply(block(long)), apply(block(update={"name": long})), apply(block(user=long)),
                 apply(block(index={long: {"@case_type": "home", "#text": "c9"}}))):
        with pytest.raises(casexml.CaseCrash):
            casexml.check_columns([case])
    casexml.check_columns([apply(block(create=CREATE, update={"long": long}))])


# --- the law: every case is the fold of its forms ------------------------------------------------------------

IDS = st.sampled_from(["c1", "c2", "c3"])
TEXT = st.sampled_from(["", "a", "b", "long " * 3])
PARTS = st.fixed_dictionaries({}, optional={
    "create": st.fixed_dictionaries({"case_type": TEXT, "case_name": TEXT, "owner_id": TEXT}),
    "update": st.dictionaries(st.sampled_from(["p", "q", "case_name", "external_id", "owner_id"]), TEXT, max_size=3),
    "close": st.just(""),
    "index": st.dictionaries(st.sampled_from(["parent", "host"]), st.fixed_dictionaries(
        {"@case_type": st.just("t"), "#text": IDS | st.just("") | st.just("nobody")}), max_size=1),
})
STEPS = st.lists(st.tuples(st.sampled_from(["f1", "f2", "f3", "f4"]), st.lists(st.tuples(IDS, PARTS), max_size=3)),
                 max_size=8)


@pytest.fixture(scope="module")
def origin():
    app = create_app(Config(vendor=("commcare",), size=0))
    yield app.worlds.origin
    app.worlds.close()


@given(STEPS)
def test_case_state_is_the_fold_of_its_forms(origin, steps):
    """New forms, edits under a known id, duplicates and failures in any order."""
    world = origin.fork("law")
    forms, failed = world.table("commcare.forms"), set()
    for form_id, parts in steps:
        known = form_id in forms
        processing.store(world, "demo", form(*(block(id, **part) for id, part in parts), form_id=form_id))
        if known and form_id not in forms:
            failed.add(form_id)
    for case in world.table("commcare.cases").all():
        if case["domain"] != "demo" or not failed.isdisjoint(case["xform_ids"]):
            continue  # an edit that failed took its form out of the lists, and the next one counts as new, as in HQ
        held = [forms.peek(id) for id in case["xform_ids"]]
        expected = folded(case["case_id"], [(processing.source_of(doc), doc["form"]) for doc in held])
        same = {k: v for k, v in case.items() if k not in ("indexed_on", "server_date_modified")}
        assert same == {k: v for k, v in expected.items() if k in same}
        assert case["server_date_modified"] >= expected["server_date_modified"]


def test_the_made_up_cases_are_the_fold_of_their_forms():
    app = create_app(Config(vendor=("commcare",), size=120))
    world = app.worlds.origin
    forms, cases = world.table("commcare.forms"), world.table("commcare.cases")
    assert len(cases) > 100
    for case in cases.all():
        held = [(processing.source_of(forms.peek(id)), forms.peek(id)["form"]) for id in case["xform_ids"]]
        assert dict(case) == {**folded(case["case_id"], held), "indexed_on": case["indexed_on"]}
        assert all(index["case_id"] in cases for index in case["indices"].values())
    app.worlds.close()


@given(STEPS)
def test_every_write_is_indexed_later_than_the_one_before(origin, steps):
    world = origin.fork("order")
    world.clock.freeze()
    last = {"commcare.forms": "", "commcare.cases": ""}
    for form_id, parts in steps:
        before = {name: world.table(name).version for name in last}
        outcome = processing.store(world, "demo", form(*(block(id, **part) for id, part in parts), form_id=form_id))
        written = [("commcare.forms", [outcome.form_id]), ("commcare.cases", [c["case_id"] for c in outcome.cases])]
        for name, ids in written:
            if outcome.kind == "normal" and world.table(name).version != before[name]:
                for id in ids:
                    assert world.table(name).peek(id)["indexed_on"] > last[name]
                    last[name] = world.table(name).peek(id)["indexed_on"]


def test_many_at_once_gives_what_one_by_one_gives(origin):
    sent = [processing.Submission("demo", form(block(f"c{n % 7}", create={**CREATE, "case_name": f"n{n}"}),
                                               form_id=f"f{n}"), received_on=f"2024-01-01T00:00:{n:02}.000000Z")
            for n in range(40)]
    one, many = origin.fork("one"), origin.fork("many")
    for world in (one, many):
        for name in ("commcare.forms", "commcare.cases"):
            for id in list(world.table(name).ids()):
                world.table(name).delete(id)
    for submission in sent:
        processing.submit(one, submission)
    processing.load(many, sent)
    for name in ("commcare.forms", "commcare.cases"):
        singles, all_at_once = ({id: {**world.table(name).get(id), "indexed_on": 0} for id in world.table(name).ids()}
                                for world in (one, many))
        assert singles == all_at_once
        assert len(singles) == {"commcare.forms": 40, "commcare.cases": 7}[name]


def test_an_edited_form_is_read_as_often_as_it_has_cases(monkeypatch):
    app = create_app(Config(vendor=("commcare",), size=0))
    world, read, count = app.worlds.origin.fork("edited"), casexml.read, 0

    def counted(one):
        nonlocal count
        count += 1
        return read(one)

    blocks = [block(f"c{number}", create=CREATE) for number in range(50)]
    processing.store(world, "demo", form(*blocks))
    monkeypatch.setattr(casexml, "read", counted)
    outcome = processing.store(world, "demo", form(*blocks, more="1"))
    app.worlds.close()
    assert (outcome.kind, outcome.problem) == ("normal", None)
    assert len(blocks) <= count <= 3 * len(blocks)
