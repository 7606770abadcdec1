"""What reading costs grows with the length of what came, for every kind of text that comes from outside.

Each is sent at a length and at four times of it. What is linear costs four times as much then, what is quadratic 16
times. The CPU time of this thread alone is counted, without the garbage collector, and the least of three: nothing else
that is at work matters.
"""

import gc
import io
import json
import time
from urllib.parse import quote

import openpyxl
import pytest

from mocksrv.app import create_app
from mocksrv.config import Config

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw=="}
HQ = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
CARE = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}
SIGNED = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "MY_API_KEY", "X-CareHQ-Signature": "x",
          "X-CareHQ-Nonce": "n", "X-CareHQ-Timestamp": "1700000000", "X-CareHQ-Signature-Version": "2.0"}
JSON, FORM, XML = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}, {
    "Content-Type": "text/xml"}
MOST, START = 9, 0.004  # times as much at four times the length; seconds that the shorter one must take to count


def post(path, headers, body):
    return {"method": "POST", "path": path, "headers": headers, "data": body}


def get(path, headers):
    return {"method": "GET", "path": path, "headers": headers}


def workbook(rows):
    """The upload as bytes, so that it can be sent again."""
    book, file = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    sheet.append(["case_id", "name"])
    for number in range(rows):
        sheet.append(["", f"n{number}"])
    book.save(file)
    fields = {"case_type": "t", "search_field": "case_id", "search_column": "case_id", "create_new_cases": "on"}
    body = b"".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                    for name, value in fields.items())
    body += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n' + file.getvalue()
    return post("/a/demo/importer/excel/bulk_upload_api/", HQ | {"Content-Type": "multipart/form-data; boundary=b"},
                body + b"\r\n--b--\r\n")


def tables(count):
    """An upload of lookup tables whose sheets are not there."""
    book, file = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("types")
    sheet.append(["table_id", "field 1"])
    for number in range(count):
        sheet.append([f"t{number}", "n"])
    book.save(file)
    body = b'--b\r\nContent-Disposition: form-data; name="replace"\r\n\r\nfalse\r\n'
    body += b'--b\r\nContent-Disposition: form-data; name="file-to-upload"; filename="a.xlsx"\r\n\r\n' + file.getvalue()
    return post("/a/demo/fixtures/fixapi/", HQ | {"Content-Type": "multipart/form-data; boundary=b"},
                body + b"\r\n--b--\r\n")


def parts(count):
    body = "".join(f"--b\r\nContent-Disposition: form-data; name=\"p{number}\"\r\n\r\nv\r\n" for number in range(count))
    return post("/a/demo/receiver/api/", HQ | {"Content-Type": "multipart/form-data; boundary=b"}, body + "--b--\r\n")


RECEIVER, CASES, VALIDATE = "/a/demo/receiver/api/", "/a/demo/api/case/v2/", "/api/v1/forms/validate"
TEXTS = {  # at which length, and what is sent then
    "attributes (receiver)": (4_000, lambda n: post(RECEIVER, HQ | XML, "<d " + " ".join(
        f'a{number}="1"' for number in range(n)) + "/>")),
    "attributes (forms)": (4_000, lambda n: post(VALIDATE, ADMIN | XML, "<d " + " ".join(
        f'a{number}="1"' for number in range(n)) + "/>")),
    "elements (receiver)": (4_000, lambda n: post(RECEIVER, HQ | XML, "<d>" + "<a>x</a>" * n + "</d>")),
    "open elements (receiver)": (20_000, lambda n: post(RECEIVER, HQ | XML, "<a>" * n)),
    "open elements (forms)": (4_000, lambda n: post(VALIDATE, ADMIN | XML, "<a>" * n)),
    "odd spaces in a tag (forms)": (4_000, lambda n: post(VALIDATE, ADMIN | XML, "<a" + "\u2028" * n)),
    "a document type (forms)": (8_000, lambda n: post(VALIDATE, ADMIN | XML, "<!DOCTYPE a [" + "] " * n)),
    "rows of a workbook": (150, workbook),
    "parts of a multipart form": (300, parts),
    "pairs of a form (CHT)": (4_000, lambda n: post("/api/v2/records", ADMIN | FORM, "&".join(
        f"a{number}=1" for number in range(n)))),
    "pairs of a form (CareHQ)": (4_000, lambda n: {**post("/v1/care-enquiries", CARE | FORM, "&".join(
        f"a{number}=1" for number in range(n))), "method": "PUT"}),
    "a signed query": (1_500, lambda n: get("/v1/locations?" + "a=%u0041&" * n, SIGNED)),
    "brackets in a query": (4_000, lambda n: get("/api/v2/export/reports?filters" + "[a]" * n + "=1", ADMIN)),
    "columns of a CSV": (4_000, lambda n: post("/api/v2/users", ADMIN | {"Content-Type": "text/csv"}, ",".join(
        f"c{number}" for number in range(n)) + "\n" + "," * n)),
    "quotes of a CSV": (20_000, lambda n: post("/api/v2/users", ADMIN | {"Content-Type": "text/csv"}, '"a,' * n)),
    "levels of JSON (CHT)": (20_000, lambda n: post("/medic", ADMIN | JSON, "[" * n)),
    "levels of JSON (CommCare)": (20_000, lambda n: post(CASES, HQ | JSON, '{"a":' * n)),
    "members of JSON (CHT)": (4_000, lambda n: post("/medic", ADMIN | JSON, json.dumps(
        {f"a{number}": number for number in range(n)}))),
    "properties of a case": (2_000, lambda n: post(CASES, HQ | JSON, json.dumps(
        {"case_type": "t", "case_name": "n", "owner_id": "o", "properties": {f"a{k}": "v" for k in range(n)}}))),
    "conditions of a selector": (150, lambda n: post("/medic/_find", ADMIN | JSON, json.dumps(
        {"selector": {"$or": [{"a": number} for number in range(n)]}, "limit": 1}))),
    "keys of a list": (4_000, lambda n: post("/medic/_all_docs", ADMIN | JSON, json.dumps({"keys": ["a"] * n}))),
    "a query of cases": (400, lambda n: get(CASES + "?query=" + quote("a='b' and " * n + "a='b'"), HQ)),
    "names in a query of cases": (500, lambda n: get(CASES + "?query=" + quote("a" + " or a" * n), HQ)),
    "lookup tables": (2_500, tables),
    "brackets in a query of cases": (2_000, lambda n: get(CASES + "?query=" + "(" * n, HQ)),
    "quotes in Accept": (4_000, lambda n: get("/api/v1/settings", ADMIN | {"Accept": 'a/b;c="d",' * n})),
    "commas in Accept": (4_000, lambda n: get("/api/v1/settings", ADMIN | {"Accept": "," * n})),
    "Accept (CommCare)": (2_000, lambda n: get("/a/demo/api/v0.5/user/", HQ | {"Accept": "a/b;q=0.1," * n})),
    "a cookie": (4_000, lambda n: get("/medic/x", {"Cookie": "a=b; " * n})),
    "a digest": (8_000, lambda n: get("/a/demo/api/v0.5/user/", {"Authorization": "Digest " + "a" * n})),
    "segments (CommCare)": (2_000, lambda n: get("/a/demo/api/v0.6/case/ext/" + "a/" * n, HQ)),
    "segments (CHT)": (2_000, lambda n: get("/api/v1/" + "persn/" * n, ADMIN)),
    "slashes": (8_000, lambda n: get("/medic/" + "/" * n, ADMIN)),
    "a long name (CareHQ)": (10_000, lambda n: get("/v1/" + "x" * n, CARE)),
    "a text message": (20_000, lambda n: post("/api/v2/records", ADMIN | FORM, "from=%2B1&message=1!a!" + "x%23" * n)),
    "spaces of a message": (20_000, lambda n: post("/api/v2/records", ADMIN | FORM, "from=%2B1&message=D" + "+" * n)),
    "digits of a name": (15_000, lambda n: get("/medic/x?" + "0" * n + "x=1", ADMIN)),
}


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(size=20, limits=False))
    gc.freeze()
    gc.disable()
    yield app.test_client()
    gc.enable()
    gc.unfreeze()
    app.worlds.close()


def cost(client, request):
    """Seconds of CPU that an answer takes, and its entry in the journal when it is read."""
    made = {key: value for key, value in request.items() if key != "path"}
    best = None
    for _ in range(3):
        began = time.thread_time()
        client.open(request["path"], **made).get_data()
        client.get("/_mocksrv/journal?limit=1").get_data()
        took = time.thread_time() - began
        best = took if best is None else min(best, took)
        client.post("/_mocksrv/reset")
    gc.collect()
    return best


@pytest.mark.parametrize("kind", TEXTS)
def test_four_times_as_much_costs_about_four_times_as_much(client, kind):
    length, made = TEXTS[kind]
    short, long = cost(client, made(length)), cost(client, made(4 * length))
    assert long < MOST * max(short, START), f"{short * 1000:.1f} ms and {long * 1000:.1f} ms"
    assert long < 2
