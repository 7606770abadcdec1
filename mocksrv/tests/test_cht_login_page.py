"""CHT's login page in a real browser, under the server's own Content-Security-Policy."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

NAME, PASSWORD = "mary", "Kisumu_2024"


@pytest.fixture
def site(browser, mocksrv):
    """A world with an account, and a browser that knows nothing of it."""
    import requests

    (admin, *_) = mocksrv.credentials("cht")
    made = requests.post(f"{mocksrv.url}/api/v1/users", auth=(admin["username"], admin["password"]), timeout=30,
                         json={"username": NAME, "password": PASSWORD, "roles": ["data_entry"]})
    assert made.status_code == 200, made.text
    browser.get(f"{mocksrv.url}/api/info")
    browser.delete_all_cookies()
    browser.get_log("browser")
    return mocksrv


def sign_in(browser, name, password):
    for field, text in (("user", name), ("password", password)):
        box = browser.find_element(By.NAME, field)
        box.clear()
        box.send_keys(text)
    browser.find_element(By.TAG_NAME, "button").click()


def wait(browser, what):
    return WebDriverWait(browser, 20).until(what)


def test_signing_in(browser, site):
    browser.get(f"{site.url}/medic/login")
    sign_in(browser, NAME, "wrong")
    assert wait(browser, lambda page: page.find_element(By.ID, "message").text) == "Wrong user name or password."
    sign_in(browser, NAME, PASSWORD)
    wait(browser, lambda page: page.current_url == f"{site.url}/")
    cookies = {one["name"]: one for one in browser.get_cookies()}
    assert cookies.keys() >= {"AuthSession", "userCtx", "locale"}
    assert cookies["AuthSession"]["httpOnly"]
    refused = [entry["message"] for entry in browser.get_log("browser") if "401" not in entry["message"]]
    assert refused == [], "the policy stops nothing that the page needs"


def test_going_where_one_wanted_to_go(browser, site):
    browser.get(f"{site.url}/medic/login?redirect=%2Fapi%2Finfo%23top")
    sign_in(browser, NAME, PASSWORD)
    wait(browser, lambda page: page.current_url == f"{site.url}/api/info#top")


def test_a_path_with_markup_stays_a_path(browser, site):
    browser.get(f"{site.url}/medic/login/token/%22%3E%3Cimg%20src=x%20id=owned%3E")
    assert browser.find_elements(By.ID, "owned") == []
    assert browser.find_element(By.ID, "form").get_attribute("action").startswith(f"{site.url}/medic/login/token/")
