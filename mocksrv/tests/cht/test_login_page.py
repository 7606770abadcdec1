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
    error = browser.find_element(By.CSS_SELECTOR, ".error.incorrect")
    assert wait(browser, lambda page: error.text) == "Wrong user name or password."
    sign_in(browser, NAME, PASSWORD)
    wait(browser, lambda page: page.current_url == f"{site.url}/")
    cookies = {one["name"]: one for one in browser.get_cookies()}
    assert cookies.keys() >= {"AuthSession", "userCtx", "locale"}
    assert cookies["AuthSession"]["httpOnly"]
    told = [entry["message"] for entry in browser.get_log("browser")]
    refused = [message for message in told if "Content Security Policy" in message]
    assert refused == [], "the policy stops nothing that the page needs"


def test_going_where_one_wanted_to_go(browser, site):
    browser.get(f"{site.url}/medic/login?redirect=%2Fapi%2Finfo%23top")
    sign_in(browser, NAME, PASSWORD)
    wait(browser, lambda page: page.current_url == f"{site.url}/api/info#top")


def test_a_path_with_markup_stays_a_path(browser, site):
    browser.get(f"{site.url}/medic/login/token/%22%3E%3Cimg%20src=x%20id=owned%3E")
    assert browser.find_elements(By.ID, "owned") == []
    assert browser.find_element(By.ID, "tokenLogin").get_attribute("action").startswith(
        f"{site.url}/medic/login/token/")
    error = browser.find_element(By.CSS_SELECTOR, ".error.unknown")  # login links are not switched on
    assert wait(browser, lambda page: error.text).startswith("The login failed")


def test_a_link_signs_in_by_itself(browser, site):
    import requests

    (admin, *_) = site.credentials("cht")
    account = {"username": "linked", "roles": ["data_entry"], "phone": "+254712345678", "token_login": True}
    settings = {"token_login": {"enabled": True, "message": "Follow the link"}, "app_url": site.url}
    credentials = (admin["username"], admin["password"])
    requests.put(f"{site.url}/api/v1/settings", auth=credentials, json=settings, timeout=30).raise_for_status()
    requests.post(f"{site.url}/api/v1/users", auth=credentials, json=account, timeout=30).raise_for_status()
    made = requests.get(f"{site.url}/_users/org.couchdb.user:linked", auth=credentials, timeout=30).json()
    browser.get(f"{site.url}/medic/login/token/{made['token_login']['token']}")
    wait(browser, lambda page: page.current_url == f"{site.url}/")
    assert "AuthSession" in {one["name"] for one in browser.get_cookies()}


def test_the_page_speaks_the_languages_of_the_installation(browser, site):
    import requests

    (admin, *_) = site.credentials("cht")
    where, credentials = f"{site.url}/medic/messages-fr", (admin["username"], admin["password"])
    doc = requests.get(where, auth=credentials, timeout=30).json()
    doc["custom"] = {"login": "Se connecter"}
    requests.put(where, auth=credentials, json=doc, timeout=30).raise_for_status()
    browser.get(f"{site.url}/medic/login")
    assert browser.find_element(By.ID, "login").text == "Login"
    browser.find_element(By.NAME, "fr").click()
    assert browser.find_element(By.ID, "login").text == "Se connecter"
