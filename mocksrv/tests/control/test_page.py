"""The page in a real browser: each control of each view, in a world of the test's own."""

import ast
import json
import re
import subprocess
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import requests
from axe_core_python.selenium import Axe
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.tests.chromium import RULES, looked_at_by

PICTURES = Path(__file__).parents[3] / "ci-output" / "page"
VIEWS = ("start", "journal", "worlds", "tables", "clock", "faults", "outbox", "scenarios", "operations",
         "settings")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\u202e"
ADMIN = ("admin", "pass")


class Page:
    """What a person does with the page."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url

    def open(self, view, *rest):
        """Load the page anew at a view."""
        self.browser.get("about:blank")
        self.browser.get(f"{self.url}/_mocksrv/#/{'/'.join((view, *rest))}")
        self.await_view(view)
        return self

    def await_view(self, view):
        self.until(lambda: self.all(f"main[data-view={view}]") and self.text("#live") == "live", view)

    def until(self, check, what=""):
        try:
            WebDriverWait(self.browser, 8, 0.03, [StaleElementReferenceException]).until(lambda _: check())
        except TimeoutException:
            pytest.fail(f"{what}; the page shows:\n{self.text('body')}")

    def sees(self, text, where="main"):
        self.until(lambda: text in self.text(where), f"{where} should show {text!r}")

    def sees_not(self, text, where="main"):
        self.until(lambda: text not in self.text(where), f"{where} should not show {text!r}")

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def text(self, css):
        return self.browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def click(self, name):
        """Press what has this name for a screen reader."""
        self.until(lambda: self.press(name), f"press {name}")

    def press_and_hear(self, name, text):
        """Press what has this name, and await what the page says of it, however often it said so before."""
        self.browser.execute_script("document.querySelector('#status').textContent = ''")
        self.click(name)
        self.sees(text, "#status")

    def press(self, name):
        found = self.named(name)
        if found:
            self.browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", found[0])
            found[0].click()
        return found

    def named(self, name):
        return [one for one in self.all("main button, main a, dialog button, summary") if one.accessible_name == name]

    def control(self, label):
        found = self.browser.find_elements(By.XPATH, f"//label[normalize-space()={label!r}]")
        return self.browser.find_element(By.ID, found[-1].get_attribute("for"))

    def enter(self, label, value):
        control = self.control(label)
        if control.tag_name == "select":
            Select(control).select_by_visible_text(value)
        else:
            control.send_keys(Keys.CONTROL, "a")
            control.send_keys(value)
        return control

    def call(self, path, **options):
        return requests.get(f"{self.url}{path}", **options)

    def ask(self, path):
        """What the control plane says of this world."""
        return self.call(f"/_mocksrv{path}").json()


@pytest.fixture
def page(browser, mocksrv):
    yield Page(browser, mocksrv.url)
    broken = [entry["message"] for entry in browser.get_log("browser")
              if entry["level"] == "SEVERE" and "the server responded with a status of" not in entry["message"]]
    assert not broken


def test_start_tells_where_to_point_a_client_and_with_which_credentials(page):
    page.open("start").sees("This is the world")
    for vendor, accounts in page.ask("/credentials").items():
        texts = page.text(".cards")
        assert all(value in texts for value in accounts[0].values() if isinstance(value, str) and value), vendor
    page.click("More credentials of carehq")
    page.sees("READ_ONLY_SECRET")
    links = {link.text: link.get_attribute("href") for link in page.all("main .card a[target]")}
    assert len(links) == 7
    assert all(requests.get(link, timeout=60).ok for link in links.values())
    for vendor in ("carehq", "commcare", "cht"):
        assert links[f"OpenAPI document of {vendor}"] == f"{page.url}/_mocksrv/openapi/{vendor}.json"
        page.open("start")
        page.click(f"Operations of {vendor}")
        page.until(lambda: page.all("main[data-view=operations]"))
        page.until(lambda vendor=vendor: Select(page.control("Vendor")).first_selected_option.text == vendor)


def run(command):
    """What a shell makes of a command that was copied."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


@pytest.fixture
def copied(page):
    """What is on the clipboard."""
    page.browser.execute_cdp_cmd("Browser.grantPermissions",
                                 {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})

    def read():
        return page.browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    return read


def test_start_has_a_first_call_of_each_vendor_to_copy_and_the_credentials(page, copied):
    page.open("start")
    for vendor, first in (("carehq", "item_count"), ("commcare", "matching_records"), ("cht", "data")):
        page.press_and_hear(f"Copy the call of {vendor}", f"Copied the call of {vendor}")
        assert copied().startswith("curl ")
        assert first in json.loads(run(f"{copied()} -s")), vendor
    for label, value in (("Base URL", page.url), ("Password", "pass")):
        page.press_and_hear(f"Copy {label} of cht", f"Copied {label}")
        assert copied() == value


def test_without_a_clipboard_of_its_own_the_page_copies_in_the_old_way(page, copied):
    """As over plain HTTP from another machine, where browsers have no navigator.clipboard."""
    page.open("start")
    page.browser.execute_script("const kept = navigator.clipboard; window.readClipboard = () => kept.readText();"
                                "Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.press_and_hear("Copy Username of cht", "Copied Username")
    assert page.browser.execute_async_script("readClipboard().then(arguments[0])") == "admin"


def test_an_exchange_can_be_copied_as_a_command_that_does_it_again(page, copied):
    """Whatever is in it reaches the server as it was, and nothing of it runs in the shell or reads a file."""
    odd = "@it's $(echo ran) `echo ran` \\ \"q\"\n\u00e4"
    first = requests.put(f"{page.url}/medic/copied", data=json.dumps({"name": odd}), auth=ADMIN,
                         headers={"Content-Type": "application/json", "X-Odd": "it's $(echo ran)"})
    requests.post(f"{page.url}/api/v1/places", data="@/etc/hostname", auth=ADMIN,
                  headers={"Content-Type": "application/json"})
    page.open("journal")
    page.click("PUT /medic/copied")
    page.press_and_hear("Copy as curl", "Copied as curl.")
    assert "pass" in copied()
    assert json.loads(run(f"{copied()} -s"))["error"] == "conflict"
    page.click("POST /api/v1/places")
    page.press_and_hear("Copy as curl", "Copied as curl.")
    run(f"{copied()} -s")
    places, documents = ([entry for entry in page.ask("/journal") if entry["target"].endswith(path)]
                         for path in ("/places", "/medic/copied"))
    for one, again in (places, documents):
        assert one["request"]["body"] == again["request"]["body"]
        kept = {key: value for key, value in one["request"]["headers"] if key not in ("accept-encoding", "connection")}
        assert dict(again["request"]["headers"]) | kept == dict(again["request"]["headers"])
    assert first.status_code == 201


def test_a_ready_made_account_stands_in_for_the_secrets_that_the_journal_lacks(page, copied):
    page.call("/v1/users", headers={"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY",
                                    "Constructor": "(redacted)", "X-Home": "$HOME"})
    page.open("journal")
    page.click("GET /v1/users")
    page.press_and_hear("Copy as curl", "Copied as curl. Then set $CONSTRUCTOR: the journal keeps no secrets.")
    assert json.loads(run(f"{copied()} -s"))["item_count"] > 0
    [*_, again] = page.ask("/journal")
    assert ["x-home", "$HOME"] in again["request"]["headers"]


def test_what_the_journal_keeps_to_itself_is_left_to_fill_in(page, copied):
    """A signature, a secret in the body, what is longer than the journal keeps, and what the server did not read."""
    unsigned = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}
    requests.put(f"{page.url}/v1/care-enquiries", data={"password": "hush"},
                 headers=unsigned | {"X-CareHQ-Signature": "hush"})
    requests.put(f"{page.url}/medic/long", data=json.dumps({"name": "x" * 3000}), auth=ADMIN)
    requests.post(f"{page.url}/api/v1/places", data="not JSON", auth=ADMIN)
    page.open("journal")
    page.click("PUT /v1/care-enquiries")
    page.press_and_hear("Copy as curl", "set $X_CAREHQ_SIGNATURE: the journal keeps no secrets; put secrets in the "
                        "place of (redacted)")
    assert "'x-carehq-signature: '\"$X_CAREHQ_SIGNATURE\"" in copied()
    for row in ("PUT /medic/long", "POST /api/v1/places"):
        page.click(row)
        page.until(lambda row=row: row in page.text(".panel h2"))
        page.press_and_hear("Copy as curl", "put the request's body into the file body")
        assert "--data-binary @body" in copied()


def test_a_click_on_a_tab_leaves_the_header_in_sight(page):
    for width, height in ((1280, 700), (375, 667)):
        with looked_at_by(page.browser, width, height, "light"):
            page.open("operations").until(lambda: page.all("tbody tr"))
            page.browser.execute_script("scrollTo(0, 5000)")
            for view in ("tables", "operations", "journal"):
                page.all(f"nav a[data-view={view}]")[0].click()
                page.await_view(view)
                for part in ("header", "nav a[aria-current]", "h1"):
                    place = page.browser.execute_script(SEEN, part)
                    assert 0 <= place["top"] < place["bottom"] <= height, (width, view, part)
                    assert place["left"] >= 0, (width, view, part)
                    assert place["right"] <= width, (width, view, part)
                    page.browser.execute_script("scrollTo(0, 600)")  # which is deep into some of the views
                    page.browser.execute_script("scrollTo(0, 0)")
            page.browser.execute_script("scrollTo(0, 600)")
            assert page.browser.execute_script(SEEN, "header")["top"] == 0


SEEN = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"


def test_the_first_row_of_the_journal_is_in_sight_on_a_phone(page):
    page.call("/api/v1/persn/x?a=b", auth=ADMIN)
    with looked_at_by(page.browser, 375, 667, "light"):
        page.open("journal").until(lambda: page.all("tbody tr"))
        assert page.browser.execute_script(SEEN, "tbody tr")["bottom"] < 500
        assert page.browser.execute_script("return scrollY") == 0


def test_rows_of_the_journal_show_the_query_dimmed(page):
    page.call("/api/v1/persn/x?a=b", auth=ADMIN)
    page.open("journal").sees("/api/v1/persn/x?a=b", ".rows")
    colours = page.browser.execute_script(
        "return ['.query', '.rows .method'].map((one) => getComputedStyle(document.querySelector(one)).color)")
    assert page.text(".query") == "?a=b"
    assert colours[0] != colours[1]


def test_the_journal_shows_each_exchange_as_it_comes_with_its_diagnosis(page):
    page.open("journal").sees("Nothing was asked in this world yet")
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.call("/api/v1/persn/x?a=b", auth=ADMIN)
    page.sees("/api/v1/persn/x", ".rows")
    page.sees("cht.", ".rows")
    page.sees("2, at most", ".plots")
    page.sees("1 of the last 2 refused", ".plots")
    page.sees("404", "#journal-news")
    page.click("GET /api/v1/persn/x?a=b")
    page.sees("the nearest: GET /api/v1/person/{uuid}", ".panel .diagnosis")
    page.sees("/api/v1/persn/x?a=b", ".panel")
    page.sees("(redacted)", ".panel")
    assert page.browser.switch_to.active_element.tag_name == "h2"
    page.click("Close")
    assert not page.all(".panel:not([hidden])")


def test_the_journal_can_be_searched_held_still_and_cleared(page):
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.call("/api/v1/nothing", auth=ADMIN)
    page.open("journal").sees("/api/v1/nothing", ".rows")
    page.enter("Status", "4xx refused")
    page.sees_not("/api/v1/person\n", ".rows")
    page.enter("Find", "zebra")
    page.sees("No exchange matches.", ".rows")
    page.enter("Find", "NOTHING")
    page.sees("/api/v1/nothing", ".rows")
    page.control("Hold still").click()
    page.call("/api/v1/nothing/more", auth=ADMIN)
    page.sees("2 of the last 3 refused", ".plots")
    assert "more" not in page.text(".rows")
    page.control("Hold still").click()
    page.sees("/api/v1/nothing/more", ".rows")
    page.click("Clear the journal")
    page.sees("Nothing was asked", ".rows")
    assert page.ask("/journal") == []


def test_documents_and_exchanges_are_shown_as_text_whatever_is_in_them(page):
    made = requests.put(f"{page.url}/medic/hostile", json={"name": HOSTILE, "number": 1.0}, auth=ADMIN)
    assert made.status_code == 201
    asked = page.call("/api/v1/x", params={"q": HOSTILE}, headers={"X-Odd": "<b>bold</b>"}, auth=ADMIN)
    requests.post(f"{page.url}/api/v1/places", json={"name": HOSTILE}, auth=ADMIN)
    page.open("journal")
    page.click("POST /api/v1/places")
    page.sees("<img src=x", ".panel")
    page.click(f"GET /api/v1/x?{asked.url.partition('?')[2]}")
    page.sees("<b>bold</b>", ".panel")
    page.open("tables", "cht.medic", "hostile").sees('"number": 1', "pre")
    page.sees("<script>document.title='owned'</script>", "pre")
    assert not page.all("main img, main script, main b")
    assert "owned" not in page.browser.title


def test_tables_can_be_paged_searched_and_read(page):
    page.open("tables").sees_not("carehq.outbox")
    page.control("Show empty tables").click()
    page.sees("carehq.outbox")
    page.click("commcare.cases")
    page.sees("1 to 25 of 51")
    page.click("Next")
    page.sees("26 to 50 of 51")
    page.click("Previous")
    page.sees("1 to 25 of 51")
    first = page.ask("/tables/commcare.cases?limit=1")["documents"][0]
    page.enter("Find", first["id"]).send_keys(Keys.ENTER)
    page.sees_not("of 51")
    page.click(first["id"])
    page.until(lambda: page.all("pre"))
    assert page.browser.execute_script("return JSON.parse(document.querySelector('pre').textContent)") == first["doc"]
    raw = page.named("As the control plane sends it")[0].get_attribute("href")
    assert requests.get(raw).json()["documents"] == [first]
    page.click("Back to commcare.cases")
    page.sees("1 to 25 of 51")
    page.enter("Find", "no such thing")
    page.click("Find")
    page.sees("No document matches.")
    page.click("All tables")
    page.sees("Show empty tables")


def test_rows_of_a_table_show_name_and_type(page):
    """In the place of ids and revisions, which every document begins with."""
    seen = {"cht.medic": ("contact_type", "name"), "commcare.cases": ("case_type", "case_name"),
            "carehq.groups": ("group_type", "name")}
    for table, (kind, name) in seen.items():
        page.open("tables", table).until(lambda: page.all("tbody tr"))
        documents = {one["id"]: one["doc"] for one in page.ask(f"/tables/{table}?limit=25")["documents"]}
        for id, named, typed, rest in ([cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
                                       for row in page.all("tbody tr")):
            doc = documents[id]
            assert named == doc.get(name, doc.get("title", "")), table
            assert typed == doc.get(kind, doc.get("type", "")), table
            assert "_rev" not in rest
            assert not rest.startswith(f'{{"_id":"{id}"')
    page.open("tables", "carehq.users").until(lambda: page.all("tbody tr"))
    [one] = page.ask("/tables/carehq.users?limit=1")["documents"]
    assert page.text("tbody .name") == f"{one['doc']['first_name']} {one['doc']['last_name']}"
    page.open("tables", "carehq.counters").until(lambda: page.all("tbody tr"))
    assert page.text("thead").split() == ["Id", "Document"]


def test_the_clock_moves_freezes_and_is_set(page):
    page.open("clock")
    page.click("Freeze")
    page.sees("UTC, frozen")
    page.browser.execute_script("arguments[0].value = '2024-02-29T10:00:00'", page.control("Set to (UTC)"))
    forms = page.named("Apply")
    forms[0].click()
    page.sees("2024-02-29 10:00:00", ".face")
    for name, seen in (("+ 1 min", "10:01:00"), ("+ 1 h", "11:01:00"), ("+ 1 day", "2024-03-01 11:01:00"),
                       ("− 1 h", "10:01:00"), ("− 1 day", "2024-02-29 10:01:00")):
        page.click(name)
        page.sees(seen, ".face")
    page.enter("Skew, seconds", "-90")
    forms[1].click()
    page.sees("2024-02-29 09:59:30", ".face")
    page.enter("Rate", "60")
    forms[2].click()
    page.click("Let it run")
    page.sees("running at 60 × real time, with a skew of -90 s")
    page.sees("× 60, -90 s", "header")
    state = page.ask("/clock")
    assert (state["frozen"], state["rate"], state["skew"]) == (False, 60, -90)
    assert state["now"].startswith("2024-02-29T1") or state["now"].startswith("2024-02-29T09:59")
    page.enter("Rate", "2000000")
    forms[2].click()
    page.sees("the clock runs at a rate from 0 to 1000000", "#alert")


def test_own_answers_are_among_them_and_mark_their_exchanges(page):
    page.open("faults")
    page.enter("Operation", "api_info")
    page.click("More")
    page.enter("Own answer", "{")
    page.click("Add")
    page.sees("The own answer is no JSON", "#alert")
    page.enter("Own answer", '{"json": {"name": "Ada"}, "status": 203, "headers": {"X-A": "b"}}')
    page.click("Add")
    page.sees('answers instead of the operation: 203; X-A: b; {"name":"Ada"}', "table")
    assert page.call("/api/info").json() == {"name": "Ada"}
    page.open("journal")
    page.click("GET /api/info")
    page.sees("own answer 1", ".panel .facts")


def test_faults_are_added_listed_and_removed(page):
    page.open("faults").sees("Nothing goes wrong")
    page.enter("Vendor", "cht")
    page.enter("Operation", "get_person")
    page.enter("Status", "503")
    page.enter("How often", "2")
    page.click("More")
    page.enter("Probability", "1")
    page.click("Add")
    page.sees("vendor cht, operation get_person, 2 times", "table")
    assert page.call("/api/v1/person/x", auth=ADMIN).status_code == 503
    page.sees("1 of 1", "table")
    page.enter("Delay, seconds", "0.5")
    page.enter("Connection", "reset")
    page.control("The connection breaks after the work is done").click()
    page.click("Add")
    page.sees("waits 0.5 s; connection: reset, after the work is done", "table")
    page.click("Remove fault 1")
    page.sees_not("get_person", "table")
    page.click("Remove all")
    page.sees("Nothing goes wrong")
    page.enter("Operation", "nothing")
    page.enter("Status", "500")
    page.click("Add")
    page.sees("there is no operation", "#alert")
    assert page.ask("/faults") == []


def test_a_fault_takes_all_that_the_control_plane_takes(page):
    page.open("faults")
    page.click("More")
    page.enter("Method", "PUT")
    page.enter("Path", "/medic/*")
    page.enter("Caller", "admin")
    page.enter("Only call number", "2")
    page.enter("Body takes, seconds", "0.1")
    page.enter("Cut a stream after", "3")
    page.enter("Content type", "text/html")
    page.enter("Headers", "Retry-After: 7\nX-Two:  a: b ")
    page.click("Add")
    page.sees("method PUT, path /medic/*, caller admin, call 2 only", "table")
    page.sees("body takes 0.1 s; cut after 3 chunks; content type text/html; Retry-After: 7; X-Two: a: b", "table")
    [fault] = page.ask("/faults")
    given = {"method": "PUT", "path": "/medic/*", "caller": "admin", "nth": 2, "slow": 0.1, "cut_after": 3,
             "content_type": "text/html", "headers": {"Retry-After": "7", "X-Two": "a: b"}, "delay": 0}
    assert fault | given == fault
    statuses = [requests.put(f"{page.url}/medic/{id}", json={}, auth=ADMIN).headers.get("Retry-After") for id in "ab"]
    assert statuses == [None, "7"]
    page.enter("Headers", "no colon")
    page.click("Add")
    page.sees("A header is written as Name: value, not no colon", "#alert")
    assert len(page.ask("/faults")) == 1


@pytest.mark.parametrize(("kind", "fields", "delay", "text"), [
    ("the same each time", {"Delay, seconds": "0.25"}, 0.25, "waits 0.25 s"),
    ("between two", {"At least, seconds": "0.1", "At most, seconds": "0.2"}, {"uniform": [0.1, 0.2]},
     "waits 0.1 to 0.2 s"),
    ("log-normal: a few much longer", {"Median, seconds": "0.2", "Spread (sigma)": "0.8"}, {"lognormal": [0.2, 0.8]},
     "waits 0.2 s or so, log-normal with sigma 0.8"),
])
def test_a_delay_is_drawn_in_three_ways(page, kind, fields, delay, text):
    page.open("faults")
    page.enter("Delay", kind)
    shown = [label.text for label in page.all("form.card label") if label.is_displayed()]
    assert {"Delay, seconds", "At least, seconds", "Median, seconds"} & set(shown) == {next(iter(fields))}
    for label, value in fields.items():
        page.enter(label, value)
    page.click("Add")
    page.sees(text, "table")
    assert [fault["delay"] for fault in page.ask("/faults")] == [delay]
    assert page.control("Delay, seconds").is_displayed()  # the form is as it was at first


def test_calls_of_the_outbox_are_shown_and_decided(page):
    page.open("outbox").sees("Nothing was sent")
    page.click("Hold all calls")
    page.sees("All calls are held", "#status")
    push = {"relevant_to": "doc.form === 'x'", "mapping": {"id": "doc._id"},
            "destination": {"base_url": "http://127.0.0.1:9", "path": "/inbox"}}
    requests.put(f"{page.url}/api/v1/settings", auth=ADMIN, json={
        "transitions": {"mark_for_outbound": True}, "outbound": {"push": push}}).raise_for_status()
    for id in ("one", "two"):
        requests.put(f"{page.url}/medic/{id}", auth=ADMIN, json={"_id": id, "form": "x"}).raise_for_status()
    requests.post(f"{page.url}/_mocksrv/clock", json={"advance": 2}).raise_for_status()
    page.open("start").open("outbox").sees("http://127.0.0.1:9/inbox")
    first, second = (one["id"] for one in page.ask("/outbox"))
    page.click(f"Fail call {first}")
    page.sees("no answer")
    page.click(f"Deliver call {second}")
    page.sees(f"Call {second}: deliver", "#status")
    assert [one["state"] for one in page.ask("/outbox")] == ["failed", "failed"]  # nobody listens there
    page.click("Let calls go")
    page.sees("Calls go where they may", "#status")
    page.click("Forget all calls")
    page.sees("Nothing was sent")


def test_a_scenario_is_put_into_the_world(page):
    page.open("scenarios").sees("What a client should do:")
    page.click("Put all.works_on_retry into this world")
    page.sees("has all.works_on_retry now", "#status")
    assert [page.call("/api/v1/person?type=person", auth=ADMIN).status_code for _ in range(2)] == [503, 200]


def test_operations_tell_their_proof_and_how_often_they_were_called(page):
    for _ in range(2):
        page.call("/api/v1/person?type=person", auth=ADMIN)
    page.open("operations").sees("In this world 1 were called")
    page.control("Called here only").click()
    page.until(lambda: len(page.all("tbody tr")) == 1)
    cells = [cell.text for cell in page.all("tbody tr td")]
    listed = next(one for one in page.ask("/operations") if f"cht.{one['name']}" == cells[2])
    assert (cells[0], cells[1].split("\n")[0], cells[5]) == ("GET", "/api/v1/person", "2")
    proof = listed["proof"]
    assert cells[3].split("\n")[-2:] == [proof["version"], proof["date"]]
    assert cells[3].startswith(proof["level"])
    assert ("stale" in cells[3]) == proof["stale"]
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.until(lambda: page.all("tbody tr td")[5].text == "3")
    page.enter("Vendor", "carehq")
    page.sees("No operation matches.")
    page.control("Called here only").click()
    page.enter("Proof", "docs")
    page.enter("Find", "/v1/rooms")
    page.sees("2 of ", "main p[role=status]")
    rows = [row.text for row in page.all("tbody tr")]
    assert len(rows) == 2
    assert all("/v1/rooms" in row and "docs" in row for row in rows)


def test_operations_tell_whose_proof_is_stale(page, monkeypatch):
    recorded = [one["name"] for one in page.ask("/operations") if one["proof"]["level"] == "recorded"]
    monkeypatch.setattr("mocksrv.control.server.today", lambda: date(2040, 1, 1))
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.open("operations").sees("and the proof of 1 is stale")
    page.control("Stale only").click()
    page.until(lambda: len(page.all("tbody tr")) == len(recorded))
    assert {cell.text.split("\n")[0] for cell in page.all("tbody td:nth-child(4)")} == {
        "recorded stale", "recorded (refusals) stale"}


def test_operations_lead_to_the_openapi_documents(page):
    page.open("operations").sees("OpenAPI documents:")
    links = {link.text: link.get_attribute("href") for link in page.all("main a[href*=openapi]")}
    assert list(links) == ["carehq", "commcare", "cht", "the control plane"]
    assert [requests.get(url, timeout=60).json()["openapi"] for url in links.values()] == ["3.1.0"] * 4


def test_an_operation_leads_to_its_schema_and_to_a_fault(page):
    page.open("operations", "cht")
    page.click("/api/v1/people")
    page.sees("Body of the request")
    page.sees("can_create_people")
    body = page.ask("/openapi/cht.json")["paths"]["/api/v1/people"]["post"]
    assert [one.text for one in page.all(".answers .badge")] == sorted(body["responses"])
    page.until(lambda: page.all(".schema"))
    page.all(".answers summary")[0].click()
    page.until(lambda: page.all(".answers .type"))
    page.click("Add a fault here")
    page.await_view("faults")
    page.enter("Status", "503")
    page.click("Add")
    page.sees("vendor cht, operation create_people", "table")
    page.open("operations", "cht", "create_people")
    page.click("All operations of cht")
    count = sum(one["vendor"] == "cht" for one in page.ask("/operations"))
    page.sees(f"{count} of ", "main p[role=status]")
    page.open("operations", "cht", "nothing").sees("There is no operation of that name")


def test_an_exchange_leads_to_its_operation_and_to_a_fault(page):
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.open("journal")
    page.click("GET /api/v1/person?type=person")
    page.click("cht.get_people")
    page.await_view("operations")
    page.sees("Parameters")
    page.browser.back()
    page.await_view("journal")
    page.click("GET /api/v1/person?type=person")
    page.click("Add a fault here")
    page.await_view("faults")
    assert page.control("Operation").get_attribute("value") == "get_people"


def test_every_operation_can_be_shown(page):
    """Schemas that refer to themselves unfold as far as one likes; nothing of the declared is lost on the way."""
    page.open("operations", "cht")
    missed = page.browser.execute_async_script("""
        const done = arguments[0];
        const { declared, rendered } = await import("./page/schema.js");
        const missed = [];
        for (const vendor of ["carehq", "commcare", "cht"]) {
          const document = await (await fetch(`openapi/${vendor}.json`)).json();
          for (const item of Object.values(document.paths)) for (const one of Object.values(item)) {
            const place = window.document.createElement("div");
            const [, , found] = declared(document, one.operationId);
            place.append(...rendered(document, found).flat(9).filter(Boolean));
            const text = place.textContent;
            const wanted = [...Object.keys(found.responses), ...(found.parameters ?? []).map((each) => each.name),
              ...Object.keys(found.requestBody?.content ?? {})];
            const odd = ["undefined", "[object"].some((word) => text.includes(word));
            if (odd || wanted.some((word) => !text.includes(word))) missed.push(one.operationId);
          }
        }
        done(missed);
    """.replace("const done", "(async () => { const done", 1) + "})();")
    assert missed == []
    page.open("operations", "cht", "get_person")
    for _ in range(3):
        page.browser.execute_script("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    page.until(lambda: len(page.all(".schema li")) > 10)


def test_an_operation_can_be_copied_as_a_command(page, copied):
    page.open("operations", "cht", "get_people")
    page.press_and_hear("Copy as curl", "Copied as curl.")
    assert run(f"{copied()} -s") == page.call("/api/v1/person", auth=ADMIN).text
    page.open("operations", "commcare", "bulk_fetch_cases_v2")
    page.press_and_hear("Copy as curl", "Copied as curl.")
    assert "cases" in json.loads(run(f"{copied()} -s"))
    page.open("operations", "carehq", "retrieve_assessments")
    page.press_and_hear("Copy as curl", "in the place of what stands in braces; add what the vendor takes as "
                        "credentials")


def test_settings_are_shown_and_changed(page):
    page.open("settings")
    page.enter("conformance", "server")
    page.sees("cht.conformance is server now", "#status")
    page.enter("clock_window", "60").send_keys(Keys.TAB)
    page.sees("carehq.clock_window is 60 now", "#status")
    page.enter("rate_limit", "no")
    page.sees("carehq.rate_limit is no now", "#status")
    page.enter("bearer_token", "abc").send_keys(Keys.TAB)
    page.sees("commcare.bearer_token is abc now", "#status")
    page.enter("throttle_every", "1.5").send_keys(Keys.TAB)
    page.sees("use a whole number", "#alert")
    assert page.control("throttle_every").get_attribute("value") == "5"
    settings = page.ask("/settings")
    changed = {"cht.conformance": "server", "carehq.clock_window": 60, "carehq.rate_limit": False,
               "commcare.bearer_token": "abc"}
    assert settings | changed == settings


def test_worlds_are_made_forked_switched_reset_and_deleted(page, mocksrv):
    made, copy = f"{mocksrv.name}-made", f"{mocksrv.name}-copy"
    page.open("worlds").sees("shown here")
    page.enter("Name", made)
    page.enter("Seed", "7")
    page.enter("Size", "empty (accounts only)")
    page.enter("Scenario", "all.works_on_retry")
    page.click("Make")
    page.sees(made, "table")
    page.click(f"Fork {made}")
    page.enter("Name of the copy", copy)
    page.click("Fork")
    page.click(copy)
    page.await_view("worlds")
    assert page.browser.current_url.endswith(f"/~{copy}/_mocksrv/#/worlds")
    there = Page(page.browser, f"{mocksrv.url.rpartition('/~')[0]}/~{copy}")
    assert there.call("/api/v1/nothing", auth=ADMIN).status_code == 404
    page.click(f"Reset {copy}")
    page.click("Reset")
    page.until(lambda: there.ask("/journal") == [])
    page.click(f"Delete {copy}")
    page.click("Delete")
    page.sees_not(copy, "table")
    assert "/~" not in page.browser.current_url
    Select(page.all("#world")[0]).select_by_visible_text(made)
    page.until(lambda: f"/~{made}/" in page.browser.current_url and page.text("#live") == "live")
    page.click(f"Delete {made}")
    page.click("Cancel")
    assert made in page.text("table")
    page.browser.back()
    page.until(lambda: "/~" not in page.browser.current_url)
    page.until(lambda: Select(page.all("#world")[0]).first_selected_option.text == "default")
    requests.delete(f"{mocksrv.server}/_mocksrv/worlds/{made}")


def test_snapshots_are_kept_restored_deleted_and_moved_as_files(page, mocksrv, tmp_path):
    label, plain = f"{mocksrv.name}-before", f"{mocksrv.name}-after"
    page.open("worlds")
    page.enter(f"Keep {mocksrv.name} under the name", label)
    page.click("Keep")
    page.sees(label)
    requests.put(f"{page.url}/medic/later", json={}, auth=ADMIN)
    assert page.ask("/tables/cht.medic?id=later")["found"] == 1
    page.enter(f"Keep {mocksrv.name} under the name", plain)
    page.click("Keep")
    page.click(f"Restore {label} into this world")
    page.sees(f"is now as {label} was", "#status")
    assert page.ask("/tables/cht.medic?id=later")["found"] == 0
    page.click(f"Delete snapshot {plain}")
    page.click("Delete")
    page.until(lambda: not page.named(f"Delete snapshot {plain}"))
    names = [kept["name"] for kept in page.ask("/snapshots")]
    assert (label in names, plain in names) == (True, False)
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.click(f"Download {label}")
    file = tmp_path / f"{label}.json"
    page.until(file.exists, "the download")
    assert "later" not in json.loads(file.read_text(encoding="utf-8"))["tables"]["cht.medic"]
    page.click(f"Delete snapshot {label}")
    page.click("Delete")
    page.until(lambda: not page.named(f"Delete snapshot {label}"))
    page.control("Or bring a downloaded one").send_keys(str(file))
    page.click(f"Restore {label} into this world")
    page.sees(f"is now as {label} was", "#status")
    assert label in [kept["name"] for kept in page.ask("/snapshots")]
    requests.delete(f"{page.url}/_mocksrv/snapshots/{label}")


def test_the_page_asks_once_for_the_token_and_keeps_it_to_itself(browser):
    with Server(create_app(Config(port=0, vendor=("carehq",), token="s3cret"))) as server:
        page = Page(browser, server.url)
        browser.get(f"{server.url}/_mocksrv/")
        for given, after in (("wrong", "That was not it"), ("s3cret", None)):
            page.until(lambda: page.all("dialog"))
            page.enter("Token", given).send_keys(Keys.ENTER)
            if after:
                page.sees(after, "dialog")
        page.await_view("start")
        assert not page.all("dialog")
        browser.execute_script("location.hash = '#/settings'")
        page.sees("strict_signatures")
        kept = "return JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
        assert "s3cret" not in browser.execute_script(kept)
        browser.get("about:blank")
    browser.get_log("browser")


def test_more_tabs_than_a_browser_has_connections_stay_alive(page):
    """Chromium has six to a server: a tab that is not looked at must hold none."""
    browser, first = page.browser, page.browser.current_window_handle
    page.open("journal")
    for _ in range(7):
        browser.switch_to.new_window("tab")
        page.open("journal").sees("Nothing was asked in this world yet")
    page.call("/api/v1/persn", auth=ADMIN)
    page.sees("/api/v1/persn", ".rows")
    for tab in browser.window_handles:
        if tab != first:
            browser.switch_to.window(tab)
            browser.close()
    browser.switch_to.window(first)
    page.sees("/api/v1/persn", ".rows")
    page.call("/api/v1/peple", auth=ADMIN)
    page.sees("/api/v1/peple", ".rows")


def test_all_can_be_reached_with_the_keyboard(page):
    page.open("journal")
    body = page.all("body")[0]
    body.send_keys(Keys.TAB)
    assert page.browser.switch_to.active_element.text == "Skip to the content"
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.browser.switch_to.active_element.get_attribute("id") == "main"
    link = page.all("nav a[data-view=clock]")[0]
    link.send_keys(Keys.ENTER)
    page.await_view("clock")
    assert page.all("nav a[aria-current]")[0].text == "Clock"
    assert page.browser.switch_to.active_element.get_attribute("id") == "main"
    freeze = page.named("Freeze")[0]
    freeze.send_keys(Keys.SPACE)
    page.sees("frozen", ".note")


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_accessible_and_looks_right(page, view):
    """axe finds nothing to blame in light and dark; no view is wider than a phone. The pictures are for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.call("/api/v1/person?type=person", auth=ADMIN)
    page.call("/api/v1/persn/x?a=b", auth=ADMIN)
    page.call("/a/exi-training/api/v0.5/user")
    requests.post(f"{page.url}/_mocksrv/faults", json={"operation": "get_person", "status": 503, "times": 2})
    page.open(view)
    if view == "journal":
        page.click("GET /api/v1/persn/x?a=b")
    if view == "faults":
        page.click("More")
    if view == "worlds":
        requests.post(f"{page.url}/_mocksrv/snapshots", json={"name": "looks"})
        page.open(view).sees("looks")
        requests.delete(f"{page.url}/_mocksrv/snapshots/looks")
    for scheme in ("light", "dark"):
        for device, width, height in (("desktop", 1440, 900), ("phone", 375, 667)):
            with looked_at_by(page.browser, width, height, scheme):
                page.browser.save_screenshot(str(PICTURES / f"{view}-{device}-{scheme}.png"))
                assert page.browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
                if view == "operations" and not page.control("Called here only").is_selected():
                    page.control("Called here only").click()  # axe takes its time over some hundred rows
                if device == "desktop":
                    found = Axe().run(page.browser, options=RULES[scheme])["violations"]
                    assert [(one["id"], [node["html"] for node in one["nodes"]][:5]) for one in found] == []


CONTROLS = """
return [...document.querySelectorAll("button, a[href], input, select, textarea, summary")]
  .filter((one) => !one.closest("nav, td.id, td.wide, .tables") && !one.matches(".skip")).map((one) => ({
    name: (one.getAttribute("aria-label") ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent).trim(),
    kind: `${one.localName} ${one.type ?? ""}`, setting: one.closest(".settings") && one.name,
    described: Boolean(one.getAttribute("aria-label") || one.labels?.length || one.textContent.trim()),
    reached: one.tabIndex >= 0,
  }))
"""


def words_of_the_tests():
    """What the tests of this file name: their texts, with * for what varies."""
    for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            yield "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)


def test_every_control_is_named_reached_by_keyboard_and_driven_by_a_test_here(page):
    """Of settings one of each kind; a scenario stands for all; rows of tables are left to the tests of their views."""
    driven = set(words_of_the_tests())
    page.call("/api/v1/persn/x", auth=ADMIN)
    requests.post(f"{page.url}/_mocksrv/faults", json={"status": 503, "times": 1})
    label = f"{page.url.rpartition('~')[2]}-controls"
    requests.post(f"{page.url}/_mocksrv/snapshots", json={"name": label})
    missed, kinds = [], {}
    for view in (*VIEWS, "tables/commcare.cases", "operations/cht/create_people"):
        page.open(*view.split("/"))
        if view == "journal":
            page.click("GET /api/v1/persn/x")
        for one in page.browser.execute_script(CONTROLS):
            name = re.sub(r"^Put \S+ into", "Put all.works_on_retry into", one["name"])
            if one["setting"]:
                kinds.setdefault(one["kind"], set()).add(name)
            elif not any(fnmatchcase(name, word) for word in driven):
                missed.append((view, name))
            assert one["described"], (view, one)
            assert one["reached"], (view, one)
    requests.delete(f"{page.url}/_mocksrv/snapshots/{label}")
    assert missed == []
    assert all(names & driven for names in kinds.values()), kinds
