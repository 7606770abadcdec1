"""Every answer that a simulator of this process gives in a contract test is held against the vendor's OpenAPI document.

The status must be declared for the operation, the content type for the status, and a JSON body must fit the schema. An
answer that a fault of the world made is no answer of the vendor's. And a request that is answered with success must be
one that the document and the marshmallow schema behind it allow.
"""

import json
from functools import cache, wraps
from urllib.parse import parse_qsl

import jsonschema_rs
import marshmallow
import pytest

from mocksrv.answering import Answering
from mocksrv.described.openapi import document

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ACCEPTED = range(200, 300)


class Described:
    """A vendor's OpenAPI document, as a judge of answers."""

    def __init__(self, vendor):
        made = document(vendor)
        self.shared = made["components"]["responses"]
        self.places = {one["operationId"]: f"/paths/{escaped(path)}/{method}"
                       for path, item in made["paths"].items() for method, one in item.items()}
        self.responses = {one["operationId"]: one["responses"]
                          for item in made["paths"].values() for one in item.values()}
        self.registry = jsonschema_rs.Registry([("urn:vendor", made)], draft=jsonschema_rs.Draft202012)
        self.validator = cache(self._validator)

    def _validator(self, pointer):
        return jsonschema_rs.Draft202012Validator({"$ref": f"urn:vendor#{pointer}"}, registry=self.registry)

    def problem(self, name, method, status, content_type, body):
        """What is not declared about an answer of the operation `name`, or None."""
        if (declared := self.responses[name].get(str(status))) is None:
            return f"status {status} is not declared; body: {body[:200]!r}"
        place = f"{self.places[name]}/responses/{status}"
        if "$ref" in declared:
            place = declared["$ref"].removeprefix("#")
            declared = self.shared[place.rpartition("/")[2]]
        content = declared.get("content")
        if method == "HEAD" or not (body or (content and content_type)):
            return None
        media = (content_type or "").partition(";")[0]
        kind = next((one for one in (media, "*/*") if one in (content or {})), None)
        if kind is None:
            return f"status {status}: content type {media or None} is not declared; body: {body[:200]!r}"
        if media != "application/json" or "schema" not in content[kind]:
            return None
        found = self.misfit(f"{place}/content/{escaped(kind)}/schema", json.loads(body))
        return f"status {status}: {found}" if found else None

    def misfit(self, pointer, data):
        """What of the data is not as that part of the document says, or ""."""
        errors = self.validator(pointer).iter_errors(data)
        return "; ".join(f"{error.message[:300]} at {error.instance_path}" for error in list(errors)[:5])

    def refused(self, operation, body, content_type=JSON):
        """Why the operation's declared body would not be the body of this request, or ""."""
        declared, form = operation.schema("body"), operation.consumes == FORM
        media = content_type.partition(";")[0].strip().lower() or JSON
        if declared is None or not body or media != operation.consumes or media not in (JSON, FORM):
            return ""
        schema = declared() if isinstance(declared, type) else None
        if form:
            return str(schema.validate(of_form(schema, body)) or "")
        data = json.loads(body)
        place = f"{self.places[operation.name]}/requestBody/content/{escaped(JSON)}/schema"
        return self.misfit(place, data) or (str(schema.validate(data) or "") if schema else "")


def of_form(schema, body):
    """The values of form-encoded bytes by their names; fields for lists get all of theirs.

    Empty texts are none, but where the field must be there: then it is.
    """
    lists = {name for name, field in schema.fields.items() if isinstance(field, marshmallow.fields.List)}
    made = {}
    needed = {name for name, field in schema.fields.items() if field.required}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        if not value and name not in needed:
            continue
        if name in lists:
            made.setdefault(name, []).append(value)
        else:
            made[name] = value
    return made


def escaped(segment):
    """As part of a JSON pointer in a URI's fragment."""
    text = segment.replace("~", "~0").replace("/", "~1")
    return "".join(c if c.isalnum() or c in "-._~" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)


class Witness:
    """Sees all answers, and keeps what is wrong with them."""

    def __init__(self):
        self.problems = []
        self.described = {}
        self.bodies = True  # whether requests are looked at, too

    def watch(self, answer):
        """`Answering.answer` with somebody who looks at what it gives."""
        @wraps(answer)
        def watched(answering, world, vendor, call):
            reply = answer(answering, world, vendor, call)
            if reply.streams:
                reply.body = self.tee(vendor, call, reply, reply.body)
            else:
                self.look(vendor, call, reply, reply.body)
            return reply

        return watched

    def tee(self, vendor, call, reply, chunks):
        whole = []
        try:
            for chunk in chunks:
                whole.append(chunk)
                yield chunk
        finally:
            chunks.close()
        self.look(vendor, call, reply, b"".join(whole))

    def look(self, vendor, call, reply, body):
        faulty = any("of this world struck" in line for line in call.diagnosis)
        lines = call.arg("feed") in ("continuous", "live")  # JSON on each line, for which OpenAPI has no words
        ours = b"about:mocksrv#not-simulated" in body  # what no document of the vendor has
        if call.operation is None or faulty or lines or ours:
            return
        try:
            if vendor.name not in self.described:
                self.described[vendor.name] = Described(vendor)
            kind = next((value for name, value in reply.headers if name.lower() == "content-type"), None)
            judge = self.described[vendor.name]
            problem = judge.problem(call.operation.name, call.method, reply.status, kind, body)
            packed = call.header("content-encoding", "identity") != "identity"
            if self.bodies and not problem and not packed and reply.status in ACCEPTED and (
                    why := judge.refused(call.operation, call.read_body, call.header("content-type"))):
                problem = f"{reply.status} for a body that its schema refuses: {why}; {call.read_body[:300]!r}"
        except Exception as error:
            problem = repr(error)  # a test must fail of it, not the server
        if problem:
            self.problems.append(f"{vendor.name}.{call.operation.name} {call.method} {call.target}: {problem}")


@pytest.fixture(scope="session")
def witness():
    """Looks at the answers of all simulators in this process."""
    seen = Witness()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Answering, "answer", seen.watch(Answering.answer))
        yield seen


@pytest.fixture(autouse=True)
def described(witness, request):
    """Fail a test whose answers are not those of the OpenAPI document, or whose bodies are taken against it."""
    witness.problems.clear()
    witness.bodies = request.node.get_closest_marker("odd_bodies") is None
    yield
    assert not witness.problems, "not as the OpenAPI document says:\n" + "\n".join(dict.fromkeys(witness.problems))
