"""`python -m mocksrv.tests.picture docs/page.png`: the picture of the page that the README shows.

The journal of a morning in which an integration read people, mistyped a type, and met a fault.
"""

import sys
from pathlib import Path

import requests

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.remote import RemoteWorld
from mocksrv.serving.server import Server
from mocksrv.tests.chromium import chromium, looked_at_by

WIDTH, HEIGHT = 1200, 720


def something_happens(world):
    world.clock.freeze("2026-03-02T09:30:00Z")
    cht = world.account("cht")
    for query in ({"type": "person", "limit": 20}, {"type": "person", "limit": 20, "cursor": 20}, {"type": "persons"}):
        cht.client.get(f"{cht.url}/api/v1/person", params=query)
        world.clock.advance(2)
    made = cht.client.post(f"{cht.url}/api/v1/people", json={"name": "Amina Juma", "type": "person"}).json()
    world.fault(operation="get_person", status=503, times=1)
    for _ in range(2):
        world.clock.advance(1)
        cht.client.get(f"{cht.url}/api/v1/person/{made['id']}")
    commcare = world.account("commcare")
    world.clock.advance(3)
    commcare.client.get(f"{world.url}/a/demo/api/v0.5/case/", params={"tpye": "household"})
    requests.get(f"{world.url}/v1/care-enquiries", headers={"X-CareHQ-AccountId": "MY_ACCOUNT_ID"}, timeout=10)


def take(file):
    app = create_app(Config(port=0))
    with Server(app) as server, chromium() as browser:
        something_happens(RemoteWorld(server.url, "my-integration"))
        with looked_at_by(browser, WIDTH, HEIGHT, "light"):
            browser.get(f"{server.url}/~my-integration/_mocksrv/#/journal")
            browser.implicitly_wait(10)
            rows = browser.find_elements("css selector", "main tbody tr, main li, main details")
            assert rows, browser.page_source
            file.write_bytes(browser.get_screenshot_as_png())
    app.worlds.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
