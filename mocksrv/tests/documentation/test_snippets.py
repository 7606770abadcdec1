"""Whatever README and docs tell people to type works as it stands, any number of times on one server, in any order."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.tests.snippets import RUNNERS, Place, of_page, run, snippets

ELSEWHERE = {"yaml": "test_recipes.py", "text": "is no code", "": "is no code"}
# Each of them once, where it stands first; contract_tests/cht/test_cht_conf.py runs cht-conf.
SNIPPETS = list({one.text.strip(): one for one in reversed(snippets())
                 if one.language in RUNNERS and not one.text.startswith("cht ")}.values())[::-1]


@pytest.fixture(scope="module")
def server():
    app = create_app(Config(port=0))
    with Server(app) as server:
        yield server.url
    app.worlds.close()


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_it_runs_twice(snippet, server, tmp_path):
    for _ in range(2):
        run(snippet, Place(tmp_path, server))


def test_walkthroughs_run_in_any_order(server, tmp_path):
    for snippet in reversed(SNIPPETS):
        if snippet.language in ("python", "http") and "MocksrvContainer" not in snippet.text:
            run(snippet, Place(tmp_path, server))


def test_every_language_is_run():
    assert {snippet.language for snippet in snippets()} <= RUNNERS.keys() | ELSEWHERE.keys()
    assert {snippet.page for snippet in snippets()} > {"README.md"}


def test_what_is_found_on_a_page():
    page = """# T
Call `mocksrv operations
--stale`, `POST /_mocksrv/clock {"skew": 1}` or `mocksrv`.

```sh
make serve   # first
make test
```

```python
print(1)
```

```text
1
```

```text
more
```
"""
    assert [(one.line, one.language, one.text.strip(), one.prints) for one in of_page("P", page)] == [
        (2, "sh", "mocksrv operations --stale", None), (3, "http", 'POST /_mocksrv/clock {"skew": 1}', None),
        (6, "sh", "make serve   # first", None), (7, "sh", "make test", None), (10, "python", "print(1)", "1"),
        (18, "text", "more", None)]

