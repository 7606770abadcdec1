"""Bodies that are mostly right, sent to CommCare HQ, each into a world of its own."""

import json
from contextlib import contextmanager
from itertools import count

from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config

KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
TABLE, CASE = "7" * 32, "known"

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "1a", "é", "a b", TABLE, CASE, "\x00"]),
    lambda inner: (st.lists(inner, max_size=2)
                   | st.dictionaries(st.sampled_from(["a", "", "field_list"]), inner, max_size=2)), max_leaves=4)
TEXT = st.sampled_from(["", "n", "é", CASE])


def mostly(right):
    """The right type three times out of four."""
    return st.integers(0, 3).flatmap(lambda number: right if number else ANY)


class Attempts:
    """Worlds to try something in: `with attempts.somewhere() as asked: asked("POST", "case/v2/", {...})`."""

    def __init__(self):
        self.app = create_app(Config(vendor=("commcare",), size=10))
        self.numbers = count()

    @contextmanager
    def somewhere(self):
        name = f"attempt-{next(self.numbers)}"
        client, world = Client(self.app), self.app.worlds[name]
        world.clock.freeze()

        def ask(method, path, data=None):
            """The answer, which is no failure of ours."""
            response = client.open(f"/~{name}/a/demo/api/{path}", method=method,
                                   data=None if method == "GET" else json.dumps(data),
                                   headers=KEY | ({} if method == "GET" else {"Content-Type": "application/json"}))
            diagnosis = response.headers.get("X-Mocksrv-Diagnosis", "")
            assert "mocksrv itself failed" not in diagnosis, diagnosis
            if response.status_code == 500:
                assert diagnosis.startswith("CommCare HQ itself answers 500 here: ")
            return response

        ask.world = world
        yield ask
        self.app.worlds.delete(name)
