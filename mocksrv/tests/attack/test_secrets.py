"""A secret in two hundred places of requests to all vendors: it is found nowhere in what is shown of them."""

import base64
import io
import json
import logging
from urllib.parse import quote

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.drift.answer_shape import shape

NAMES = ("password", "Password", "pwd", "pass", "passphrase", "old_password", "passwordConfirm", "password2",
         "secret_key", "private_key", "api_secret", "apikey", "API-Key", "x-api-key", "x_auth_token", "authorization",
         "access_token", "client_secret", "token", "otp", "derived_key", "salt")
LOGINS = {
    "cht": {"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode()},
    "commcare": {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"},
    "carehq": {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"},
}
PLACES = {"cht": "/medic", "commcare": "/a/demo/api/v0.5/user/", "carehq": "/v1/care-enquiries"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def escaped(text):
    return "".join(f"\\u{ord(char):04x}" if number % 2 else char for number, char in enumerate(text))


def encoded(text):
    return "".join(f"%{ord(char):02x}" if number % 2 else char for number, char in enumerate(text))


def places():
    """(vendor, method, path, headers, body): `@` stands for the secret."""
    for number, name in enumerate(NAMES):
        vendor = ("cht", "commcare", "carehq")[number % 3]
        path = PLACES[vendor]
        for value in ('"@"', '["@"]', '{"a": "@"}', '"a\\\\\\"@"'):
            yield vendor, "POST", path, {"Content-Type": JSON}, f'{{"x": 1, "{name}": {value}}}'
        yield "cht", "POST", "/medic", {"Content-Type": JSON}, f'{{"{escaped(name)}": "@"}}'
        yield "cht", "POST", "/medic", {"Content-Type": JSON}, json.dumps({"text": json.dumps({name: "@"})})
        yield vendor, "POST", path, {"Content-Type": FORM}, f"a=b&{name}=@&c=d"
        yield vendor, "GET", f"{path}?a=b&{encoded(name)}=@", {}, ""
        yield vendor, "GET", f"{path}?next={quote(quote(f'/x?{name}=@'))}", {}, ""
        element = name.replace("_", "-")
        yield ("commcare", "POST", "/a/demo/receiver/api/", {"Content-Type": "text/xml"},
               f"<d><{element}>@</{element}></d>")
    for name in ("Authorization", "Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "X-Auth-CouchDB-Token", "Cookie",
                 "X-CareHQ-APIKey", "X-CareHQ-Signature"):
        yield "cht", "GET", "/medic/x", {name: "AuthSession=@" if name == "Cookie" else "Basic @"}, ""
    for name in ("Referer", "Destination", "X-Page"):
        yield "cht", "GET", "/medic/x", {name: "https://somebody:@@a.example/b?api_key=@"}, ""
    for opening in ('name="password"', "name=password", "name='pwd'"):
        yield ("commcare", "POST", "/a/demo/receiver/api/", {"Content-Type": "multipart/form-data; boundary=b"},
               f"--b\r\nContent-Disposition: form-data; {opening}\r\n\r\n@\r\n--b--\r\n")
    yield "commcare", "POST", "/a/demo/receiver/api/", {"Content-Type": "text/xml"}, "<d><pwd><![CDATA[@]]></pwd></d>"
    for value in ('["@"]', '{"a": "@"}', '"@"'):  # refused in words that quote it
        body = f'{{"username": "u", "password": {value}}}'
        yield "commcare", "POST", PLACES["commcare"], {"Content-Type": JSON}, body
    for path in ("/medic/login/token/@", "/medic/login/t%6fken/@",
                 "/api/v1/sms/africastalking/incoming-messages?%6bey=@"):
        yield "cht", "GET", path, {}, ""
    for path in ("/api/v1/credentials/x", "/api//v1/%63redentials/x", "/API/v1/Credentials/x",
                 "/_node/_local/_config/a/b"):
        yield "cht", "PUT", path, {"Content-Type": "text/plain"}, "@"
    for head in ("username,password,roles", 'username,"pass\nword",roles'):
        yield "cht", "POST", "/api/v2/users", {"Content-Type": "text/csv"}, f"{head}\nu,@,chw\n"
    yield "cht", "POST", "/_session", {"Content-Type": JSON}, '{"name": "admin", "password": "@"}'
    yield "cht", "POST", "/medic/login", {"Content-Type": JSON}, '{"user": "admin", "password": "@"}'
    yield "cht", "POST", "/api/v1/users", {"Content-Type": JSON}, '{"username": "u", "password": "@", "roles": ["chw"]}'
    yield "cht", "POST", "/medic", {"Content-Type": JSON}, '{"a": "' + "x" * 2020 + '", "password": "@"}'


@pytest.fixture(scope="module")
def app():
    app = create_app(Config(size=20, limits=False, log="text"))
    yield app
    app.worlds.close()


def sent(app, caplog):
    """All places asked; what each secret was, and where it was put."""
    client, secrets = app.test_client(), {}
    for number, (vendor, method, path, headers, body) in enumerate(places()):
        secret = f"Hidden{number:04d}Word"
        secrets[secret] = f"{method} {path} {headers} {body}"[:200]
        given = {name: value.replace("@@", f"{secret}@").replace("@", secret) if "://" not in value
                 else value.replace("@@", f"{secret}#").replace("@", secret).replace("#", "@")
                 for name, value in headers.items()}
        content = body.replace("@", secret).encode()
        client.open(path.replace("@", secret), method=method, headers=LOGINS[vendor] | given,
                    input_stream=io.BytesIO(content), content_length=len(content))
    return secrets


def test_a_secret_is_shown_nowhere(app, caplog):
    with caplog.at_level(logging.DEBUG):
        secrets = sent(app, caplog)
    assert len(secrets) >= 200
    client = app.test_client()
    client.post("/_mocksrv/snapshots", json={"name": "one"})
    shown = {
        "journal": client.get("/_mocksrv/journal?limit=1000").text, "HAR": client.get("/_mocksrv/journal.har").text,
        "log": caplog.text, "snapshots": client.get("/_mocksrv/snapshots").text, "page": client.get("/_mocksrv/").text,
        "metrics": client.get("/_mocksrv/metrics").text, "worlds": client.get("/_mocksrv/worlds").text,
    }
    found = [(place, secrets[secret]) for secret in secrets for place, text in shown.items() if secret in text]
    assert found == []
    assert "Hidden" not in shown["journal"]


@pytest.mark.parametrize("status", [200, 400])
def test_the_shapes_that_drift_is_told_by_have_no_secrets(status):
    body = json.dumps({name: [f"Hidden{number:04d}Word", {"a": f"Hidden{number:04d}Word"}]
                       for number, name in enumerate(NAMES)} | {"error": "wrong password Hidden9999Word"})
    headers = [["Content-Type", "application/json"], ["Set-Cookie", "AuthSession=Hidden1234Word; path=/"],
               ["Location", "/medic/login/token/Hidden1234Word"]]
    exchange = {"status": status, "method": "POST", "headers": headers, "body": body.encode()}
    made = json.dumps(shape(exchange, own=["Hidden9999Word", "Hidden1234Word"]))
    assert "Hidden" not in made


def test_cookies_and_keys_in_answers_are_not_shown(app):
    client = app.test_client()
    answer = client.post("/_session", json={"name": "admin", "password": "pass"})
    session = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert len(session) > 20
    assert session not in client.get("/_mocksrv/journal?limit=5").text
