"""POST /api/v2/users: CSV, and the log of an upload."""

from __future__ import annotations

import pytest

HEADER = (
    "contact.first_name,contact.last_name,contact.sex,contact.phone,email,contact.meta.created_by,token_login,"
    "contact.role,contact.type,contact.contact_type,contact.name,username,password,phone,place.parent,place.type,"
    "place.name,place.contact_type,type,fullname"
)
CSV = {"Content-Type": "text/csv"}


def upload(api, text, **options):
    return api.request("POST", "/api/v2/users", data=text.encode(), headers=CSV, **options)


def logs(api):
    found = api.ok("GET", '/medic-logs/_all_docs?startkey="bulk-user-upload-"&endkey="bulk-user-upload-\ufff0"'
                          "&include_docs=true")
    return [row["doc"] for row in found["rows"]]


@pytest.mark.writes
def test_the_documentation_pages_example(api, places, unique):
    def line(first, last, sex, name, password, phone):
        return (f"{first},{last},{sex},+{phone},,,FALSE,chw,contact,person,{first} {last},{name},{password},{phone},"
                f"{places.district},health_center,{first} {last}'s Health center,clinic,chw,{first} {last}")

    mary, bob = f"{unique}-mary", f"{unique}-bob"
    answer = upload(api, "\n".join([HEADER, line("Mary", "Anyango", "female", mary, "WrAGyGD9805", "2868917046"),
                                    line("Bob", "Johnson", "male", bob, "JzAEQzY2614", "2868194607")]))
    assert answer.status_code == 200
    assert [list(one) for one in answer.json()] == [["contact", "user", "user-settings"]] * 2
    user = api.doc(f"org.couchdb.user:{mary}", "_users")
    settings, contact = api.doc(user["_id"]), api.doc(user["contact_id"])
    place = api.doc(user["facility_id"][0])
    assert user["roles"] == ["chw"]
    assert (settings["fullname"], settings["phone"], settings["email"]) == ("Mary Anyango", "2868917046", "")
    assert (contact["type"], contact["contact_type"], contact["meta"]) == ("contact", "person", {"created_by": ""})
    assert place["parent"] == {"_id": places.district}
    assert place["contact"] == {"_id": contact["_id"], "parent": contact["parent"]}
    assert place["_rev"].startswith("2-")
    assert api.as_user(bob, "JzAEQzY2614").get("/_session").status_code == 200


@pytest.mark.writes
def test_rows_that_fail(api, places, unique):
    ids = f"chw,{places.area},{places.person}"
    answer = upload(api, "\n".join([
        "username,password,type,place,contact,note:excluded", f"{unique},Sec_ret123,{ids},x", f",Sec_ret123,{ids}",
        f"{unique}-1,password,{ids}", f"{unique}-1,Sec_ret123,chw,nope,{places.person}", f"{unique}-1,,{ids}",
        f"{unique},Sec_ret123,{ids}", f"{unique}-2,Sec_ret123,program_officer,,,x,EXTRA"]))
    assert answer.status_code == 200
    first, *errors, last = answer.json()
    assert list(first) == ["contact", "user", "user-settings"]
    assert [one["error"] if isinstance(one["error"], str) else one["error"]["translationKey"] for one in errors] == [
        "Missing required fields: username", "password.weak", "Failed to find place.",
        "Missing required fields: password", "username.taken"]
    assert list(last) == ["user", "user-settings"]


@pytest.mark.release(until="5.1")
@pytest.mark.writes
def test_roles_cannot_be_given_in_csv(api, unique):
    assert upload(api, f"username,password,roles\n{unique},Sec_ret123,chw").json() == [
        {"error": "roles.some is not a function"}]


@pytest.mark.writes
def test_rows_done_already_are_left_alone(api, unique):
    header = "import.status:excluded,import.message:excluded,username,password,type"
    text = "\n".join([header, f"imported,prev ok,{unique}-1,Sec_ret123,gateway",
                      f"skipped,,{unique}-2,Sec_ret123,gateway", f"error,,{unique}-3,Sec_ret123,gateway"])
    (done,) = upload(api, text).json()
    assert done["user"]["id"] == f"org.couchdb.user:{unique}-3"
    entries = logs(api)[-1]["data"]
    assert entries[0] == {"import": {"status": "skipped", "message": "prev ok"}, "username": f"{unique}-1",
                          "type": "gateway"}
    assert entries[1]["import"]["message"].startswith("skipped on 20")
    assert entries[2]["import"]["status"] == "imported"


@pytest.mark.mock_only
def test_log(api, mocksrv, places, unique):
    mocksrv.clock.freeze("2024-11-07T17:20:00Z")
    upload(api, f"username,password,type,place,contact\n{unique},Sec_ret123,chw,{places.area},{places.person}\nBad")
    log = logs(api)[-1]
    assert log["_id"] == "bulk-user-upload-1731000000000"
    assert (log["bulk_uploaded_by"], log["bulk_uploaded_on"]) == ("admin", "2024-11-07T17:20:00.000Z")
    assert log["progress"] == {
        "status": "finished",
        "parsing": {"total": 2, "failed": 0, "successful": 2},
        "saving": {"total": 2, "failed": 1, "successful": 1, "ignored": 0},
    }
    good, bad = log["data"]
    assert good["import"] == {"status": "imported", "message": "imported on 2024-11-07T17:20:00.000Z"}
    assert (good["roles"], good["facility_id"], good["contact_id"]) == (["chw"], [places.area], places.person)
    assert good["contact"]["_id"] == places.person
    assert good["place"]["parent"] == {"_id": places.district}
    assert good["place"]["contact"]["_id"] == places.person  # although the place itself is not changed
    assert "contact" not in api.doc(places.area)
    assert "password" not in good
    assert bad == {"username": "Bad", "import": {
        "status": "error", "message": "Missing required fields: password, type or roles"}}


@pytest.mark.parametrize(
    ("body", "status", "stage", "progress"),
    [
        (b"", 500, "initiated", []),
        (b"username,password,type\n", 200, "finished", ["parsing", "saving"]),
    ],
)
@pytest.mark.writes
def test_log_of_nothing(api, body, status, stage, progress):
    answer = api.request("POST", "/api/v2/users", data=body, headers=CSV)
    assert answer.status_code == status
    log = logs(api)[-1]
    assert log["progress"]["status"] == stage
    assert list(log["progress"]) == ["status", *progress]
    assert log["data"] == ({} if status == 500 else [])


@pytest.mark.mock_only
def test_uploads_at_the_same_moment_have_logs_of_their_own(api, mocksrv):
    mocksrv.clock.freeze("2024-11-07T17:20:00Z")
    for _ in range(2):
        upload(api, "username\n")
    assert [log["_id"][-2:] for log in logs(api)] == ["00", "01"]


@pytest.mark.writes
def test_log_of_json(api, unique):
    user = {"username": unique, "password": "Sec_ret123", "roles": ["gateway"]}
    assert list(api.ok("POST", "/api/v2/users", user)) == ["user", "user-settings"]
    assert logs(api)[-1]["progress"] == {"status": "initiated"}
    api.ok("POST", "/api/v2/users", [user])
    assert logs(api)[-1]["progress"] == {
        "status": "finished", "saving": {"total": 1, "failed": 1, "successful": 0, "ignored": 0}}


@pytest.mark.writes
def test_a_line_too_long_is_noted_while_reading(api, unique):
    """The log's stages follow one another as writes of one document."""
    upload(api, f"username,password,type\n{unique},Sec_ret123,gateway,EXTRA\n{unique}-2,Sec_ret123,gateway")
    log = logs(api)[-1]
    assert log["progress"]["parsing"] == {"total": 2, "failed": 1, "successful": 1}
    # initiated, parsing, row 1, parsed, saving, row 1, finished
    assert log["_rev"].startswith("7-")


@pytest.mark.writes
def test_log_of_a_large_upload_is_written_less_often(api, unique):
    upload(api, "username,password\n" + "\n".join(f"{unique}-{n},x" for n in range(150)))
    log = logs(api)[-1]
    assert log["progress"]["saving"] == {"total": 150, "failed": 150, "successful": 0, "ignored": 0}
    # initiated, parsing, 10 times, parsed, saving, 10 times, finished
    assert log["_rev"].startswith("25-")
