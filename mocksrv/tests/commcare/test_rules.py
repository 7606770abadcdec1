"""CommCare's rules without a server: digests, dates, terms, content types."""

import pytest

from mocksrv.vendors.commcare import rendering
from mocksrv.vendors.commcare.access import digest
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.tables import words
from mocksrv.vendors.commcare.vendor import vendor


def test_digest_vector():
    parts = {"nonce": "1448653000.25:A1B2:0123456789abcdef0123456789abcdef", "nc": "00000001", "cnonce": "0a4f113b",
             "uri": "/a/exi-training/api/v0.5/user/?limit=1"}
    assert digest.response("brudolph@dimagi.com", "s3cret", "GET", parts) == "ab23880a0753e95744dd2984dd37ebc7"


@pytest.mark.parametrize(("header", "parts"), [
    ('Digest a="1", b=2', {"a": "1", "b": "2"}), ('digest a="x, y",b="\\"q\\""', {"a": "x, y", "b": '"q"'}),
    ("Digest ", {}), ("Digest a", None), ('Digest a="', None), ("Basic x", None), ("Digest a=1 b=2", None),
])
def test_parts_of_a_digest(header, parts):
    assert digest.parse(header) == parts


@pytest.mark.parametrize(("form", "value", "expected"), [
    (dates.python, "2015-11-27T19:34:33.987000Z", "2015-11-27 19:34:33.987000"),
    (dates.python, "2015-11-27T19:34:33.000000Z", "2015-11-27 19:34:33"),
    (dates.naive, "2024-03-05T08:09:10.000000Z", "2024-03-05T08:09:10.000000"),
    (dates.isoformat, "2024-03-05T08:09:10.000000Z", "2024-03-05T08:09:10"),
    (dates.milliseconds, "2021-04-13T21:25:26.989012Z", "2021-04-13T21:25:26.989"),
    (dates.milliseconds, "2021-04-13T21:25:26.000000Z", "2021-04-13T21:25:26"),
    (dates.parse_filter, "2024-03-05", "2024-03-05T00:00:00.000000Z"),
    (dates.parse_filter, "2024-03-05T08:09Z", "2024-03-05T08:09:00.000000Z"),
    (dates.parse_filter, "2024-03-05T08:09:10.5", "2024-03-05T08:09:10.500000Z"),
    (dates.parse_iso, "2024-03-05T08:09:10.123+03:00", "2024-03-05T05:09:10.123000Z"),
    (dates.python, None, None),
])
def test_dates(form, value, expected):
    assert form(value) == expected


@pytest.mark.parametrize("value", ["2024-03-05T08:09:10.123000Z", "2024-13-01", "", "now", "2024-03-05 08:09:10",
                                   "2024-03-05T08:09:10Z", "2024-03-05T25:00:00"])
def test_dates_that_filters_refuse(value):
    with pytest.raises(ValueError):
        dates.parse_filter(value)


def test_dates_at_the_ends_of_time():
    assert dates.before("0001-01-02T00:00:00.000000Z", days=30) == "0001-01-01T00:00:00.000000Z"
    with pytest.raises(ValueError):
        dates.parse_iso("0001-01-01T00:00:00+10:00")


@pytest.mark.parametrize(("value", "terms"), [
    ("pregnant_mother", ["pregnant_mother"]), ("lab-test", ["lab-test"]), ("Rose Atieno", ["atieno", "rose"]),
    (" Ünï-Çode,\t!\u2003a\xa0b\n", ["!", "a\xa0b", "ünï-çode,"]), ("", []), ("x" * 300, ["x" * 45, "x" * 255]),
])
def test_terms(value, terms):
    assert words(value) == terms


@pytest.mark.parametrize(("accept", "kind"), [
    ("", rendering.JSON), ("*/*", rendering.JSON), ("*", rendering.JSON), ("application/*", rendering.JSON),
    (rendering.XML, rendering.XML),
    ("text/html, application/xml;q=0.9, */*;q=0.8", rendering.XML), ("application/xml;q=0", rendering.JSON),
    ("application/xml;q=x, application/json;q=0.5", rendering.XML), ("image/png", rendering.JSON),
])
def test_content_types(accept, kind):
    call = Call(method="GET", path="/", target="/", headers={"accept": accept})
    call.subject = next(op for op in vendor.operations if op.name == "list_users")
    assert rendering.negotiate(call) == kind


def test_operations_say_where_they_come_from():
    for operation in vendor.operations:
        assert operation.source, operation.name
        assert operation.summary, operation.name


# commcare-hq: the authentication of each resource's Meta
PERMISSIONS = {
    "edit_data": "case form device-log", "edit_commcare_users": "user group bulk-user sms_user_registration",
    "edit_web_users": "web-user invitation", "edit_apps": "fixture", "edit_locations": "location location_type",
    "view_reports": "configurablereportdata det_export_instance", "edit_ucrs": "ucr_data_source",
    "view_web_users": "action_times", "view_commcare_users": "domain_usernames",
    "access_api": "application lookup_table lookup_table_item simplereportconfiguration domain_forms domain_cases "
                  "analytics-roles",
    None: "identity user_domains sso",
}


def test_permissions():
    declared = {}
    for operation in vendor.operations:
        if operation.simulated and operation.traits["kind"] == "resource":
            declared.setdefault(operation.permission, set()).add(operation.traits["resource"])
    assert declared == {permission: set(names.split()) for permission, names in PERMISSIONS.items()}
