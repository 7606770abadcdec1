"""Every resource with every method, attribute, filter and sort option of the catalogue."""

from urllib.parse import unquote_to_bytes

import pytest

from mocksrv.vendors.carehq.catalogue import ACTIONS, RESOURCES

METHODS = ("GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS")
UNKNOWN_ID = "0123456789abcdef01234567"

MOST = 1_000  # records that are looked at one by one: a live service has a rate limit
pytestmark = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


@pytest.fixture
def get(call):
    """The JSON of a GET that must succeed."""
    return lambda path, args=(): call("GET", path, args)


@pytest.fixture
def records(get, resource, target):
    """All records of the resource, archived ones too, in the order of their ids."""
    found, page, pages = [], 1, 1
    while page <= pages:
        args = [("per_page", "100"), ("page", str(page)), *(("attributes", name) for name in resource.attributes)]
        if "archived" in resource.filters:
            args.append(("filters-archived", "unset"))
            if resource.slug == "locations":
                args[-1] = ("filters-archived", "no")
        answer = get(resource.slug, args)
        if target == "live" and not 0 < answer["item_count"] <= MOST:
            pytest.skip(f"the live account has {answer['item_count']} of {resource.slug}: 1 to {MOST} are needed")
        found, page, pages = found + answer["items"], page + 1, answer["page_count"]
    assert len(found) == answer["item_count"] > 0
    return found


def ids(get, resource, args):
    """The ids of all pages, with archived records unless the arguments say otherwise."""
    hidden = resource.attributes.get("archived") and not any(name == "filters-archived" for name, _ in args)
    args = [*args, ("per_page", "100"), *([("filters-archived", "unset")] if hidden else [])]
    first = get(resource.slug, args)
    pages = [get(resource.slug, [*args, ("page", str(page))]) for page in range(2, first["page_count"] + 1)]
    found = [item["_id"] for answer in (first, *pages) for item in answer["items"]]
    assert len(found) == first["item_count"]
    return found


def test_list_and_retrieve_show_the_attributes_that_are_asked_for(get, check, resource, records):
    one = records[-1]
    name = resource.slug.replace("-", "_")
    check(f"list_{name}", get(resource.slug, [("attributes", a) for a in resource.attributes]))
    assert list(one) == sorted(resource.attributes)
    assert get(f"{resource.slug}/{one['_id']}") == {"_id": one["_id"]}
    assert get(f"{resource.slug}/{one['_id']}/") == {"_id": one["_id"]}
    for attribute in resource.attributes.values():
        args = [("attributes", attribute.name), ("filters-ids", one["_id"])]
        if attribute.name != "archived" and "archived" in resource.attributes:
            args.append(("filters-archived", "unset"))
        elif "archived" in resource.attributes:
            args.append(("filters-archived", "yes" if one["archived"] else "no"))
        expected = {"_id": one["_id"], attribute.name: one[attribute.name]}
        assert get(resource.slug, args)["items"] == [expected]
        assert check(f"retrieve_{name}", get(f"{resource.slug}/{one['_id']}", [("attributes",
                                                                                attribute.name)])) == expected


def test_each_sort_option_sorts_both_ways(get, resource, records):
    for name in resource.sort_by:
        for descending in (False, True):
            expected = sorted(records, key=lambda r: r["_id"])
            expected.sort(key=lambda r, n=name: (r[n] is not None, r[n] or 0 if r[n] is None else r[n]),
                          reverse=descending)
            found = ids(get, resource, [("sort_by", f"{'-' * descending}{name}")])
            assert found == [r["_id"] for r in expected], (name, descending)
    by_two = sorted(records, key=lambda r: r["_id"], reverse=True)
    by_two.sort(key=lambda r: r["created"][:10])
    by_two.sort(key=lambda r: r["created"])
    assert ids(get, resource, [("sort_by", "created"), ("sort_by", "-_id")]) == [r["_id"] for r in by_two]


def expectations(wanted, records, kind):
    """Arguments for a filter, each with a test that says which records they keep."""
    name = wanted.attribute
    held = [] if name is None else [r[name] for r in records]
    flat = [v for value in held for v in (value if isinstance(value, list) else [value]) if v is not None]

    def among(*chosen):
        return lambda r: bool(set(chosen) & set(r[name] if isinstance(r[name], list) else [r[name]]))

    if wanted.kind in ("ids", "options"):
        some = list(dict.fromkeys(flat))[:2] or [UNKNOWN_ID if wanted.kind == "ids" else kind.of[0]]
        yield [some[0]], among(some[0])
        yield some, among(*some)
        if wanted.kind == "ids":
            yield [UNKNOWN_ID], among(UNKNOWN_ID)
    elif wanted.kind == "tristate":
        def yes(r):
            if name is None:
                return False
            return r[name] == wanted.equals if wanted.equals is not ... else r[name] not in (None, False)

        yield ["unset"], lambda r: True
        yield ["yes"], yes
        yield ["no"], lambda r: not yes(r)
    elif wanted.kind == "keyword":
        field = wanted.fields[0]
        text = next((r[field] for r in records if r[field]), "nothing")
        for words in (text[:3].upper().strip(), " ".join(text.split()[:2]), "xyzzy"):
            yield [words], lambda r, w=words: all(
                any(word in (r[f] or "").lower() for f in wanted.fields) for word in w.lower().split())
    else:
        length = 10 if wanted.kind == "date" else 19
        middle = sorted(v[:length] for v in flat)[len(flat) // 2] if flat else "2026-01-01 00:00:00"[:length]
        compare = {"gt": str.__gt__, "gte": str.__ge__, "lt": str.__lt__, "lte": str.__le__}[wanted.op]

        def fits(r):
            return bool(wanted.open_ended) if r[name] is None else compare(r[name][:length], middle)

        yield [middle], fits
        if wanted.kind == "datetime":
            yield [f"{middle[:10]}T{middle[11:]}Z"], fits


def test_each_filter_keeps_what_it_should(get, resource, records):
    for wanted in resource.filters.values():
        for values, keeps in expectations(wanted, records, resource.attributes.get(wanted.attribute)):
            expected = [r["_id"] for r in records if keeps(r)]
            assert ids(get, resource, [(f"filters-{wanted.name}", v) for v in values]) == expected, (wanted.name,
                                                                                                     values)
            if wanted.kind in ("ids", "options") and not wanted.name.endswith("s"):
                assert ids(get, resource, [(f"filters-{wanted.name}s", v) for v in values]) == expected


def test_filters_are_combined(get, resource, records):
    middle = sorted(r["modified"] for r in records)[len(records) // 2]
    args = [("filters-modified_after", middle), *(("filters-ids", r["_id"]) for r in records[:60])]
    assert ids(get, resource, args) == [r["_id"] for r in records[:60] if r["modified"] > middle]


def test_filters_refuse_what_is_malformed(raw, resource):
    for wanted in resource.filters.values():
        text = {"date": "Not a valid date value.", "datetime": "Not a valid datetime value.",
                "keyword": "Field cannot be longer than 255 characters."}.get(wanted.kind, "Not a valid choice.")
        bad = "x" * 256 if wanted.kind == "keyword" else "2026-02-30" if "date" in wanted.kind else "nonsense"
        answer = raw("GET", resource.slug, [(f"filters-{wanted.name}", bad)])
        assert (answer.status_code, answer.json()["arg_errors"]) == (400, {f"filters-{wanted.name}": [text]})


def test_archived_records_are_hidden_unless_asked_for(get, resource, records):
    shown = [item["_id"] for page in (1, 2) for item in get(resource.slug, [("per_page", "100")])["items"] if page == 1]
    assert shown == [r["_id"] for r in records if not r.get("archived")][:100]


@pytest.mark.parametrize("methods", [
    pytest.param(("HEAD", "OPTIONS"), id="asking"),
    pytest.param(("PUT", "PATCH", "DELETE", "POST"), id="writing", marks=pytest.mark.writes)])
@pytest.mark.parametrize("single", [False, True], ids=["list", "record"])
def test_other_methods_are_refused_with_those_that_there_are(raw, resource, single, methods):
    path = f"{resource.slug}/{UNKNOWN_ID}" if single else resource.slug
    allowed = {method for action, (method, of_one, _) in ACTIONS.items()
               if of_one is single and action in resource.methods}
    for method in sorted({*methods} - allowed):
        answer = raw(method, path)
        assert answer.status_code == 405, method
        assert answer.headers["Allow"] == ", ".join(sorted(allowed))
        if method != "HEAD":
            assert answer.json() == {"hint": f"The method {method} is not supported here."}


def test_unknown_and_malformed_ids_are_not_found(raw, resource, target):
    slash = ("a%2Fb",) if target == "mock" else ()  # which the gate to a live service does not let through
    for id in (UNKNOWN_ID, "nonsense", UNKNOWN_ID.upper(), "%00", "%FF", *slash):
        signed = f"/v1/{resource.slug}/" + unquote_to_bytes(id).decode("utf-8", "surrogateescape")
        answer = raw("GET", f"{resource.slug}/{id}", headers=raw.headers("GET", signed))
        assert (answer.status_code, answer.json()) == (404, {"hint": f"No such record in {resource.slug}."}), id


def as_arguments(resource, record, action):
    """A record's values as the arguments that would make it."""
    for name in resource.arguments(action):
        attribute, value = resource.attributes.get(name), record.get(name)
        if attribute is None or value in (None, []):
            continue
        if attribute.unique:
            value = f"{value}-2"
        if attribute.kind == "hash":
            yield from ((f"{name}-{member}", str(held)) for member, held in value.items() if held not in (None, ""))
        else:
            yield from ((name, str(v)) for v in (value if attribute.many else [value]))


@pytest.mark.mock_only
def test_every_resource_can_be_written_when_opened(world, raw, check, resource, records):
    world.set(carehq_writable_resources="all")
    record = next(r for r in records if not r.get("anonymized") and not r.get("protected") and not r.get("archived")
                  and not (r.get("care_enquiry") and r.get("service_user")))
    slug, name = resource.slug, resource.slug.replace("-", "_")
    made = raw("PUT", slug, list(as_arguments(resource, record, "create")))
    assert made.status_code == 200, made.text
    path = f"{slug}/{made.json()['_id']}"
    assert raw("GET", path, [("attributes", a) for a in resource.attributes]).json() == made.json()
    for attribute in resource.attributes:
        sent = [pair for pair in as_arguments(resource, record, "update") if pair[0].partition("-")[0] == attribute]
        changed = raw("PATCH", path, sent)
        assert changed.status_code == 200, (attribute, changed.text)
    same = {a: v for a, v in changed.json().items() if a in resource.arguments("update") and a in resource.attributes
            and not resource.attributes[a].unique and resource.attributes[a].kind != "hash"}
    assert same == {a: None if record[a] == "" else record[a] for a in same}
    if resource.writable:
        check(f"update_{name}", changed.json())
    assert raw("DELETE", path).json() == {}
    assert raw("GET", path).status_code == 404
    needed = {a for a, argument in resource.arguments("create").items() if argument.required}
    if slug == "comments":
        needed.add("care_enquiry")
    missing = raw("PUT", slug).json()
    assert missing.get("arg_errors", {}) == {a: ["This field is required."] for a in needed}
