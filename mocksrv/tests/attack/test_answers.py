"""What a caller says comes back in an answer as what it was: no line of the answer is theirs."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(vendor=("cht",), size=0, set={"cht.release": "5.2"}))
    yield app.test_client()
    app.worlds.close()


@pytest.mark.parametrize(("uri", "begins"), [
    ("http://a.example/b?c=%2Fd", "http://a.example/b?c=%2Fd&code="),
    ("http://a.example/\r\nSet-Cookie: x=1", "http://a.example/%0D%0ASet-Cookie:%20x=1?code="),
    ("http://a.example/é\u2028", "http://a.example/%C3%A9%E2%80%A8?code="),
])
def test_a_place_to_go_back_to_stays_one_line(client, uri, begins):
    answer = client.get("/realms/x/protocol/openid-connect/auth",
                        query_string={"redirect_uri": uri, "login_hint": "ada"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(begins)
    assert "Set-Cookie" not in answer.headers
