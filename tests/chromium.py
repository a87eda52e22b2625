"""A page in headless Chromium, as its readers see it; nothing of it may ask the network for anything."""

import shutil
from contextlib import contextmanager

import pytest

_QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def opened(path, width=1280, height=1000):
    """The page of a file, when it says that it is ready."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("no chromium and chromedriver here: Debian's packages chromium and chromium-driver")
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for each in (*_QUIET, f"--window-size={width},{height}"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    page = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        page.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        page.get(path.resolve().as_uri())
        WebDriverWait(page, 60).until(lambda page: page.execute_script("return document.body.dataset.ready"))
        yield page
    finally:
        page.quit()


def requests_of(page):
    """Addresses that the page asked for, but for itself and what it holds."""
    import json

    asked = []
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    return [each for each in asked if not each.startswith(("data:", "blob:", page.current_url))]


def errors_of(page):
    """What the console says of errors."""
    return [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
