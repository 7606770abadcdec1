"""What no client should send: always CareHQ's own 4xx that names every argument, never a 500; nothing is written."""

from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.drawn import for_each

UNKNOWN_ID = "0123456789abcdef01234567"
CHOICE, REQUIRED, UNKNOWN = "Not a valid choice.", "This field is required.", "Unknown argument."


WRITES = pytest.mark.writes


def tables(world):
    """Every document of the world, of whatever vendor, as a snapshot holds them."""
    world.control("POST", "/snapshots", {"name": world.name})
    try:
        return world.control("GET", f"/snapshots/{world.name}")["tables"]
    finally:
        world.control("DELETE", f"/snapshots/{world.name}")


@pytest.fixture
def unwritten(request, target):
    """Fails if any table of the world is another after the test; in a live account others may write meanwhile."""
    if target == "live":
        yield
        return
    world = request.getfixturevalue("world")
    before = tables(world)
    yield
    assert tables(world) == before


@pytest.fixture
def refused(raw, unwritten):
    """The argument errors of a request; fails if anything was written."""

    def send(method, path, args=(), **sent):
        answer = raw(method, path, args, **sent)
        assert answer.status_code == 400, (answer.status_code, answer.text[:500])
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["hint"] == "One or more arguments are missing or invalid."
        assert all(isinstance(texts, list) and texts for texts in answer.json()["arg_errors"].values())
        return answer.json()["arg_errors"]

    return send


@pytest.mark.parametrize(("args", "errors"), [
    ("per_page=101", {"per_page": ["Number must be between 1 and 100."]}),
    ("per_page=0&page=-1", {"per_page": ["Number must be between 1 and 100."], "page": ["Number must be at least 1."]}),
    ("per_page=1e3&page=1.5", {"per_page": ["Not a valid integer value."], "page": ["Not a valid integer value."]}),
    ("per_page=&page=", {"per_page": ["Not a valid integer value."], "page": ["Not a valid integer value."]}),
    (f"page={'9' * 5000}", {"page": ["Not a valid integer value."]}),
    ("page=999999999999999", {"page": ["Number must be between 1 and {last}."]}),
    ("page={beyond}", {"page": ["Number must be between 1 and {last}."]}),
    ("page=2&filters-q=xyzzy", {"page": ["Number must be between 1 and 1."]}),
    ("sort_by=nonsense&sort_by=--created", {"sort_by": [CHOICE]}),
    ("attributes=nonsense", {"attributes": [CHOICE]}),
    ("attributes=last_name&attributes=Last_Name&attributes=email.domain&attributes=street_address.",
     {"attributes": [CHOICE]}),
    ("attributes=nonsense&sort_by=nonsense&filters-nonsense=1&filters-stage=nonsense&per_page=x&page=0",
     {"attributes": [CHOICE], "sort_by": [CHOICE], "filters-nonsense": [UNKNOWN], "filters-stage": [CHOICE],
      "per_page": ["Not a valid integer value."], "page": ["Number must be at least 1."]}),
    ("filters-nonsense=1&nonsense=1", {"filters-nonsense": [UNKNOWN], "nonsense": [UNKNOWN]}),
    ("page=1&page=1", {"page": ["Only one value is allowed."]}),
    ("filters-q=a&filters-q=b&filters-closed=yes&filters-closed=no",
     {"filters-q": ["Only one value is allowed."], "filters-closed": ["Only one value is allowed."]}),
    ("filters-ids=x&filters-location=0123456789ABCDEF01234567", {"filters-ids": [CHOICE],
                                                                 "filters-location": [CHOICE]}),
    ("filters-modified_after=2026-02-30", {"filters-modified_after": ["Not a valid datetime value."]}),
    ("filters-created_before=2026-01-01%2025:00:00", {"filters-created_before": ["Not a valid datetime value."]}),
    ("filters-stage=lost&filters-stage=new", {"filters-stage": [CHOICE]}),
    ("filters-closed=maybe", {"filters-closed": [CHOICE]}),
    ("filters-q=%FF", {"filters-q": ["Not valid UTF-8 text."]}),
    ("filters-q=%ED%A0%80", {"filters-q": ["Not valid UTF-8 text."]}),
    ("filters-q=a%00b", {"filters-q": ["Null characters are not allowed."]}),
    ("%00=1&%FF=2", {"\0": ["Null characters are not allowed."], "\\udcff": ["Not valid UTF-8 text."]}),
    (f"filters-q={'x' * 50_000}", {"filters-q": ["Field cannot be longer than 255 characters."]}),
    (f"attributes={'x' * 50_000}", {"attributes": ["Field cannot be longer than 255 characters."]}),
    ("=1&a=2", {"": [UNKNOWN], "a": [UNKNOWN]}),
    ("filters.q=a&page-=1", {"filters.q": [UNKNOWN], "page-": [UNKNOWN]}),
])
def test_queries(call, refused, args, errors):
    last = call("GET", "care-enquiries")["page_count"]
    found = refused("GET", "care-enquiries", query=args.replace("{beyond}", str(last + 1)).encode())
    assert found == {name: [text.replace("{last}", str(last)) for text in texts] for name, texts in errors.items()}


NEEDED = {name: [REQUIRED] for name in ("first_name", "funding_type", "last_name", "sales_channel", "service")}
REST = {name: text for name, text in NEEDED.items() if name != "last_name"}
UTF8, NUL, REPEATED = ["Not valid UTF-8 text."], ["Null characters are not allowed."], ["Only one value is allowed."]
LONG = ["Field cannot be longer than 100 characters."]
FORMS = [
    (b"last_name=%FF", {"last_name": UTF8}),
    (b"last_name=a%00", {"last_name": NUL}),
    (b"last_name=a&last_name=b", {"last_name": REPEATED}),
    (b"last_name=" + b"x" * 1_000_000, {"last_name": LONG}),
    (b"last_name=" + b"%C3%AB" * 200_000, {"last_name": LONG}),
    (b"last_name=x&care_requirements=" + b"x" * 1_000_000,
     {"care_requirements": ["Field cannot be longer than 65535 characters."]}),
    (b"last_name=x&%FF=x&a%00=x", {"\\udcff": UTF8, "a\0": NUL}),
    (b"last_name=x&dob=31/01/1940&received=2026-02-30&location=1&sales_channel=" + b"F" * 24,
     {"dob": ["Not a valid date value."], "received": ["Not a valid datetime value."], "location": [CHOICE],
      "sales_channel": [CHOICE]}),
    (b"last_name=x&funding_type=local-authority&genders=male&genders=none&given_age=131&dementia=maybe&email=@&phone=1",
     {"funding_type": [CHOICE], "genders": [CHOICE], "given_age": ["Number must be between 0 and 130."],
      "dementia": [CHOICE], "email": ["Invalid email address."], "phone": ["Not a valid phone number."]}),
]


@pytest.mark.parametrize(("body", "errors"), [
    (b"", {"last_name": [REQUIRED]}), (b"&&&", {"last_name": [REQUIRED]}), *FORMS])
@WRITES
def test_forms_that_create(refused, body, errors):
    assert refused("PUT", "care-enquiries", body=body) == REST | errors


@pytest.fixture
def path(own):
    """The path of an enquiry that may be changed; made before `refused` looks at what is there."""
    return f"care-enquiries/{own['_id']}"


@pytest.mark.parametrize(("body", "errors"), FORMS)
@WRITES
def test_forms_that_update(path, refused, body, errors):
    assert refused("PATCH", path, body=body) == errors


@pytest.fixture
def comment(call, own):
    """The path of a comment that may be deleted."""
    return f"comments/{call('PUT', 'comments', {'comment': 'x', 'care_enquiry': own['_id']})['_id']}"


@WRITES
def test_a_delete_with_malformed_arguments(comment, refused):
    assert refused("DELETE", comment, body=b"a=%FF&b=%00") == {"a": UTF8, "b": NUL}
    names = [f"argument_{at}" for at in range(1_001)]
    assert refused("DELETE", comment, [(name, "x") for name in names]) == dict.fromkeys(names, TOO_MANY)


def test_a_record_asked_for_with_bad_arguments(call, refused):
    stored = f"groups/{call('GET', 'groups')['items'][0]['_id']}"
    assert refused("GET", stored, query=b"attributes=nonsense&page=1&attributes=%FF") == {
        "attributes": UTF8, "page": [UNKNOWN]}
    assert refused("GET", stored, query=b"attributes=nonsense") == {"attributes": [CHOICE]}


TOO_MANY = ["Too many arguments: at most 1000 are allowed."]


@pytest.mark.parametrize(("method", "number"), [
    pytest.param("PUT", 10_000, marks=WRITES), ("GET", 1_500)])
def test_ten_thousand_arguments(refused, method, number):
    names = [f"argument_{at}" for at in range(number)]
    assert refused(method, "care-enquiries", [(name, "x") for name in names]) == {
        **dict.fromkeys(names, TOO_MANY), **(NEEDED if method == "PUT" else {})}


@WRITES
def test_ten_thousand_arguments_of_an_update(path, refused):
    names = [f"argument_{at}" for at in range(10_000)]
    assert refused("PATCH", path, [(name, "x") for name in names]) == dict.fromkeys(names, TOO_MANY)


@WRITES
def test_ten_thousand_values_of_one_argument(refused):
    assert refused("PUT", "care-enquiries", [("genders", "male")] * 10_000) == NEEDED | {"genders": TOO_MANY}


@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", b'{"last_name": "Smith"}'), ("application/json; charset=utf-8", b"{}"),
    ("multipart/form-data; boundary=x",
     b'--x\r\nContent-Disposition: form-data; name="last_name"\r\n\r\nSmith\r\n--x--\r\n'),
    ("text/plain", b"last_name=Smith"), ("text/xml", b"<last_name/>"), ("nonsense", b"x"),
])
@pytest.mark.parametrize(("method", "path"), [
    ("PUT", "care-enquiries"), ("PATCH", f"care-enquiries/{UNKNOWN_ID}"), ("DELETE", f"care-enquiries/{UNKNOWN_ID}"),
    ("POST", "care-enquiries")])
@WRITES
def test_bodies_of_another_type(raw, unwritten, explained, method, path, kind, body):
    answer = raw(method, path, body=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (
        400, {"hint": "Send arguments as application/x-www-form-urlencoded."})
    explained(answer, kind.partition(";")[0])


@WRITES
def test_a_large_body_with_a_wrong_signature(raw, unwritten):
    answer = raw("PUT", "care-enquiries", body=b"last_name=" + b"x" * 8_000_000,
                 headers={"X-CareHQ-Signature": "0" * 64})
    assert (answer.status_code, answer.json()) == (401, {"hint": "The signature does not match the request."})
    assert all(len(value) < 4_000 for value in answer.headers.values())


@WRITES
def test_a_form_may_name_its_charset_and_an_empty_body_any_type(raw, comment):
    form = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert "last_name" not in raw("PUT", "care-enquiries", [("last_name", "x")], headers=form).json()["arg_errors"]
    assert raw("DELETE", comment, headers={"Content-Type": "application/json"}).status_code == 200


@WRITES
def test_a_body_that_is_too_large(raw, unwritten):
    answer = raw("PUT", "care-enquiries", body=b"x=" + b"y" * (16 * 1024 * 1024))
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/json")
    assert answer.json() == {"hint": "Payload Too Large"}


@pytest.mark.parametrize(("path", "args", "status"), [
    ("groups", "attributes=_id&attributes=sales_channel&attributes=name", 200),  # as an integration asks
    ("groups", "attributes=sales_channel&attributes=colour", 400),
    ("locations", "attributes=sales_channel", 400),
    ("groups", "attributes=name.first", 400),
])
def test_unknown_attributes(raw, explained, path, args, status):
    answer = raw("GET", path, query=args.encode())
    assert answer.status_code == status
    assert answer.json().get("arg_errors") == ({"attributes": [CHOICE]} if status == 400 else None)
    explained(answer, f"is no attribute of {path}")


@pytest.mark.mock_only
@pytest.mark.parametrize(("setting", "path", "args", "status"), [
    ("refuse", "groups", "attributes=sales_channel&attributes=name", 400),
    ("refuse", "groups", "attributes=name.first", 400),
    ("ignore", "groups", "attributes=sales_channel&filters-nonsense=1&page=1&page=9", 200),
    ("ignore", "locations", "attributes=name.first", 200),
])
def test_unknown_attributes_by_setting(world, raw, explained, setting, path, args, status):
    world.set(carehq_unknown_arguments=setting)
    test_unknown_attributes(raw, explained, path, args, status)


@pytest.mark.mock_only
def test_the_diagnosis_of_an_unknown_attribute_says_how_much_is_known(raw):
    diagnosis = raw("GET", "invoices", query=b"attributes=totals").headers["X-Mocksrv-Diagnosis"]
    assert "totals is no attribute of invoices; did you mean total" in diagnosis
    assert "29 attributes seen (20 with names); the rest of the page not seen" in diagnosis
    assert "carehq.unknown_arguments=ignore" in diagnosis


@WRITES
def test_unknown_form_fields_are_ignored(raw):
    assert "enquiry_type" not in raw("PUT", "care-enquiries", [("enquiry_type", "x")]).json()["arg_errors"]


@pytest.mark.mock_only
def test_unknown_form_fields_by_setting(world, raw):
    world.set(carehq_unknown_arguments="refuse")
    assert raw("PUT", "care-enquiries", [("enquiry_type", "x")]).json()["arg_errors"]["enquiry_type"] == [UNKNOWN]


@pytest.mark.mock_only
def test_a_near_miss_is_named(raw):
    assert "did you mean filters-stage" in raw("GET", "care-enquiries", [("filters-stag", "new")]).headers[
        "X-Mocksrv-Diagnosis"]
    assert "care-enquiries" in raw("GET", "care-enquirys").headers["X-Mocksrv-Diagnosis"]


NAMES = st.sampled_from([
    "attributes", "page", "per_page", "sort_by", "filters-ids", "filters-q", "filters-closed", "filters-stage",
    "filters-modified_after", "filters-location", "last_name", "street_address-town", "rates-x", "stage", "_id",
])
BYTES = st.binary(max_size=20)


PAIRS = st.lists(st.tuples(NAMES | BYTES, BYTES | st.sampled_from(["1", "new", "2026-01-01", "-_id", "yes"])),
                 max_size=5)
TAILS = st.sampled_from(["", f"/{UNKNOWN_ID}", "/"])


def never_fails(raw, method, tail, pairs):
    def quoted(part):
        return quote_from_bytes(part if isinstance(part, bytes) else part.encode())

    sent = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode()
    where = {"query": sent} if method == "GET" else {"body": sent}
    answer = raw(method, f"care-enquiries{tail}", **where)
    assert answer.status_code in (200, 400, 404, 405), answer.text
    assert set(answer.json()) <= ({"hint", "arg_errors"} if answer.status_code != 200 else
                                  {"item_count", "items", "page", "page_count", "per_page"})


def test_no_query_makes_the_server_fail(raw):
    for_each(st.tuples(TAILS, PAIRS), 80, lambda sent: never_fails(raw, "GET", *sent))


@pytest.mark.mock_only  # a live service may take what the mock refuses, for good
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["PUT", "PATCH", "DELETE"]), TAILS, PAIRS)
def test_no_form_makes_the_server_fail(raw, method, tail, pairs):
    never_fails(raw, method, tail, pairs)


def test_no_header_makes_the_server_fail(raw):
    def check(changed):
        answer = raw("GET", "users", headers={f"X-CareHQ-{name}": value.encode("latin-1") for name,
                                              value in changed.items()})
        assert answer.status_code in (200, 401), answer.text
        assert (answer.status_code == 200) == ("hint" not in answer.json())

    names = st.sampled_from(["AccountId", "APIKey", "Timestamp", "Signature", "Nonce", "Signature-Version"])
    values = st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"])
    for_each(st.dictionaries(names, st.text(values, max_size=30)), 60, check)
