"""Bodies about people and places of HQ's own types, right and wrong: no failure of ours, and what is shown after a
refusal is what HQ had stored by then."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.tests.commcare.attempts import ANY, TEXT, Attempts, mostly

LIGHT = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
WORKER, GROUP, OTHERS = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "6" * 32, "5" * 32
ROLE = "Mobile Worker"


@pytest.fixture(scope="module")
def attempts():
    made = Attempts()
    yield made
    made.app.worlds.close()


def shown(ask, path):
    """What a GET shows, but for the time of the last change, which each step of a change sets."""
    body = ask("GET", path).json
    for one in body.get("objects", [body]):
        one.pop("last_modified", None)
    return body


# --- mobile workers --------------------------------------------------------------------------------------------

NUMBER = st.sampled_from(["+254700000009", "254711111111", "1"])
WORKER_FIELDS = {
    "first_name": mostly(TEXT | st.none()), "last_name": mostly(TEXT), "language": mostly(TEXT), "email": mostly(TEXT),
    "default_phone_number": mostly(NUMBER), "phone_numbers": mostly(st.lists(NUMBER, max_size=3)),
    "role": mostly(st.sampled_from([ROLE, "Read Only", "nobody's"])), "foo": ANY, "username": mostly(TEXT),
    "groups": mostly(st.lists(st.sampled_from([GROUP, OTHERS, "missing"]), max_size=2)),
    "user_data": mostly(st.dictionaries(st.sampled_from(["a", "b", "commcare_project"]), TEXT, max_size=2)),
}


class Failed(Exception):
    """HQ fails at this field."""


class Worker:
    """A mobile worker as HQ's code treats it: fields change a document in memory, which is stored now and then."""

    def __init__(self, shown):
        self.document = dict(shown)
        self.stored = dict(shown)

    def put(self, body):
        """Whether all fields were taken, None where HQ fails."""
        good = True
        try:
            for name, value in body.items():
                good &= getattr(self, name, lambda value: False)(value)
        except Failed:
            return None
        if good:
            self.save()
        return good

    def save(self):
        groups = self.stored["groups"]
        self.stored = self.document | {"groups": groups}

    def text(self, name, value, fit=(str,)):
        if not isinstance(value, fit):
            raise Failed
        self.document[name] = value
        return True

    def first_name(self, value):
        return self.text("first_name", value, (str, type(None)))

    def last_name(self, value):
        return self.text("last_name", value, (str, type(None)))

    def language(self, value):
        if not isinstance(value, str | None):
            raise Failed
        return True  # is not shown

    def email(self, value):
        return self.text("email", value.lower() if isinstance(value, str) else value)

    def default_phone_number(self, value):
        if not isinstance(value, str):
            return False
        number = value.removeprefix("+")
        self.numbers([number, *(one for one in self.document["phone_numbers"] if one != number)])
        self.save()
        return True

    def phone_numbers(self, value):
        self.numbers([])
        if not isinstance(value, list | dict | str):
            raise Failed
        for place, one in enumerate(value):
            if not isinstance(one, str):
                raise Failed
            number = one.removeprefix("+")
            self.numbers(list(dict.fromkeys([*self.document["phone_numbers"], number])))
            if place == 0:
                self.default_phone_number(number)
        return True

    def numbers(self, numbers):
        self.document |= {"phone_numbers": numbers, "default_phone_number": numbers[0] if numbers else None}

    def role(self, value):
        return isinstance(value, str) and value in (ROLE, "Read Only")  # is not shown

    def groups(self, value):
        if not isinstance(value, list | dict | str) or any(one not in (GROUP, OTHERS) for one in value):
            raise Failed
        self.stored["groups"] = sorted(set(value))
        return True

    def user_data(self, value):
        if not isinstance(value, dict):
            raise Failed
        data = {key: one for key, one in self.document["user_data"].items() if key not in value}
        for key, one in value.items():
            if key == "commcare_project" and one and one != "demo":
                self.document["user_data"] = data | {"commcare_project": "demo"}
                return False
            data = data | {key: one}
        self.document["user_data"] = data | {"commcare_project": "demo"}
        return True


BODY = st.lists(st.sampled_from(sorted(WORKER_FIELDS)), unique=True, max_size=6).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), WORKER_FIELDS[name]) for name in names))).map(dict)


@given(BODY)
@settings(LIGHT, max_examples=150)
def test_changes_of_a_mobile_worker_are_stored_as_far_as_they_went(attempts, body):
    with attempts.somewhere() as ask:
        for id in (GROUP, OTHERS):
            assert ask("POST", "group/v1/", {"_id": id, "name": f"group {id[0]}"}).status_code == 201
        worker = Worker(shown(ask, f"user/v1/{WORKER}/"))
        good = worker.put(body)
        answer = ask("PUT", f"user/v1/{WORKER}/", body)
        assert answer.status_code == {True: 200, False: 400, None: 500}[good], answer.text
        assert shown(ask, f"user/v1/{WORKER}/") == worker.stored


NEW_WORKER = st.fixed_dictionaries({}, optional={
    "username": mostly(st.sampled_from(["new", "Other.Name", "a b", "x..y", "amina"])), "password": mostly(TEXT),
    "require_account_confirmation": mostly(st.booleans()), "primary_location": mostly(TEXT), "locations": ANY,
    "connect_username": mostly(TEXT)} | {name: field for name, field in WORKER_FIELDS.items() if name != "username"})


@given(NEW_WORKER)
@LIGHT
def test_a_mobile_worker_that_is_refused_is_not_there(attempts, body):
    with attempts.somewhere() as ask:
        before = shown(ask, "user/v1/?limit=0")
        groups = shown(ask, "group/v1/?limit=0")
        answer = ask("POST", "user/v1/", body)
        assert answer.status_code in (201, 400, 500)
        if answer.status_code == 201:
            assert ask("GET", f"user/v1/{answer.json['id']}/").json["username"].endswith("@demo.commcarehq.org")
        else:
            assert shown(ask, "user/v1/?limit=0") == before
            assert shown(ask, "group/v1/?limit=0") == groups


# --- groups ----------------------------------------------------------------------------------------------------

GROUP_BODY = st.fixed_dictionaries({}, optional={
    "name": mostly(st.sampled_from(["", "new", "group 6"])), "case_sharing": mostly(st.booleans()),
    "reporting": mostly(st.booleans()), "metadata": mostly(st.dictionaries(TEXT, TEXT, max_size=1)),
    "users": mostly(st.lists(st.sampled_from([WORKER, "missing"]), max_size=2, unique=True)), "zz": ANY})
GROUP_TYPES = {"name": str, "case_sharing": bool, "reporting": bool, "metadata": dict, "users": list}


def fits(body):
    """Whether each property has its type, or is null: a group is a document whose properties have types."""
    return all(name not in body or body[name] is None or type(body[name]) is kind for name, kind in GROUP_TYPES.items())


@given(GROUP_BODY)
@LIGHT
def test_a_new_group_is_there_once_its_document_is_stored(attempts, body):
    with attempts.somewhere() as ask:
        assert ask("POST", "group/v1/", {"_id": GROUP, "name": "group 6"}).status_code == 201
        before = len(list(ask.world.table("commcare.groups").all()))
        answer = ask("POST", "group/v1/", body)
        unnamed = body.get("name") in (None, "", "group 6")
        users = body.get("users", [])
        stored = not unnamed and fits(body)
        assert answer.status_code == (
            400 if unnamed else 201 if stored and users is not None and set(map(str, users)) <= {WORKER} else 500)
        assert len(list(ask.world.table("commcare.groups").all())) == before + stored


def changed(stored, body):
    """What is stored of a group after a PUT, and the answer's status: new members are stored at once, before the old
    ones are taken out, together with all that came before them."""
    group = dict(stored)
    for name, value in body.items():
        if group.get(name) == value:
            continue
        if name == "name" and (not value or value == "group 6"):
            return stored, 400
        if name == "users":
            try:
                wanted = list(dict.fromkeys(value))
            except TypeError:
                return stored, 500
            added = [one for one in wanted if one not in group["users"]]
            if added:
                stored = group | {"users": group["users"] + added}
            group["users"] = [one for one in group["users"] + added if one in wanted]
        elif not fits({name: value}):
            return stored, 500
        else:
            group[name] = value
    return group, 200


@given(GROUP_BODY)
@settings(LIGHT, max_examples=150)
def test_changes_of_a_group_are_stored_as_far_as_they_went(attempts, body):
    with attempts.somewhere() as ask:
        for id in (GROUP, OTHERS):
            assert ask("POST", "group/v1/", {"_id": id, "name": f"group {id[0]}"}).status_code == 201
        before = shown(ask, f"group/v1/{OTHERS}/")
        stored, status = changed(before, body)
        answer = ask("PUT", f"group/v1/{OTHERS}/", body)
        assert answer.status_code == status, answer.text
        assert shown(ask, f"group/v1/{OTHERS}/") == {name: stored[name] for name in before} | {
            "users": [one for one in stored["users"] if one == WORKER],
            "case_sharing": stored["case_sharing"] is True, "reporting": stored["reporting"] is not False}


@given(mostly(st.fixed_dictionaries({"objects": mostly(st.lists(mostly(GROUP_BODY), max_size=3))})))
@LIGHT
def test_lists_of_groups(attempts, body):
    with attempts.somewhere() as ask:
        before = len(list(ask.world.table("commcare.groups").all()))
        answer = ask("PATCH", "group/v1/", body)
        assert answer.status_code in (202, 400, 500)
        if answer.status_code == 202:
            made = len(list(ask.world.table("commcare.groups").all())) - before
            assert made == len(answer.json)


# --- locations, web users, invitations, data sources: what is refused changes nothing ----------------------------

PLACE = st.fixed_dictionaries({}, optional={
    "name": mostly(TEXT), "site_code": mostly(st.sampled_from(["new", "a b", "demoland", "É"])),
    "location_type_code": mostly(st.sampled_from(["region", "Region", "country", "zz"])),
    "parent_location_id": mostly(st.sampled_from(["{root}", "{region}", "missing"])),
    "latitude": mostly(st.sampled_from(["1.5", "abc", "1e3"])), "longitude": mostly(st.floats(-180, 180)),
    # no other type: HQ stores those of locations before it fails
    "location_data": st.none() | st.dictionaries(TEXT, TEXT, max_size=1), "zz": ANY,
    "location_id": mostly(st.sampled_from(["{region}", "missing"]))})
WEB_USER = st.fixed_dictionaries({}, optional={
    "role": mostly(st.sampled_from([ROLE, "Read Only", "zz"])), "primary_location_id": mostly(st.just("{region}")),
    "assigned_location_ids": mostly(st.just(["{region}"])), "profile": mostly(TEXT), "tableau_role": mostly(TEXT),
    "tableau_groups": mostly(st.lists(TEXT, max_size=1)), "zz": ANY,
    "user_data": mostly(st.dictionaries(TEXT, TEXT, max_size=1))})
INVITED = st.tuples(WEB_USER, st.fixed_dictionaries({}, optional={
    "email": mostly(st.sampled_from(["new@example.org", "no address"]))})).map(lambda two: two[0] | two[1])
SOURCE = st.fixed_dictionaries({}, optional={
    "display_name": mostly(TEXT), "configured_indicators": mostly(st.lists(ANY, max_size=1)), "domain": mostly(TEXT),
    "configured_filter": mostly(st.dictionaries(TEXT, TEXT, max_size=1)), "zz": ANY})
LISTS = ("location/v2/?limit=0", "web-user/v1/?limit=0", "ucr_data_source/v1/")
WRITES = st.one_of(
    st.tuples(st.just("POST location/v2/"), mostly(PLACE)),
    st.tuples(st.just("PUT location/v2/{region}/"), mostly(PLACE)),
    st.tuples(st.just("PATCH location/v2/"), mostly(st.fixed_dictionaries({
        "objects": mostly(st.lists(mostly(PLACE), max_size=3))}))),
    st.tuples(st.just("PATCH web-user/v1/{editor}/"), mostly(WEB_USER)),
    st.tuples(st.just("POST invitation/v1/"), mostly(INVITED)),
    st.tuples(st.just("PUT ucr_data_source/v1/{source}/"), mostly(SOURCE)),
    st.tuples(st.just("POST v0.5/sms_user_registration/"), mostly(st.fixed_dictionaries({}, optional={
        "app_id": mostly(st.just("{app}")), "users": mostly(st.lists(mostly(st.fixed_dictionaries({
            "phone_number": mostly(NUMBER)})), max_size=2))}))))


def placed(value, ids):
    """The body with the ids of this world."""
    if isinstance(value, dict):
        return {key: placed(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [placed(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value


@given(WRITES)
@settings(LIGHT, max_examples=200)
def test_what_is_refused_changes_nothing(attempts, write):
    line, body = write
    with attempts.somewhere() as ask:
        places = ask("GET", "location/v2/?limit=0").json["objects"]
        ids = {"{root}": places[0]["location_id"],
               "{region}": next(one["location_id"] for one in places if one["location_type_code"] == "region"),
               "{editor}": next(one["id"] for one in ask("GET", "web-user/v1/").json["objects"]
                                if one["username"] == "editor@example.org"),
               "{source}": ask("GET", "ucr_data_source/v1/").json["objects"][0]["id"],
               "{app}": ask("GET", "application/v1/").json["objects"][0]["id"]}
        for name, id in ids.items():
            line = line.replace(name, id)
        before = [shown(ask, path) for path in LISTS], list(ask.world.table("commcare.invitations").all())
        answer = ask(*line.split(" "), placed(body, ids))
        assert answer.status_code in (200, 201, 202, 400, 404, 500)
        if answer.status_code >= 400:
            assert ([shown(ask, path) for path in LISTS], list(ask.world.table("commcare.invitations").all())) == before
