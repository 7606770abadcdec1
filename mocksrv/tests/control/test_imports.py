"""Own data: what each vendor takes, how faults are named, all or nothing, templates, and the way back."""

import json

import pytest
import requests
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.cli import main
from mocksrv.config import Config, ConfigError
from mocksrv.imports import sources
from mocksrv.imports.sources import File, locate_json, locate_toml

ADMIN = ("admin", "pass")
DATA = """
[cht.settings]
locale = "fr"

[cht.credentials]
"openfn.org" = "s3cret"

[[cht.places]]
_id = "d1"
name = "North"
type = "district_hospital"

[[cht.places]]
_id = "h1"
name = "Hill"
type = "health_center"
parent = "d1"

[[cht.users]]
username = "amina"
password = "Kisumu_2024"
roles = ["chw"]
place = "h1"
contact = { name = "Amina Juma" }

[[cht.medic]]
_id = "r1"
type = "data_record"
form = "visit"

[[commcare.domains]]
name = "north"
roles = { "Clerk" = ["access_api", "access_all_locations", "edit_data"] }

[[commcare.web_users]]
username = "clerk@example.org"
password = "s3cret"
domains = { north = "Clerk" }

[[commcare.keys]]
key = "1234567890123456789012345678901234567890"
username = "clerk@example.org"

[[commcare.location_types]]
domain = "north"
name = "Region"
code = "region"

[[commcare.location_types]]
domain = "north"
name = "Clinic"
code = "clinic"
parent = "region"

[[commcare.locations]]
domain = "north"
location_id = "l1"
name = "Hills"
location_type_code = "region"

[[commcare.locations]]
domain = "north"
name = "Clinic 1"
location_type_code = "clinic"
parent_location_id = "l1"

[[commcare.users]]
domain = "north"
id = "u1"
username = "otieno"
password = "s3cret_99"

[[commcare.groups]]
domain = "north"
name = "All"
users = ["u1"]

[[commcare.cases]]
domain = "north"
case_id = "c1"
case_type = "patient"
case_name = "Ada"
owner_id = "u1"
properties = { age = "31" }

[[commcare.apps]]
domain = "north"
id = "a1"
name = "Visits"

[[carehq.keys]]
account_id = "ACME"
api_key = "K"
api_secret = "S"
permissions = { locations = ["read"] }

[[carehq.groups]]
_id = "0123456789abcdef01234567"
name = "Region North"
group_type = "location_group"
"""


@pytest.fixture
def empty(mocksrv):
    mocksrv.plant(size="empty", at="2026-03-01T08:00:00Z")
    return mocksrv


def send(world, name, text, **more):
    return requests.post(f"{world.url}/_mocksrv/import", json={"files": [{"name": name, "text": text, **more}]})


def test_what_is_imported_is_there(empty):
    answer = send(empty, "mine.toml", DATA)
    assert answer.status_code == 200, answer.text
    assert answer.json()["imported"]["commcare.locations"] == 2
    amina = ("amina", "Kisumu_2024")
    assert requests.get(f"{empty.url}/medic/org.couchdb.user:amina", auth=amina).json()["facility_id"] == ["h1"]
    assert requests.get(f"{empty.url}/api/v1/settings", auth=ADMIN).json()["locale"] == "fr"
    key = {"Authorization": "ApiKey clerk@example.org:1234567890123456789012345678901234567890"}
    case = requests.get(f"{empty.url}/a/north/api/case/v2/c1", headers=key).json()
    assert (case["case_name"], case["properties"]["age"], case["domain"]) == ("Ada", "31", "north")
    assert requests.get(f"{empty.url}/a/demo/api/case/v2/c1", headers=key).status_code == 403
    assert "ACME" in {one["account_id"] for one in empty.credentials("carehq")}
    (group,) = empty.control("GET", "/tables/carehq.groups")["documents"]
    assert group["doc"]["name"] == "Region North"


def test_an_export_is_the_same_form_and_makes_the_same_world(empty):
    assert send(empty, "mine.toml", DATA).status_code == 200
    exported = empty.export()
    empty.plant(size="empty", at="2026-03-01T08:00:00Z")
    answer = send(empty, "again.json", json.dumps(exported))
    assert answer.status_code == 200, answer.text
    again = empty.export()

    def comparable(found):
        for one in found["cht"]["medic"] + found["cht"]["_users"]:
            one.pop("date", None)
        return found

    assert comparable(again) == comparable(exported)


def test_a_seeded_world_can_be_taken_home_and_brought_back(mocksrv):
    exported = {name: mocksrv.export(name) for name in ("carehq.groups", "carehq.keys", "commcare.users", "cht.medic")}
    mocksrv.plant(size="empty", at="2026-03-01T08:00:00Z")
    for name in ("carehq.groups", "carehq.keys", "cht.medic"):
        assert mocksrv.import_(data=exported[name])
    assert mocksrv.export("carehq.groups") == exported["carehq.groups"]


@pytest.mark.parametrize(("name", "text", "line", "column", "reason"), [
    ("a.toml", '[[cht.users]]\nusername = "x"\n\n[[cht.users]]\nusername = "y"\n', 1, 1, "Missing required fields"),
    ("a.toml", '[[cht.users]]\nusername = "A B"\npassword = "Kisumu_2024"\nroles = ["gateway"]\n', 2, 1,
     "Invalid user name"),
    ("a.toml", "[cht\n", 1, 5, "no TOML"), ("a.json", '{"cht": {"users": [}]}', 1, 20, "no JSON"),
    ("a.json", '{"cht": {\n "medic": [{"_id": "a"},\n  {"_id": 1}]}}', 3, 11, "a document needs _id"),
    ("a.json", '{"cht": {"userz": [{}]}}', 1, 20, "use cht.users"),
    ("a.json", '{"cht": {"users": {}}}', 1, 19, "a list of objects"),
    ("a.json", '{"cht": {"settings": [{}]}}', 1, 23, "one object"), ("a.json", "[]", 1, 1, "tables by vendor"),
    ("a.json", '{"cht": []}', 1, 9, "no object of tables"), ("a.json", '{"cht": {"medic": [NaN]}}', 1, 1, "no number"),
    ("a.jsonl", '{"cht.medic": {"_id": "a"}}\n{"cht.medic": {"_id": 2}}\n', 2, 23, "a document needs _id"),
    ("a.jsonl", '{"cht.medic": {}, "x": 1}', 1, 1, "one table"), ("a.jsonl", "\n\n{", 3, 2, "no JSON"),
    ("commcare.keys.csv", "key,username\nk1,nobody@example.org\n", 2, 2, "there is no user"),
    ("cht.medic.csv", "_id,a\nx,1,2\n", 2, 3, "3 cells below 2 names"),
    ("cht.medic.csv", '_id,roles:json\nx,"[1"\n', 2, 2, "no JSON"), ("cht.medic.csv", "", 1, 1, "first line"),
    ("a.xls", "", 1, 1, "the name must end in"),
    ("a.toml", '[[carehq.groups]]\nname = "A"\ngroup_type = "nonsense"\n', 3, 1, "group_type is one of"),
    ("a.toml", '[[carehq.groups]]\nnaem = "A"\n', 2, 1, "use name"),
    ("a.toml", '[[commcare.users]]\ndomain = "nowhere"\n', 2, 1, "domain is one of"),
    ("a.toml", '[[commcare.cases]]\ndomain = "demo"\ncase_name = "x"\n', 1, 1, "required"),
    ("a.toml", '[[commcare.repeaters]]\ndomain = "demo"\nrepeater_type = "X"\nurl = "http://a"\n', 3, 1, "is one of"),
    ("a.toml", '[[commcare.forms]]\ndomain = "demo"\nxml = "<no"\n', 3, 1, "no XForm"),
])
def test_each_fault_is_named_with_its_place(empty, name, text, line, column, reason):
    answer = send(empty, name, text)
    assert (answer.status_code, answer.json()["type"]) == (400, "about:mocksrv#bad-import"), answer.text
    fault = answer.json()["faults"][0]
    assert reason in fault["text"]
    assert (fault["file"], fault["line"], fault["column"]) == (name, line, column)


def test_it_is_all_or_nothing_and_all_faults_are_told(empty):
    text = json.dumps({"cht": {"medic": [{"_id": "fine"}, {"_id": 1}, {"_id": "_bad"}]}})
    answer = send(empty, "a.json", text).json()
    assert [fault["path"] for fault in answer["faults"]] == ["cht.medic[1]._id", "cht.medic[2]"]
    assert requests.get(f"{empty.url}/medic/fine", auth=ADMIN).status_code == 404
    many = send(empty, "a.json", json.dumps({"cht": {"medic": [{"_id": 1}] * 100}})).json()
    assert len(many["faults"]) == 20
    assert many["detail"].endswith("... and more")


def test_faker_templates_have_the_seed_of_the_world(mocksrv):
    text = ('{"cht": {"medic": [{"_id": "p{{ n }}", "type": "person", "name": "{{ faker.name }}", "age": '
            '"{{ faker.random_int(1, 99999) }}", "even": "{{ n % 2 == 0 }}", "mail": '
            '"{{ faker.user_name | upper }}@x", "repeat": 500}]}}')
    seen = []
    for seed in (1, 1, 2):
        mocksrv.plant(size="empty", seed=seed, at="2026-03-01T08:00:00Z")
        assert send(mocksrv, "a.json", text).json() == {"imported": {"cht.medic": 500}}
        seen.append([requests.get(f"{mocksrv.url}/medic/p{n}", auth=ADMIN).json() for n in (1, 2, 500)])
    assert seen[0] == seen[1] != seen[2]
    assert isinstance(seen[0][0]["age"], int)
    assert [doc["even"] for doc in seen[0]] == [False, True, True]


@pytest.mark.parametrize("template", [
    "{% for i in range(9) %}x{% endfor %}", "{{ ''.__class__ }}", "{{ faker.__class__ }}", "{{ faker._faker }}",
    "{{ cycler }}", "{{ 'x' * 9 }}", "{{ 9 ** 9 }}", "{{ 99999 }}", "{{ faker.text(99999999) }}", "{{ faker.binary }}",
    "{{ faker.seed_instance(1) }}", "{{ faker.nothing }}", "{{ nothing }}", "{{ 'x'.ljust(9) }}", "{{ '%9d' % 1 }}",
    "{{ n % n }}", "{{ 'x' | center(9) }}", "{{ n", "{{ }}", "{% include '/etc/passwd' %}{{ n }}",
    "{% import 'os' as os %}{{ n }}", "{{ lipsum(9) }}", "{{ n() }}", "{{ faker.add_provider(1) }}",
])
def test_templates_neither_loop_nor_reach_out(empty, template):
    answer = send(empty, "a.json", json.dumps({"cht": {"medic": [{"_id": "a", "x": template + "{{ n }}"}]}}))
    assert answer.status_code == 400, answer.text
    assert answer.json()["faults"][0]["path"] == "cht.medic[0].x"


@pytest.mark.parametrize("repeat", [-1, 10**7, "5", True, 1.5])
def test_repeat_takes_a_number(empty, repeat):
    answer = send(empty, "a.json", json.dumps({"cht": {"medic": [{"_id": "{{ n }}", "repeat": repeat}]}}))
    assert "repeat takes a whole number" in answer.json()["faults"][0]["text"]


@pytest.mark.parametrize("body", [{}, {"files": []}, {"files": [1]}, {"files": [{"name": "a.json"}]},
                                  {"files": [{"name": "a.json", "text": "{}", "colour": 1}]}, {"colour": 1}])
def test_bad_orders_are_problems(empty, body):
    assert requests.post(f"{empty.url}/_mocksrv/import", json=body).status_code == 400


def test_unknown_tables_of_an_export(empty):
    answer = requests.get(f"{empty.url}/_mocksrv/export?table=cht.peeple")
    assert (answer.status_code, answer.json()["type"]) == (404, "about:mocksrv#no-such-table")
    assert answer.json()["detail"].startswith("there is no table 'cht.peeple': the nearest: cht.people")


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(sources, "LARGEST", 10)
    with pytest.raises(sources.Unreadable, match="divide it"):
        list(sources.entries(File("a.json", " " * 11)))


def test_every_new_world_of_a_server_begins_with_its_files(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[cht.medic]]\n_id = "mine"\ntype = "x"\n', encoding="utf-8")
    client = create_app(Config(size=0, imports=(str(file),))).test_client()
    for prefix in ("", "/~other"):
        assert client.get(f"{prefix}/medic/mine", auth=ADMIN).json["type"] == "x"
        client.post(f"{prefix}/_mocksrv/reset")
        assert client.get(f"{prefix}/medic/mine", auth=ADMIN).status_code == 200
    client.post("/_mocksrv/worlds", json={"name": "third", "seed": 5})
    assert client.get("/~third/medic/mine", auth=ADMIN).status_code == 200


@pytest.mark.parametrize(("text", "reason"), [
    (b'[[cht.medic]]\n_id = 1\n', r"mine.toml:2:1: cht.medic\[0\]._id: a document needs"),
    (b"\xff", "no text in UTF-8"), (None, "cannot read")])
def test_a_server_does_not_start_with_a_faulty_file(tmp_path, text, reason):
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(ConfigError, match=reason):
        create_app(Config(size=0, imports=(str(file),)))


def test_from_the_shell(empty, tmp_path):
    server, _, name = empty.url.rpartition("/~")

    def run(*words):
        done = CliRunner().invoke(main, [*words, "--url", server, "--world", name])
        return done.exit_code, done.output

    file = tmp_path / "cht.medic.csv"
    file.write_text("_id,type,parent._id\nx,thing,y\n", encoding="utf-8")
    assert run("import", str(file)) == (0, "cht.medic: 1\n")
    assert requests.get(f"{empty.url}/medic/x", auth=ADMIN).json()["parent"] == {"_id": "y"}
    (line,) = [json.loads(one) for one in run("export", "cht.medic", "--lines")[1].splitlines()
               if '"x"' in one]
    assert line == {"cht.medic": {"_id": "x", "type": "thing", "parent": {"_id": "y"}}}
    file.write_text("_id,type\n,thing\n", encoding="utf-8")
    code, told = run("import", str(file))
    assert (code, "cht.medic.csv:2:1: cht.medic: a document needs _id" in told) == (2, True)
    assert "cht.settings" in run("import")[1]
    assert run("import", str(tmp_path / "none.toml"))[0] == 2


# --- places ---

JSONS = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                     lambda inner: (st.lists(inner, max_size=4)
                                    | st.dictionaries(st.text(max_size=4), inner, max_size=4)), max_leaves=12)


def paths(value, path=()):
    yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from paths(inner, (*path, key))


@given(JSONS, st.sampled_from([None, 1, 2]), st.booleans())
def test_the_place_of_every_member_of_a_json_text_is_where_it_stands(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    lines = text.split("\n")
    for path, inner in paths(value):
        line, column = locate_json(text, path)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == inner


def test_the_place_of_a_member_of_a_toml_text():
    text = '[a]\nx = 1\n[[a.b]]\ny = 1\n[[a.b]]\n  y = 2\n[a.b.c]\nz = 3\n'
    for path, place in ((("a", "x"), (2, 1)), (("a", "b", 0, "y"), (4, 1)), (("a", "b", 1, "y"), (6, 3)),
                        (("a", "b", 1, "c", "z"), (8, 1)), (("a", "b", 1, "nothing"), (5, 1))):
        assert locate_toml(text, path) == place
