"""Draw the pictures of the demo: `python -m docs.screenshots`, with a Chromium on the machine.

The published pooler learns for some seconds; then the page is opened without a window.
"""

import io
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from fastsp.datasets import load_mnist
from fastsp.demo.frames import offer
from fastsp.demo.guard import Names
from fastsp.demo.serve import address, bind, build_server
from fastsp.demo.studio import Studio
from fastsp.experiments import PRESETS

CYCLES = (1_000, 2_000, 4_000, 8_000, 12_000, 18_000, 24_000, 32_000, 40_000, 50_000, 60_000)
"""At which the readout is fitted, so that the curve is one."""
COLOURS = 200
"""Of a picture, so that its file stays small."""
CHOSEN = 2
"""Place in the gallery of the image that is looked at."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def chromium() -> str | None:
    """Return the path of a Chromium: that in FASTSP_CHROMIUM, or one where programs are."""
    named = os.environ.get("FASTSP_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def trained_studio() -> Studio:
    """Return a studio whose pooler has learned, readout included."""
    studio = Studio(PRESETS["published"], load_mnist())
    studio.start()
    for cycles in CYCLES:
        settled(studio)
        studio.ask(lambda: studio.run(True)).result()
        while studio.ask(lambda: studio.variants[0].cycles).result() < cycles:
            time.sleep(0.01)
        studio.ask(lambda: studio.run(False)).result()
    return studio


def settled(studio: Studio) -> None:
    """Wait until the readouts and the page are of the poolers as they are."""
    while studio.ask(lambda: any(variant.is_behind for variant in studio.variants)).result():
        time.sleep(0.1)


def look_at_a_column(page: Page, studio: Studio) -> None:
    """Choose a digit, and of the active columns the one nearest to the middle."""
    page.locator("#gallery button").nth(CHOSEN).click()
    height, width = studio.config.column_shape
    image = studio.data.test_images[offer(studio.data)[CHOSEN : CHOSEN + 1]]

    def active() -> NDArray[np.int32]:
        variant = studio.variants[0]
        return variant.shown.trace(variant.encoder.transform(image)[0]).active

    rows, columns = np.divmod(studio.ask(active).result(), width)
    middle = np.argmin(np.hypot(rows - height / 2, columns - width / 2))
    frame = page.locator(".pipeline .columns .frame").last
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    frame.click(
        position={
            "x": box["width"] * (columns[middle] + 0.5) / width,
            "y": box["height"] * (rows[middle] + 0.5) / height,
        }
    )
    page.mouse.move(0, 0)


def compare(page: Page, studio: Studio) -> None:
    """Put global inhibition beside, and rub out a patch of the first pooler."""
    look_at_a_column(page, studio)
    page.locator("#compare").click()
    page.locator(".pipeline").nth(1).locator("[data-setting=inhibition]").select_option("global")
    page.locator("#rub").click()
    box = page.locator(".pipeline").first.locator(".frame").last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    for row in range(6):
        for side in (0.2, 0.45) if row % 2 else (0.45, 0.2):
            page.mouse.move(
                box["x"] + side * box["width"],
                box["y"] + (0.2 + 0.05 * row) * box["height"],
                steps=8,
            )
    page.mouse.up()
    page.locator("#rub").click()
    page.mouse.move(0, 0)
    studio.ask(lambda: studio.run(True)).result()
    time.sleep(1)
    studio.ask(lambda: studio.run(False)).result()


def take(
    browser: Browser,
    url: str,
    studio: Studio,
    name: str,
    act: Callable[[Page, Studio], Any],
    **options: Any,
) -> None:
    """Open the page, do something on it, and keep a picture of it."""
    page = browser.new_page(**options)
    page.goto(url)
    page.locator("#notice[data-state=live]").wait_for()
    act(page, studio)
    settled(studio)
    page.wait_for_timeout(500)
    page.evaluate("scrollTo(0, 0)")
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = Path(__file__).with_name(f"{name}.png")
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    page.close()
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw all pictures."""
    studio, listening = trained_studio(), bind("127.0.0.1", 0)
    server = build_server(studio, "published", Names("127.0.0.1"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    url = address(listening)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            take(browser, url, studio, "demo", look_at_a_column, viewport=DESKTOP)
            take(
                browser, url, studio, "demo-phone", look_at_a_column, viewport=PHONE, is_mobile=True
            )
            take(
                browser, url, studio, "demo-compare", compare, viewport=DESKTOP, color_scheme="dark"
            )
            browser.close()
    finally:
        server.should_exit = True
        thread.join()
        studio.close()


if __name__ == "__main__":
    main()
