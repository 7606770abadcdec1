"""Whatever parameters, cursors and logins come to the resources, the answer is CommCare HQ's."""

import base64
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare import vendor

KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
LIGHT = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
READS = sorted({path for op in vendor.operations if op.method == "GET" and op.simulated for path in op.paths})
HUGE = "9" * 5000


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(vendor=("commcare",), size=20))
    yield Client(app)
    app.worlds.close()


def ask(client, path, headers=KEY):
    response = client.get(path, headers=headers)
    assert "mocksrv itself failed" not in response.headers.get("X-Mocksrv-Diagnosis", ""), response.headers
    return response


def filled(path, id):
    """A path with its parameters in place."""
    path = path.replace(r"{domain:[\w.:-]+}", "demo").replace("{kind:cases|forms}", "cases")
    for name in ("{pk:(?:[^/\n]|/)+?}", "{config_id}", "{table_id:[0-9]+}", "{form_id}", "{name:.+}", "{case_id}",
                 "{id}", "{ids:.*?}"):
        path = path.replace(name, id)
    return path if "{" not in path else path[: path.index("{")]


NAMES = st.sampled_from([
    "limit", "offset", "order_by", "format", "cursor", "type", "name.exact", "indexed_on_start", "group", "extras",
    "archived", "q", "fields", "web_username", "last_modified.gte", "last_modified.x", "latitude__gt", "latitude__in",
    "created_at__range", "created_at__year", "site_code", "data_source_id", "status", "date.lte", "date.zzz",
    "error_code", "phone_number", "users", "local_date.gt", "UTC_start_time_end", "local_timezone", "visits-operator",
    "visits-operand",
    "registered-start", "name", "fixture_type", "parent_id", "references", "parent_ref_name", "child_type",
    "application_id", "feature_flag", "username", "api_key", "child_cases__full", "_search", "zzz", ""])
VALUES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["5", "0", "-1", HUGE, "1e400", "nan", "inf", "2024-03-05", "0001-01-01T00:00:00+14:00",
                     "9999-12-31", "name", "-name", "true", "xml", ">=", "Africa/Nairobi", "../../etc/passwd",
                     "d5c4b3a2918070605040302010f0e0d0", "city", "\x00", "\ud7ff", "(", "a,b"]),
    st.text(max_size=20).map(lambda text: base64.b64encode(text.encode()).decode()),
    st.lists(st.tuples(st.sampled_from(["last_object_id", "date_last_activity.gte", "last_doc_id", "last_inserted_at",
                                        "last_start", "last_user", "limit", "order_by"]),
                       st.sampled_from(["1", "x", "", "2025-01-01T00:00:00", HUGE])), max_size=4)
    .map(lambda pairs: base64.b64encode(urlencode(pairs).encode()).decode()))


@given(st.sampled_from(READS), st.lists(st.tuples(NAMES, VALUES), max_size=4))
@settings(LIGHT, max_examples=250)
def test_parameters(client, path, params):
    response = ask(client, f"{filled(path, 'x')}?{urlencode(params)}")
    assert response.status_code in (200, 301, 400, 401, 404, 500)


@given(st.sampled_from(READS), st.text(min_size=1, max_size=12))
@LIGHT
def test_ids(client, path, id):
    response = ask(client, filled(path, quote(id, safe="")))
    assert response.status_code in (200, 301, 400, 403, 404, 405, 500)


WORDS = st.sampled_from(["ApiKey", "Basic", "Digest", "Bearer", "apikey", "", "Token"])
REST = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40) | st.sampled_from([
    ":", "::", "=" * 3, 'username="a", nonce="1:2:3"', "brudolph@dimagi.com:", base64.b64encode(b":").decode(),
    'username="brudolph@dimagi.com", realm="DJANGO", nonce="nan:a:b", uri="/", qop="auth", nc="1", cnonce="x", '
    'opaque="x", response="x"'])


@given(WORDS, REST, st.sampled_from(["case/", "messaging-event/"]))
@LIGHT
def test_logins(client, word, rest, path):
    response = ask(client, f"/a/demo/api/v0.5/{path}", {"Authorization": f"{word} {rest}"})
    assert response.status_code in (400, 401, 500)  # HQ fails on a Basic header without a colon


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
@LIGHT
def test_accept(client, accept):
    response = ask(client, "/a/demo/api/v0.5/user/", KEY | {"Accept": accept})
    assert response.status_code in (200, 400)


@pytest.mark.parametrize("query", ["%ff=%fe", "limit=%00", "a=%u1234", "&&&=&", "limit=5;offset=x", "=" * 500,
                                   "type=" + "%F0%9F%98%80" * 300])
def test_broken_queries(client, query):
    for path in ("case/", "user/", "messaging-event/", "location/"):
        assert ask(client, f"/a/demo/api/v0.5/{path}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("end", ["\n", "\n/", "/", ""])
def test_many_slashes_in_a_path_cost_no_time(client, end):
    """A route whose expression can read a slash in two ways needs 2**40 steps for this."""
    for base in ("/a/demo/api/v0.5/user/", "/a/demo/api/v0.6/case/ext/", "/a/demo/api/case/v2/ext/"):
        assert ask(client, quote(f"{base}{'a/' * 40}{end}")).status_code in (301, 400, 404)
