"""The drift report's page in a real browser: without a network, on a phone, by keyboard, and on paper."""

import base64
import json
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from mocksrv.drift import accepted, add, document, report, shape
from mocksrv.drift.page import as_html
from mocksrv.tests.chromium import RULES, looked_at_by

PICTURES = Path(__file__).parents[3] / "ci-output" / "page"
LONG = "a_very_long_name_of_a_member_" * 2 + "and_more"
WORDS = "The thing `phone` is needed and must be a good phone number <img src=x onerror=\"document.title='owned'\">"
OTHER = WORDS.replace("is needed", "must be")


def answer(value, status=200, headers=()):
    return shape({"status": status, "method": "GET", "body": json.dumps(value).encode(),
                  "headers": [["Content-Type", "application/json"], *headers]})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report of two vendors that has a bit of everything."""
    pairs = []
    for vendor in ("cht", "carehq"):
        mock, live = (document(vendor, "4.15.0", "2026-11-22", target) for target in ("mock", "live"))
        for number in range(30):
            add(mock, "list_people", f"test_people.py::test_list[{number}]", answer({"a": 1}))
            add(live, "list_people", f"test_people.py::test_list[{number}]", answer({"a": "x", "new_member": 1}))
        add(mock, "get_person", "test_people.py::test_get", answer({LONG: 1}))
        add(live, "get_person", "test_people.py::test_get", answer({}, 404))
        add(mock, "get_people", "test_people.py::test_refused", answer({"error": WORDS}, 400))
        add(live, "get_people", "test_people.py::test_refused", answer({"error": OTHER}, 400))
        add(mock, "get_place", "test_places.py::test_get", answer({LONG: 1}))
        add(live, "get_place", "test_places.py::test_get", answer({}, headers=[["Cache-Control", "no-store"]]))
        add(live, "only_live", "test_places.py::test_other", answer(1))
        pairs.append((mock, live))
    folder = tmp_path_factory.mktemp("drift")
    (folder / "accepted.toml").write_text(
        '[[accepted]]\noperation = "get_place"\nwhere = "/headers/cache-control"\nkind = "header"\n'
        'reason = "a proxy adds it"\ndate = 2026-11-20\n'
        '[[accepted]]\noperation = "gone"\nwhere = "/body"\nkind = "type"\nreason = "long ago"\ndate = 2026-11-20\n')
    file = folder / "drift.html"
    file.write_text(as_html(report.make(pairs, accepted.read(folder / "accepted.toml"))), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(browser, made):
    browser.get_log("browser")
    browser.get(made)
    yield browser
    assert browser.get_log("browser") == []
    assert browser.title == "Drift: 10 differences"
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def text(page, css="body"):
    return page.execute_script("return document.querySelector(arguments[0]).innerText", css)


def operations(page):
    """Those that are shown, with the kinds of their shown rows."""
    return {f"{part.find_element(By.XPATH, '..').get_attribute('class')} {part.find_element(By.TAG_NAME, 'h3').text}":
            [row.find_element(By.CSS_SELECTOR, ".badge").text for row in part.find_elements(By.CSS_SELECTOR, "tbody tr")
             if row.is_displayed()]
            for part in page.find_elements(By.CSS_SELECTOR, ".operation") if part.is_displayed()}


def test_the_page_tells_all_without_a_script_or_a_network(page):
    shown = text(page)
    for words in ("10 differences in 66 cases of 8 operations; 2 accepted; 2 cases only on one side",
                  "live 4.15.0, 2026-11-22", "/body/new_member", "and 29 more", "<img src=x", "Accepted, with reasons"):
        assert words in shown
    assert not page.find_elements(By.CSS_SELECTOR, "script, img, link, #differences [src]")
    marks = [mark.text for mark in page.find_elements(By.CSS_SELECTOR, "td[data-label=mock] mark")]
    assert marks == ["is", "needed"] * 2, "where long texts differ is marked"


def test_kinds_and_vendors_are_filtered_with_the_keyboard(page):
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the differences"
    assert operations(page)["is-cht list_people"] == ["field added", "type"]

    def toggle(name):
        page.find_element(By.ID, f"show-{name}").send_keys(Keys.SPACE)

    toggle("carehq")
    assert {name.split()[0] for name in operations(page)} == {"is-cht"}
    toggle("type")
    assert operations(page)["is-cht list_people"] == ["field added"]
    toggle("status")
    assert "is-cht get_person" not in operations(page), "an operation of which nothing is left goes away"
    for name in ("carehq", "type", "status"):
        toggle(name)
    assert len(operations(page)) == 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("device", "width", "height"), [("desktop", 1280, 900), ("phone", 360, 740)])
def test_it_is_accessible_and_fits(page, device, width, height, scheme):
    PICTURES.mkdir(parents=True, exist_ok=True)
    with looked_at_by(page, width, height, scheme):
        page.save_screenshot(str(PICTURES / f"drift-{device}-{scheme}.png"))
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page, options=RULES[scheme])["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]][:5]) for one in found] == []


def test_on_paper_all_is_unfolded_and_the_filters_are_gone(page):
    assert "a proxy adds it" not in text(page)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    printed = text(page)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    for words in ("a proxy adds it", "long ago", "test_people.py::test_list[13]", "test_places.py::test_other"):
        assert words in printed
    assert "Show" not in printed
    pdf = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"])
    (PICTURES / "drift.pdf").write_bytes(pdf)
    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") <= 8
