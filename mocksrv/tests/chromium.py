"""A real browser without a window, and how a page is looked at in it."""

from contextlib import contextmanager

from selenium import webdriver

from mocksrv.tests.tools import program

RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}  # of axe; only colours differ in the dark


@contextmanager
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location, service = program("chromium"), webdriver.ChromeService(program("chromedriver"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def looked_at_by(browser, width, height, scheme):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    yield
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
