"""Tastypie's XML: what stands at its root, what it makes of lists, ids and names, and what it takes for a body."""

from uuid import uuid4

import pytest

pytestmark = pytest.mark.writes

ANSWER = {"Accept": "application/xml"}
BODY = {"Content-Type": "application/xml"}
START = "<?xml version='1.0' encoding='utf-8'?>\n"
CANNED = ("<response><error_message>Sorry, this request could not be processed. Please try again later."
          "</error_message></response>")


def fresh():
    return f"xml-{uuid4().hex[:12]}"


def new_group(hq, **fields):
    return hq.post("group/v1/", {"name": fresh(), **fields}).json()["id"]


def is_xml(response, status, content):
    return (response.status_code, response.headers["Content-Type"], response.text) == (
        status, "application/xml; charset=utf-8", START + content)


def test_what_a_write_answers_is_a_response(hq):
    made = hq.call("POST", "api/group/v1/", json={"name": fresh()}, headers=ANSWER)
    assert is_xml(made, 201, f'<response id="{made.headers["Location"].split("/")[-2]}"/>')


def test_ids_of_several_are_objects_with_values(hq):
    name = fresh()
    made = hq.call("PATCH", "api/group/v1/", json={"objects": [{"name": name}, {"name": name}]}, headers=ANSWER)
    (id,) = [group["id"] for group in hq.get("group/v1/", limit=0).json()["objects"] if group["name"] == name]
    assert is_xml(made, 400, f"<objects><value>{id}</value><value>A group with name {name} already exists</value>"
                             "</objects>")


@pytest.mark.parametrize(("method", "path", "body", "status", "content"), [
    ("POST", "group/v1/", {"name": ""}, 400, "<response><error_message>Name is required</error_message></response>"),
    ("POST", "group/v1/", {"name": 5}, 500, CANNED), ("PUT", "group/v1/nothing/", {"name": "x"}, 500, CANNED),
    ("DELETE", "group/v1/nothing/", None, 404, CANNED),
    ("POST", "user/v1/", {"username": "a<b", "password": "qwer1234"}, 400,
     "<response><error>Username 'a&amp;lt;b@{domain}.commcarehq.org' must be a valid email address.</error>"
     "</response>"),
])
def test_refusals_too_are_in_xml(hq, method, path, body, status, content):
    answer = hq.call(method, f"api/{path}", json=body, headers=ANSWER)
    assert answer.text == START + content.replace("{domain}", hq.name)
    assert answer.status_code == status


@pytest.mark.parametrize(("metadata", "content"), [
    ({"a": [1, {"x": None}, True, "t", 1.5]},
     '<a type="list"><object type="hash"><x type="null"/></object><value type="integer">1</value>'
     '<value type="boolean">True</value><value>t</value><value type="float">1.5</value></a>'),
    ({"a": [[1], []]}, '<a type="list"><objects><value type="integer">1</value></objects><objects/></a>'),
    ({"b": {"id": "5"}, "a": {"id": ""}}, '<a type="hash" id=""/><b type="hash" id="5"/>'),
    ({" p ": "", "": "x"}, "<p></p><value>x</value>"),
])
def test_values(hq, metadata, content):
    id = new_group(hq, metadata=metadata)
    assert f'<metadata type="hash">{content}</metadata>' in hq.get(f"group/v1/{id}/", format="xml").text


@pytest.mark.parametrize("metadata", [{"a b": 1}, {"1a": 1}, {"a:b": 1}, {"a": "\x00"}, {"a": "\x1f"}])
def test_what_no_xml_holds_fails(hq, metadata):
    id = new_group(hq, metadata=metadata)
    assert is_xml(hq.get(f"group/v1/{id}/", format="xml"), 500, CANNED)
    assert hq.get(f"group/v1/{id}/").json()["metadata"] == metadata


def test_names_of_custom_data_that_begin_with_a_digit_are_left_out(hq):
    id = hq.post("user/v1/", {"username": fresh(), "password": "qwer1234", "user_data": {
        "1question": "x", "b2": "y"}}).json()["id"]
    text = hq.get(f"user/v1/{id}/", format="xml").text
    assert "<b2>y</b2>" in text
    assert "1question" not in text


@pytest.mark.parametrize(("content", "metadata"), [
    ('<a type="integer"> 5 </a><b type="float">1.5</b><c type="null">x</c><d/>',
     {"a": 5, "b": 1.5, "c": None, "d": None}),
    ('<a type="boolean">True</a><b type="boolean">true</b>', {"a": True, "b": False}),
    ('<a type="list"><value>x</value><object><b>1</b></object></a>', {"a": ["x", {"b": "1"}]}),
    ("<a>x<b>1</b></a>", {"a": "x"}), ('<a type="hash"><b>1</b></a>', {"a": {"b": "1"}}),
])
@pytest.mark.parametrize("root", ["object", "request"])
def test_bodies(hq, root, content, metadata):
    body = f'<?xml version="1.0"?><{root}><name>{fresh()}</name><metadata type="hash">{content}</metadata></{root}>'
    id = hq.call("POST", "api/group/v1/", data=body, headers=BODY).json()["id"]
    assert hq.get(f"group/v1/{id}/").json()["metadata"] == metadata


def test_a_request_is_its_first_object(hq):
    name = fresh()
    body = f"<request><a>1</a><object><name>{name}</name></object></request>"
    made = hq.call("POST", "api/group/v1/", data=body, headers=BODY)
    assert hq.get(f"group/v1/{made.json()['id']}/").json()["name"] == name


def test_another_root_is_a_text_or_nothing(hq):
    """Nothing counts as an empty object, a text is no object."""
    id = new_group(hq)
    put = {"data": "<response/>", "headers": BODY}
    assert hq.call("PUT", f"api/group/v1/{id}/", **put).status_code == 200
    assert hq.call("PUT", f"api/group/v1/{id}/", **put | {"data": "<a>x</a>"}).status_code == 500


def test_a_refused_group_is_answered_like_a_made_one(hq):
    name = fresh()
    answers = [hq.post("group/v1/", {"name": name}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 400]
    for header in ("Content-Type", "Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers"):
        assert answers[0].headers[header] == answers[1].headers[header]


@pytest.mark.parametrize(("method", "path"), [("PUT", "group/v1/{id}/"), ("PATCH", "group/v1/")])
def test_a_multipart_body_is_read_before_its_turn(hq, method, path):
    """As a form, which a POST is not; then there is no body left to refuse."""
    path = path.format(id=new_group(hq))
    kind = {"Content-Type": "multipart/form-data; boundary=B"}
    form = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
    assert hq.call(method, f"api/{path}", data=form, headers=kind).status_code == 500
    assert hq.call(method, f"api/{path}", data=b"", headers=kind).status_code == 415
    assert hq.call("POST", "api/group/v1/", data=form, headers=kind).status_code == 415


def test_refusals_are_in_json_for_a_callback(hq):
    answer = hq.get("group/v1/", callback="x", limit="z", format="xml")
    assert answer.json() == {"error": "Invalid limit 'z' provided. Please provide a positive integer."}
    assert hq.get("group/v1/", limit="z", format="xml").text.startswith(START)
