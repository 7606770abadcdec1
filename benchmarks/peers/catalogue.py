"""The peers: mocksrv itself and the mocks that people use today, each asked for the same work."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from . import ITEMS, Peer, Work, ask, body_of, from_npm, from_pypi, item, request

# --- mocksrv ---------------------------------------------------------------------------------------------

CHT = {"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode(), "Accept": "application/json"}
CHT_PAGE = request("GET", "/api/v1/person?type=person&limit=20", CHT)
COMMCARE = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
COMMCARE_PAGE = request("GET", "/a/demo/api/v0.5/case/?limit=20", COMMCARE)


def mocksrv_command(*more: str, on_disk: bool = True) -> Any:
    def command(program: Path, port: int, folder: Path) -> list[str]:
        kept = ["--data", str(folder / "world.json")] if on_disk else []
        options = ["--port", str(port), "--no-limits", *kept, *more]
        return [str(program), "-m", "mocksrv", "serve", *options]

    return command


def sized(peer: Peer, vendor: str, size: int) -> Peer:
    """The same with so many objects, of this vendor alone."""
    command = mocksrv_command("--vendor", vendor, "--size", str(size))
    return replace(peer, name=f"{peer.name}, {size:,}", command=command)


def cht_work(port: int) -> Work:
    persons = body_of(ask(port, CHT_PAGE))["data"]
    assert len(persons) == 20, "the seed has too few persons"
    parent = persons[0]["parent"]["_id"]

    def create(number: int) -> bytes:
        body = {"name": f"Person {number}", "type": "person", "phone": "", "place": parent}
        return request("POST", "/api/v1/people", CHT, body)

    def created(_number: int, answer: bytes) -> bytes:
        return request("GET", f"/api/v1/person/{body_of(answer)['id']}", CHT)

    return Work(CHT_PAGE, request("GET", f"/api/v1/person/{persons[0]['_id']}", CHT), create, created)


def commcare_work(port: int) -> Work:
    cases = body_of(ask(port, COMMCARE_PAGE))["objects"]
    assert len(cases) == 20, "the seed has too few cases"
    users = "/a/demo/api/v0.5/user/"

    def create(number: int) -> bytes:
        body = {"username": f"worker{number}", "password": "a-long-password-1", "first_name": "A"}
        return request("POST", users, COMMCARE, body)

    def created(_number: int, answer: bytes) -> bytes:
        return request("GET", f"{users}{body_of(answer)['id']}/", COMMCARE)

    one = request("GET", f"/a/demo/api/v0.5/case/{cases[0]['case_id']}/", COMMCARE)
    return Work(COMMCARE_PAGE, one, create, created)


ENQUIRIES = "/v1/care-enquiries"
SHOWN = [("attributes", name) for name in ("_id", "first_name", "last_name", "stage", "service", "created", "modified")]


def carehq(method: str, path: str, arguments: Sequence[tuple[str, str]] = ()) -> bytes:
    """A request that is signed as CareHQ's own clients do (version 2.0), with a nonce of its own."""
    stamp, nonce = str(int(time.time())), secrets.token_urlsafe(16)
    lines = [stamp, nonce, method, path, *(f"{name}={value}" for name, value in sorted(arguments))]
    signature = hmac.new(b"MY_API_SECRET", "\n".join(lines).encode(), "sha256").hexdigest()
    headers = {"Accept": "application/json", "X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "MY_API_KEY",
               "X-CareHQ-Nonce": nonce, "X-CareHQ-Signature": signature, "X-CareHQ-Signature-Version": "2.0",
               "X-CareHQ-Timestamp": stamp}
    sent = urlencode(arguments)
    if method == "GET":
        return request(method, f"{path}?{sent}" if sent else path, headers)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(sent))}
    return request(method, path, headers | form) + sent.encode()


def carehq_page() -> bytes:
    return carehq("GET", ENQUIRIES, [*SHOWN, ("per_page", "20")])


def carehq_work(port: int) -> Work:
    enquiries = body_of(ask(port, carehq_page()))["items"]
    assert len(enquiries) == 20, "the seed has too few enquiries"
    groups = carehq("GET", "/v1/groups", [("attributes", "_id"), ("attributes", "group_type"), ("per_page", "100")])
    channel = next(one["_id"] for one in body_of(ask(port, groups))["items"] if one["group_type"] == "sales_channel")
    fields = [("first_name", "Ann"), ("funding_type", "private"), ("service", "residential_home"),
              ("sales_channel", channel)]

    def create(number: int) -> bytes:
        return carehq("PUT", ENQUIRIES, [*fields, ("last_name", f"Other {number}")])

    def one(id: str) -> bytes:
        return carehq("GET", f"{ENQUIRIES}/{id}", SHOWN)

    return Work(carehq_page, lambda: one(enquiries[0]["_id"]), create,
                lambda _number, answer: one(body_of(answer)["_id"]))


def this_python() -> Path:
    return Path(sys.executable)


MOCKSRV_CHT = Peer("mocksrv (CHT persons)", this_python, mocksrv_command("--size", "small"), CHT_PAGE, cht_work)
MOCKSRV_COMMCARE = Peer(
    "mocksrv (CommCare cases)", this_python, mocksrv_command("--size", "small"), COMMCARE_PAGE, commcare_work
)
MOCKSRV_CAREHQ = Peer(
    "mocksrv (CareHQ enquiries)", this_python, mocksrv_command("--size", "small"), request("GET", "/_mocksrv/ready"),
    carehq_work
)

# With the small seed in memory, as it starts by default.
MOCKSRV = replace(MOCKSRV_CHT, name="mocksrv", command=mocksrv_command(on_disk=False))

# --- moto: S3, the most used of its services ---------------------------------------------------------------

AWS = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20250101/us-east-1/s3/aws4_request, Signature=0"}


def moto_work(port: int) -> Work:
    for bucket, count in (("items", ITEMS), ("page", 20)):  # a listing costs moto the whole bucket
        ask(port, request("PUT", f"/{bucket}", AWS))
        for number in range(count):
            ask(port, request("PUT", f"/{bucket}/{number:06}", AWS, item(number)))

    def create(number: int) -> bytes:
        return request("PUT", f"/items/{ITEMS + number:06}", AWS, item(number))

    def created(number: int, _answer: bytes) -> bytes:
        return request("GET", f"/items/{ITEMS + number:06}", AWS)

    page = request("GET", "/page?list-type=2", AWS)
    return Work(page, request("GET", "/items/000007", AWS), create, created)


MOTO = Peer(
    "moto (S3)",
    from_pypi("moto", "moto_server", "moto[server]==5.2.5"),
    lambda program, port, _folder: [str(program), "--host", "127.0.0.1", "--port", str(port)],
    request("GET", "/", AWS),
    moto_work,
)

# --- json-server and Mockoon: generic stateful mocks --------------------------------------------------------


def rest_work(page: str) -> Any:
    def work(port: int) -> Work:
        got = ask(port, request("GET", page))
        assert got.count(b'"field_a"') == 20, "the page does not have 20 objects"

        def create(number: int) -> bytes:
            body = item(number)
            del body["id"]  # the server gives one
            return request("POST", "/items", body=body)

        def created(_number: int, answer: bytes) -> bytes:
            return request("GET", f"/items/{body_of(answer)['id']}")

        return Work(request("GET", page), request("GET", "/items/000007"), create, created)

    return work


def json_server_command(program: Path, port: int, folder: Path) -> list[str]:
    items = [item(number) for number in range(ITEMS)]
    (folder / "db.json").write_text(json.dumps({"items": items, "page": items[:20]}))
    return [str(program), "db.json", "--host", "127.0.0.1", "--port", str(port)]


JSON_SERVER = Peer(
    "json-server 1",
    from_npm("json-server@1.0.0-beta.3", "json-server"),
    json_server_command,
    request("GET", "/items/000007"),
    rest_work("/page"),  # of its own: to page through many costs a sort of all
)


def mockoon_command(program: Path, port: int, folder: Path) -> list[str]:
    data = {"uuid": "b1", "id": "itms", "name": "items", "documentation": "", "linkedOpenApi": ""}
    data["value"] = json.dumps([item(number) for number in range(ITEMS)])
    response = {
        **{"uuid": "p1", "body": "", "latency": 0, "statusCode": 200, "label": "", "headers": []},
        **{"bodyType": "DATABUCKET", "filePath": "", "databucketID": "itms", "sendFileAsBody": False},
        **{"rules": [], "rulesOperator": "OR", "disableTemplating": True, "fallbackTo404": False},
        **{"default": True, "crudKey": "id", "callbacks": []},
    }
    route = {"uuid": "r1", "type": "crud", "documentation": "", "method": "", "endpoint": "items"}
    route |= {"responses": [response], "responseMode": None}
    environment = {
        **{"uuid": "e1", "lastMigration": 33, "name": "bench", "port": port, "hostname": "127.0.0.1"},
        **{"endpointPrefix": "", "latency": 0, "folders": [], "proxyMode": False, "proxyHost": ""},
        **{"routes": [route], "rootChildren": [{"type": "route", "uuid": "r1"}], "cors": False},
        **{"headers": [], "proxyReqHeaders": [], "proxyResHeaders": [], "callbacks": [], "data": [data]},
        **{"proxyRemovePrefix": False, "tlsOptions": {"enabled": False}},
    }
    (folder / "mockoon.json").write_text(json.dumps(environment))
    return [str(program), "start", "--data", "mockoon.json", "--disable-log-to-file", "--disable-admin-api"]


MOCKOON = Peer(
    "Mockoon",
    from_npm("@mockoon/cli@9.9.0", "mockoon-cli"),
    mockoon_command,
    request("GET", "/items/000007"),
    rest_work("/items?page=1&limit=20"),
)

OTHERS = [MOTO, JSON_SERVER, MOCKOON]
