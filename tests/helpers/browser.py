"""What the tests of pages ask of a browser."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.helpers.places import ROOT

ARTEFACTS = ROOT / "tests" / "artefacts"
"""Screenshots are kept here; not in git."""
PATIENCE = 30  # seconds


class Browser:
    """Chromium without a window. `downloads` is where it puts files."""

    def __init__(self, downloads: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # No sandbox: containers run tests as root, and the pages are our own.
        for name in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{name}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.downloads = downloads
        behaviour = {"behavior": "allow", "downloadPath": str(downloads)}
        self.driver.execute_cdp_cmd("Page.setDownloadBehavior", behaviour)

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()

    def open(self, page: Path, address: str = "", width: int = 1200, height: int = 1000) -> None:
        """Open a page of ours as if for the first time, and wait until it is drawn."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get("about:blank")
        self.complaints()
        self.driver.get(f"{page.as_uri()}{address}")

    def explore(self, page: Path, address: str = "", width: int = 1200) -> None:
        """Open the explorer and wait until its chart is drawn."""
        self.open(page, address, width)
        self.wait(lambda: self.run("return document.body.dataset.ready === 'true'"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Return what `condition` returns as soon as that is true."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, "the page did not come so far"
            time.sleep(0.05)
        return found

    def find(self, selector: str) -> WebElement:
        """Return the first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def choose(self, name: str, value: str) -> None:
        """Choose an option of a menu, as a reader does."""
        Select(self.find(f"select[name={name}]")).select_by_value(value)

    def tick(self, value: str) -> None:
        """Tick or clear a box, as a reader does."""
        self.find(f"input[value='{value}']").click()

    def lines(self) -> dict[str, dict[str, list]]:
        """Return the lines of the chart as they are drawn: name -> x, y, text of each point."""
        return self.run(
            "return Object.fromEntries(document.getElementById('chart').data"
            ".filter((trace) => trace.fill !== 'toself')"
            ".map(({name, x, y, text, line}) => [name, {x, y, text, colour: line.color}]))"
        )

    def table(self) -> list[dict[str, str]]:
        """Return the rows of the page's table: heading -> text."""
        return self.run(
            "const texts = (cells) => [...cells].map((cell) => cell.textContent);"
            "const table = document.getElementById('numbers');"
            "const head = texts(table.tHead.rows[0].cells);"
            "return [...table.tBodies[0].rows].map((row) =>"
            " Object.fromEntries(texts(row.cells).map((text, i) => [head[i], text])))"
        )

    def body(self) -> str:
        """Return the text of the page."""
        return self.find("body").text

    def complaints(self) -> list[str]:
        """Return what the console has complained of since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        whole = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        size = {"width": whole[0], "height": whole[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.save_screenshot(str(ARTEFACTS / f"{name}.png"))
