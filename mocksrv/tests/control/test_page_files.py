"""The page's files as the control plane sends them: headers, conditions, and who may have them."""

import re
from pathlib import Path

import pytest

import mocksrv

FOLDER = Path(mocksrv.__file__).parent / "page"
FILES = sorted(path.name for path in FOLDER.iterdir())


def test_the_page_of_each_world_is_the_same(shop):
    page = shop.get("/_mocksrv/")
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert page.data == shop.get("/~w/_mocksrv/").data == (FOLDER / "index.html").read_bytes()
    assert [one["name"] for one in shop.get("/_mocksrv/worlds").json] == ["default"]


@pytest.mark.parametrize("prefix", ["", "/~w"])
def test_the_address_without_a_slash_leads_there(shop, prefix):
    answer = shop.get(f"{prefix}/_mocksrv")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith(f"{prefix}/_mocksrv/")


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_sent_once(shop, name):
    first = shop.get(f"/_mocksrv/page/{name}")
    assert first.status_code == 200
    again = shop.get(f"/~w/_mocksrv/page/{name}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert shop.get(f"/_mocksrv/page/{name}", headers={"If-None-Match": '"old"'}).data == first.data


def test_nothing_foreign_may_run_or_load(shop):
    headers = shop.get("/_mocksrv/").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("name", FILES)
def test_no_file_asks_elsewhere_or_makes_markup_of_text(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"<script>|\son\w+=\"|\sstyle=\"", text)


@pytest.mark.parametrize("name", ["none.js", "..", "%2e%2e%2fapp.py", "index.html%00", "", "__init__.py"])
def test_nothing_else_is_sent(shop, name):
    assert shop.get(f"/_mocksrv/page/{name}").status_code == 404


def test_with_a_token_the_page_is_open_and_all_it_shows_is_not(shop_app):
    client = shop_app(token="secret").test_client()
    far = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}
    for path in ("/_mocksrv/", "/~w/_mocksrv/", "/_mocksrv/page/app.js"):
        assert client.get(path, **far).status_code == 200, path
    for path in ("/worlds", "/journal", "/tables", "/page", "/snapshots/page/x", "/snapshots/%2f_mocksrv%2fpage%2fx"):
        assert client.get(f"/_mocksrv{path}", **far).status_code == 403, path
    assert client.get("/_mocksrv/tables", headers={"Authorization": "Bearer secret"}, **far).status_code == 200


def test_without_a_token_the_page_is_for_loopback(shop):
    far = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}
    assert [shop.get(path, **far).status_code for path in ("/_mocksrv/", "/_mocksrv/page/app.js")] == [403] * 2
