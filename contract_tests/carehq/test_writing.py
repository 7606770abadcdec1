"""Creating, changing and removing: arguments, defaults, the rules of single resources, what must be refused."""

import pytest

MOCK = pytest.mark.mock_only
pytestmark = pytest.mark.writes

ADDRESS = {"address_1": "1 High Street", "address_2": None, "country": None, "county": None, "postcode": "SY8 1AA",
           "town": "Ludlow"}


# --- care enquiries ---


def test_an_enquiry_needs_what_integrations_send(errors):
    needed = ("first_name", "funding_type", "last_name", "sales_channel", "service")
    assert errors("PUT", "care-enquiries") == {name: ["This field is required."] for name in needed}
    blank = dict.fromkeys(needed, "")
    assert errors("PUT", "care-enquiries", blank) == {name: ["This field is required."] for name in needed}


def test_a_new_enquiry_has_its_defaults(call, check, enquiry):
    made = check("create_care_enquiries", call("PUT", "care-enquiries", enquiry))
    assert made["created"] == made["modified"] == made["received"] == made["last_interaction"]
    assert (made["stage"], made["assigned_to"], made["genders"], made["dementia"]) == ("new", None, [], None)
    assert made["enquiring_for_self"] is False
    again = call("PUT", "care-enquiries", enquiry)
    assert int(again["ref"][2:]) > int(made["ref"][2:])
    assert again["_id"] > made["_id"]


def test_all_arguments_of_an_enquiry(call, first, enquiry):
    home = first("locations")
    given = enquiry | {
        "location": home["_id"], "service": home["services"][0], "email": "ann@example.org", "phone": "(01632) 960-123",
        "mobile": "+44 7700 900123", "title": "Mrs", "assigned_to": first("users")["_id"], "dementia": "yes",
        "dementia_challenging_behaviour": "off", "dementia_prone_to_wander": "", "dob": "1940-02-29",
        "enquiring_for_self": "ON", "genders_other": "none", "given_age": "86", "has_used_service_before": "False",
        "referrer": first("groups", group_type="referrer")["_id"], "relationship_to_service_user": "Daughter",
        "referrer_type": first("groups", group_type="referrer_type")["_id"], "care_requirements": "Zoë’s\r\n😀",
        "service_user_first_name": "Zoë", "service_user_last_name": "O'Neil", "received": "2026-01-31T09:30:00Z",
        "street_address-address_1": "1 High Street", "street_address.town": "Ludlow",
        "street_address-postcode": "SY8 1AA",
    }
    made = call("PUT", "care-enquiries", [*given.items(), ("genders", "male"), ("genders", "female"), ("genders", "")])
    same = {name: value for name, value in given.items() if name in made}
    expected = same | {
        "dementia": True, "dementia_challenging_behaviour": False, "dementia_prone_to_wander": None, "given_age": 86,
        "enquiring_for_self": True, "has_used_service_before": False, "received": "2026-01-31 09:30:00",
        "genders": ["male", "female"], "street_address": ADDRESS}
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize(("changed", "says"), [
    ({"funding_type": "local-authority"}, "funding_type takes private, local_authority, "),
    ({"funding_type": "local-authority"}, "did you mean local_authority?"),
    ({"genders": "females"}, "did you mean female?"),
    ({"assigned_to": "me"}, "assigned_to takes ids of 24 lower-case hexadecimal characters"),
    ({"location": "0" * 24}, "location: no record of locations has the id 000000000000000000000000"),
    ({"sales_channel": "room_feature"}, "is a group of type room_feature, not sales_channel"),
    ({"location": "home_care"}, "offers home_care, live_in_care"),
])
def test_the_diagnosis_says_what_would_be_right(raw, call, first, enquiry, explained, changed, says):
    if "sales_channel" in changed:
        changed = {"sales_channel": first("groups", group_type="room_feature")["_id"]}
    if changed.get("location") == "home_care":
        changed = {"location": call("GET", "locations", {"filters-services": "home_care"})["items"][0]["_id"]}
    answer = raw("PUT", "care-enquiries", list((enquiry | changed).items()))
    assert answer.status_code == 400
    explained(answer, says)
    assert says not in answer.text


@MOCK
def test_the_diagnosis_says_where_a_record_is(raw, call, first):
    id = first("groups")["_id"]
    assert f"{id} is a record of groups" in raw("GET", f"users/{id}").headers["X-Mocksrv-Diagnosis"]
    assert "24 lower-case hexadecimal" in raw("GET", "users/1").headers["X-Mocksrv-Diagnosis"]
    assert "was it deleted" in raw("PATCH", f"comments/{'0' * 24}").headers["X-Mocksrv-Diagnosis"]


@pytest.mark.parametrize(("name", "value", "text"), [
    ("funding_type", "local-authority", "Not a valid choice."), ("service", "nursing-home", "Not a valid choice."),
    ("sales_channel", "nonsense", "Not a valid choice."), ("sales_channel", "0" * 24, "Not a valid choice."),
    ("location", "0" * 24, "Not a valid choice."), ("assigned_to", "x", "Not a valid choice."),
    ("genders", "none", "Not a valid choice."), ("dementia", "maybe", "Not a valid choice."),
    ("email", "not an address", "Invalid email address."), ("email", "a@b", "Invalid email address."),
    ("phone", "12345", "Not a valid phone number."), ("phone", "07700 900123 ext 5", "Not a valid phone number."),
    ("mobile", "+" + "1" * 16, "Not a valid phone number."), ("phone", "٠٧٧٠٠ ٩٠٠١٢٣", "Not a valid phone number."),
    ("given_age", "131", "Number must be between 0 and 130."), ("given_age", "-1", "Number must be between 0 and 130."),
    ("given_age", "old", "Not a valid integer value."), ("given_age", "9" * 5000, "Not a valid integer value."),
    ("dob", "31/01/1940", "Not a valid date value."), ("dob", "2999-01-01", "Not a valid date value."),
    ("received", "yesterday", "Not a valid datetime value."), ("received", "2026-13-01", "Not a valid datetime value."),
    ("first_name", "x" * 101, "Field cannot be longer than 100 characters."),
    ("title", "x" * 256, "Field cannot be longer than 255 characters."),
    ("care_requirements", "x" * 65_536, "Field cannot be longer than 65535 characters."),
    ("street_address-town", "x" * 256, "Field cannot be longer than 255 characters."),
])
def test_each_argument_is_checked(errors, enquiry, name, value, text):
    assert errors("PUT", "care-enquiries", enquiry | {name: value}) == {name: [text]}


def test_the_sales_channel_is_one_that_is_offered(call, first, errors, enquiry):
    archived = call("GET", "groups", {"filters-archived": "yes", "filters-group_type": "sales_channel"})["items"]
    other = first("groups", group_type="room_feature")
    for id in [group["_id"] for group in (*archived, other)]:
        assert errors("PUT", "care-enquiries",
                      enquiry | {"sales_channel": id}) == {"sales_channel": ["Not a valid choice."]}


def test_the_service_is_one_that_the_location_offers(call, errors, enquiry):
    home = next(home for home in call("GET", "locations", {"filters-services": "home_care", "attributes": "services",
                                                           "per_page": 100})["items"]
                if "nursing_home" not in home["services"] and "residential_home" not in home["services"])
    given = enquiry | {"location": home["_id"]}
    assert errors("PUT", "care-enquiries", given) == {"service": ["Not a valid choice."]}
    made = call("PUT", "care-enquiries", given | {"service": "home_care"})
    assert errors("PATCH", f"care-enquiries/{made['_id']}", {"service": "nursing_home"}) == {
        "service": ["Not a valid choice."]}
    assert call("PATCH", f"care-enquiries/{made['_id']}", {"last_name": "Smith"})["last_name"] == "Smith"


def test_closing_needs_a_reason(call, first, errors, enquiry):
    path = f"care-enquiries/{call('PUT', 'care-enquiries', enquiry)['_id']}"
    assert errors("PATCH", path, {"stage": "closed"}) == {"reason_for_closing": ["This field is required."]}
    reason = first("groups", group_type="enquiry_close_reason")["_id"]
    closed = call("PATCH", path, {"stage": "closed", "reason_for_closing": reason, "closing_notes": "Too far away."})
    assert (closed["stage"], closed["closing_notes"]) == ("closed", "Too far away.")
    assert call("PATCH", path, {"stage": "closed"})["reason_for_closing"] == reason


def test_an_update_touches_only_what_was_sent(call, enquiry):
    made = call("PUT", "care-enquiries", enquiry | {"phone": "01632 960123", "street_address-town": "Ely"})
    path = f"care-enquiries/{made['_id']}"
    same = call("PATCH", path)
    assert made | {"modified": same["modified"]} == same
    assert same["modified"] >= made["modified"]
    changed = call("PATCH", path, {"phone": "", "genders": "", "street_address-postcode": "CB7 4AA", "_id": "0" * 24,
                                   "created": "2020-01-01", "ref": "CE1", "enquiry_type": "x"})
    assert (changed["phone"], changed["genders"], changed["_id"], changed["ref"]) == (None, [], made["_id"],
                                                                                      made["ref"])
    assert (changed["street_address"]["town"], changed["street_address"]["postcode"]) == ("Ely", "CB7 4AA")
    assert changed["created"] == made["created"]


@MOCK
def test_an_update_changes_when_it_was_modified(world, call, enquiry):
    world.clock.freeze()
    made = call("PUT", "care-enquiries", enquiry)
    world.clock.advance(5)
    assert call("PATCH", f"care-enquiries/{made['_id']}")["modified"] > made["modified"] == made["created"]


def test_what_is_required_cannot_be_cleared(call, errors, enquiry):
    path = f"care-enquiries/{call('PUT', 'care-enquiries', enquiry)['_id']}"
    assert errors("PATCH", path, {"last_name": "", "stage": "", "service": ""}) == {
        name: ["This field is required."] for name in ("last_name", "service", "stage")}


# --- comments ---


def test_a_comment_belongs_to_one_record(first, own, errors):
    both = {"comment": "x", "care_enquiry": own["_id"], "service_user": first("service-users")["_id"]}
    assert errors("PUT", "comments", both) == {"service_user": ["Not a valid choice."]}
    assert errors("PUT", "comments", {"comment": "x"}) == {"care_enquiry": ["This field is required."]}
    assert errors("PUT", "comments", {"care_enquiry": "x"}) == {
        "care_enquiry": ["Not a valid choice."], "comment": ["This field is required."]}


def test_a_comment_on_an_enquiry(call, check, own):
    made = check("create_comments", call("PUT", "comments", {"comment": "Called.", "care_enquiry": own["_id"]}))
    assert (made["user"], made["pinned"], made["location"]) == (None, False, own["location"])
    path = f"care-enquiries/{own['_id']}"
    now = call("GET", path, [("attributes", "last_interaction"), ("attributes", "modified")])
    assert (now["last_interaction"], now["modified"]) == (made["created"], own["modified"])
    changed = call("PATCH", f"comments/{made['_id']}", {"pinned": "true", "care_enquiry": "ignored"})
    assert (changed["pinned"], changed["care_enquiry"]) == (True, own["_id"])
    assert call("DELETE", f"comments/{made['_id']}") == {}


@MOCK
def test_a_comment_moves_an_old_enquiry(world, call, first):
    old = first("care-enquiries")
    world.clock.advance(200)
    made = call("PUT", "comments", {"comment": "Called.", "care_enquiry": old["_id"]})
    assert made["user_sticky_label"] == "All-powerful"
    now = call("GET", f"care-enquiries/{old['_id']}", [("attributes", "last_interaction"), ("attributes", "modified")])
    assert now == {"_id": old["_id"], "last_interaction": made["created"], "modified": old["modified"]}


@MOCK  # it would stand on somebody else's record
def test_a_comment_on_a_service_user(call, first):
    person = first("service-users")
    made = call("PUT", "comments", {"comment": "Settled in.", "service_user": person["_id"], "pinned": "1"})
    assert (made["service_user"], made["location"], made["pinned"]) == (person["_id"], person["location"], True)


# --- home visits ---


def test_a_visit_is_booked(call, check, own):
    made = check("create_home_visits", call("PUT", "home-visits", {
        "care_enquiry": own["_id"], "date_time": "2030-01-31T10:00:00Z"}))
    assert (made["visit_type"], made["location"]) == ("in_person", own["location"])
    assert made["assigned_to"] == own["assigned_to"] is not None
    assert call("GET", f"care-enquiries/{own['_id']}", {"attributes": "stage"})["stage"] == "visit_booked"


def test_a_visit_leaves_later_stages_alone(call, own):
    path = f"care-enquiries/{own['_id']}"
    call("PATCH", path, {"stage": "placing"})
    call("PUT", "home-visits", {"care_enquiry": own["_id"], "date_time": "2030-01-31"})
    assert call("GET", path, {"attributes": "stage"})["stage"] == "placing"


def test_what_a_visit_needs(call, errors, enquiry):
    assert errors("PUT", "home-visits") == {
        name: ["This field is required."] for name in ("care_enquiry", "date_time")}
    homeless = call("PUT", "care-enquiries", enquiry)["_id"]
    assert errors("PUT", "home-visits", {"care_enquiry": homeless, "date_time": "soon", "host": "cook"}) == {
        "care_enquiry": ["Not a valid choice."], "date_time": ["Not a valid datetime value."],
        "host": ["Not a valid choice."]}


@MOCK
def test_visits_complete_themselves_if_wanted(world, call, first):
    enquiry = first("care-enquiries", stage="contacted")
    world.clock.freeze("2030-01-31T09:00:00Z")
    world.set(carehq_clock_window=0)
    made = call("PUT", "home-visits", {"care_enquiry": enquiry["_id"], "date_time": "2030-01-31 10:00:00"})
    path, wanted = f"home-visits/{made['_id']}", {"attributes": "completed"}
    world.clock.advance(7200)
    assert call("GET", path, wanted)["completed"] is None
    world.set(carehq_auto_complete_visits=True)
    assert call("GET", path, wanted)["completed"] == "2030-01-31 11:00:00"
    done = call("GET", "home-visits", {"filters-completed": "yes", "filters-ids": made["_id"]})
    assert done["item_count"] == 1
    call("PUT", "home-visits", {"care_enquiry": enquiry["_id"], "date_time": "9999-12-31 23:59:59"})
    assert call("GET", "home-visits", {"filters-completed": "no"})["item_count"] >= 1


# --- delete ---


def test_what_others_point_to_stays(raw, call, explained, enquiry):
    id = call("PUT", "care-enquiries", enquiry)["_id"]
    comment = call("PUT", "comments", {"comment": "x", "care_enquiry": id})["_id"]
    answer = raw("DELETE", f"care-enquiries/{id}")
    assert (answer.status_code, answer.json()) == (400, {"hint": "This care enquiry is used by 1 comments."})
    explained(answer, comment)
    assert call("DELETE", f"comments/{comment}") == {}
    assert call("DELETE", f"care-enquiries/{id}") == {}
    assert raw("DELETE", f"care-enquiries/{id}").status_code == 404


@MOCK
def test_delete_may_answer_without_a_body(world, raw, call, enquiry):
    world.set(carehq_delete_status="204")
    answer = raw("DELETE", f"care-enquiries/{call('PUT', 'care-enquiries', enquiry)['_id']}")
    assert (answer.status_code, answer.content) == (204, b"")


# --- settings ---


@MOCK
def test_retrieve_may_show_everything(world, call, first):
    id = first("users")["_id"]
    assert call("GET", f"users/{id}") == {"_id": id}
    world.set(carehq_retrieve_default="all")
    assert len(call("GET", f"users/{id}")) == 26
    assert call("GET", f"users/{id}", {"attributes": "role"}).keys() == {"_id", "role"}


@MOCK
@pytest.mark.parametrize("opened", ["all", "groups, tax-rates,rooms"])
def test_other_resources_take_writes_when_opened(world, raw, call, first, errors, opened):
    assert "carehq.writable_resources=groups" in raw("PUT", "groups").headers["X-Mocksrv-Diagnosis"]
    world.set(carehq_writable_resources=opened)
    assert (raw("PUT", "brands").status_code == 405) == (opened != "all")
    assert errors("PUT", "groups") == {name: ["This field is required."] for name in ("group_type", "name")}
    made = call("PUT", "groups", {"group_type": "sales_channel", "name": "Podcast", "archived": "no"})
    assert call("PATCH", f"groups/{made['_id']}", {"name": "Local podcast"})["name"] == "Local podcast"
    assert call("DELETE", f"groups/{made['_id']}") == {}
    protected = first("groups", protected=True)["_id"]
    for method in ("PATCH", "DELETE"):
        answer = raw(method, f"groups/{protected}")
        assert (answer.status_code, answer.json()) == (403, {"hint": "This group is protected."})
    rate = {"tax_code": "T1", "description": "Twice", "rate": "20.5"}
    assert errors("PUT", "tax-rates", rate) == {"tax_code": ["This value is already in use."]}
    made = call("PUT", "tax-rates", rate | {"tax_code": "T9"})
    assert made["rate"] == 20.5
    assert call("PATCH", f"tax-rates/{made['_id']}", {"tax_code": "T9"})["tax_code"] == "T9"


@MOCK
def test_personal_data_goes_when_a_record_is_anonymized(world, call, first):
    world.set(carehq_writable_resources="all")
    id = first("service-users")["_id"]
    changed = call("PATCH", f"service-users/{id}", {"anonymized": "2026-01-01", "first_name": "Ann"})
    assert (changed["first_name"], changed["last_name"], changed["dob"], changed["nhs_number"]) == (None, "", None,
                                                                                                    None)
    assert changed["anonymized"] == "2026-01-01 00:00:00"


@MOCK
def test_rates_of_a_room_can_be_set_by_type(world, call, first, errors):
    world.set(carehq_writable_resources="all")
    room = first("rooms")
    kind = next(iter(room["rates"]))
    changed = call("PATCH", f"rooms/{room['_id']}", {f"rates-{kind}": "99000"})
    assert changed["rates"] == room["rates"] | {kind: 99_000}
    assert call("GET", f"rooms/{room['_id']}", {"attributes": f"rates.{kind}"})["rates"] == {kind: 99_000}
    bad = {f"rates-{'0' * 24}": "1", f"rates-{kind}": "cheap"}
    assert errors("PATCH", f"rooms/{room['_id']}", bad) == {
        f"rates-{'0' * 24}": ["Not a valid choice."], f"rates-{kind}": ["Not a valid integer value."]}
