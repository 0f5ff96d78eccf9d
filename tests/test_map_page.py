"""The map as a page, in a real browser, from a file:// address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

FILES = {
    "pyproject.toml": "",
    "net.py": """
import torch
from torch import nn

def mix(x):
    return x.to("cuda")

def scale(x, by):
    return by(x)

class Net(nn.Module):
    def forward(self, x, by):
        return mix(scale(x, by))

class Other(nn.Module):
    def forward(self, x):
        return "</script><b>" if x is None else x

model = torch.compile(Net())
""",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("there is no browser to drive (on Debian: chromium and chromium-driver)")
    folder = tmp_path_factory.mktemp("map")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "fullgraph", "map", "--output-format", "html", "-o", "map.html"]
    subprocess.run(command, cwd=folder, env=environment, timeout=60, check=True, capture_output=True)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        running.get((folder / "map.html").as_uri())
        yield running
        assert running.get_log("browser") == [], "the page complained"  # type: ignore[no-untyped-call]
    finally:
        running.quit()


def shown(page: webdriver.Chrome) -> list[str]:
    """The functions in sight, from the top."""
    return [each.text for each in page.find_elements(By.CSS_SELECTOR, "#tree .row > .name")]


def row(page: webdriver.Chrome, name: str) -> WebElement:
    (found,) = [
        each
        for each in page.find_elements(By.CSS_SELECTOR, "#tree .row")
        if each.find_element(By.CLASS_NAME, "name").text == name
    ]
    return found


def test_the_page(page: webdriver.Chrome) -> None:
    summary = page.find_element(By.ID, "summary").text
    assert summary == "3 functions certain, 1 possible, 1 finding in them"
    assert [each.text for each in page.find_elements(By.CLASS_NAME, "site")] == [
        "torch.compile net.py:19",
        "compiled by whoever uses it",
    ]
    assert shown(page) == ["Net.forward", "mix", "scale", "Other.forward"]

    row(page, "mix").find_element(By.CLASS_NAME, "toggle").click()
    assert "1 finding" in row(page, "mix").text
    (finding,) = page.find_elements(By.CLASS_NAME, "finding")
    assert finding.text.startswith("TFG401 line 6: ")

    row(page, "scale").find_element(By.CLASS_NAME, "toggle").click()
    (stop,) = page.find_elements(By.CLASS_NAME, "stop")
    assert stop.text == "line 9: by unknown callee"

    row(page, "Net.forward").find_element(By.CLASS_NAME, "toggle").click()
    assert shown(page) == ["Net.forward", "Other.forward"]

    search = page.find_element(By.ID, "search")
    search.send_keys("scal")
    assert shown(page) == ["Net.forward", "scale"]
    assert [each.text for each in page.find_elements(By.TAG_NAME, "mark")] == ["scal"]
    assert page.find_element(By.ID, "hits").text == "1 found"
    search.clear()
    search.send_keys("nothing of the kind")
    assert shown(page) == []
    page.execute_script("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", search)  # type: ignore[no-untyped-call]

    page.find_element(By.ID, "only").click()
    assert shown(page) == ["Net.forward", "mix"]
    page.find_element(By.ID, "only").click()

    page.find_element(By.ID, "close").click()
    assert shown(page) == ["Net.forward", "Other.forward"]
    page.find_element(By.ID, "open").click()
    assert shown(page) == ["Net.forward", "mix", "scale", "Other.forward"]


def test_the_page_asks_nothing_of_the_network(page: webdriver.Chrome) -> None:
    fetched = page.execute_script("return performance.getEntriesByType('resource').map(each => each.name)")  # type: ignore[no-untyped-call]
    assert fetched == []
