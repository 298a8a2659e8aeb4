"""The page in a real browser: it says nothing on the console, asks the network for nothing, and fits every screen."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outputs import _reports
from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from tests.outputs.test_html import explained, rendered
from zeeksmtp.config import Settings
from zeeksmtp.pipeline import Request, run

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (390, 1280)
OFFICE = Path(__file__).parents[2] / "fixtures" / "scenarios" / "office" / "logs"
Driver = Any

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium or chromedriver not found: apt-get install chromium chromium-driver"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Driver]:
    """Yield a browser that records its console and its requests."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        yield driver
        driver.quit()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the bundled scenario."""
    file = tmp_path_factory.mktemp("page") / "office.html"
    file.write_text(rendered(run(Request((OFFICE,), Settings()))), "utf-8")
    return file


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page with markup in every string."""
    file = tmp_path_factory.mktemp("page") / "owned.html"
    file.write_text(rendered(hostile(explained(_reports.full()), MARKUP, REFERENCES)), "utf-8")
    return file


@pytest.fixture(params=["office", "owned"])
def page(request: pytest.FixtureRequest, browser: Driver) -> Driver:
    """Open one page after the other, with empty logs, at the width of a desktop."""
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(request.getfixturevalue(request.param).as_uri())
    return browser


def media(browser: Driver, **named: Any) -> None:
    """Emulate print, or a dark colour scheme."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", named)


def sized(browser: Driver, width: int) -> None:
    """Emulate the screen of a phone or a desktop."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def requested(browser: Driver) -> list[str]:
    """Return the addresses of all requests of this page; the browser's own start page has some as well."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [request["request"]["url"] for request in sent if request["documentURL"] == browser.current_url]


def test_the_console_is_silent_and_the_network_idle(page: Driver) -> None:
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.get_log("browser") == []
    assert requested(page) == [page.current_url]


def test_what_was_logged_does_nothing(page: Driver) -> None:
    assert page.title.startswith("Mail security report")
    active = "script, img, iframe, object, base, link, form, [onload], [onerror]"
    assert page.execute_script(f"return document.querySelectorAll('{active}').length") == 0
    assert page.execute_script("return document.querySelectorAll('style').length") == 1
    assert page.execute_script("return document.querySelector('main').getBoundingClientRect().height") > 1000


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_stands_out_to_the_side(page: Driver, width: int) -> None:
    sized(page, width)
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    sizes = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    of_page, of_view = page.execute_script(sizes)
    assert of_page <= of_view <= width
    cut = """return [...document.querySelectorAll('h1, h2, h3, h4, p, li, dd, summary, figure, .card')]
      .filter(e => !e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert page.execute_script(cut) == []


def test_it_can_be_read_by_keyboard_alone(page: Driver) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = page.switch_to.active_element
    assert first.text == "Skip to the report"
    assert first.rect["x"] >= 0
    first.send_keys(Keys.ENTER)
    assert page.current_url.endswith("#main")
    summary = page.find_element(By.CSS_SELECTOR, ".card details.proof > summary")
    summary.send_keys(Keys.ENTER)
    assert page.execute_script("return document.querySelector('.card details.proof').open")


def test_a_password_leads_to_the_finding_that_exposed_it(page: Driver) -> None:
    from selenium.webdriver.common.by import By

    link = page.find_element(By.CSS_SELECTOR, "td a")
    target = str(link.get_attribute("href")).partition("#")[2]
    page.execute_script("arguments[0].click()", link)
    box = page.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect()", target)
    assert -1 <= box["top"] < page.execute_script("return innerHeight")


def test_headings_captions_and_pictures_have_names(page: Driver) -> None:
    said = "h1, h2, h3, h4, caption, figcaption, svg[role=img] > title, summary"
    named = f"""return [...document.querySelectorAll('{said}')]
      .filter(e => !e.textContent.trim()).length"""
    assert page.execute_script(named) == 0
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    pictures = [node for node in nodes if node["role"]["value"] in {"image", "img"} and not node["ignored"]]
    tables = [node for node in nodes if node["role"]["value"] == "table"]
    assert pictures
    assert tables
    assert all(node["name"]["value"] for node in pictures + tables)


def test_the_dark_is_dark_and_paper_is_white(page: Driver) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    label = "return getComputedStyle(document.querySelector('figure text')).fill"
    looks = {}
    for scheme in ("light", "dark"):
        media(page, media="screen", features=[{"name": "prefers-color-scheme", "value": scheme}])
        looks[scheme] = (page.execute_script(ground), page.execute_script(label))
    media(page, media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.execute_script(ground) == "rgb(255, 255, 255)"
    assert page.execute_script(label) == looks["light"][1]
    assert looks["dark"][0] == "rgb(18, 22, 28)"
    assert looks["dark"][1] != looks["light"][1]


def test_paper_has_the_evidence(page: Driver) -> None:
    visible = "return document.querySelector('.card .proof .evidence').checkVisibility()"
    media(page, media="print")
    assert page.execute_script(visible)
    media(page, media="screen")
    assert not page.execute_script(visible)
