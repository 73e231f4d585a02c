"""The page in a real browser, which has no window: what a person does, and what they see."""

import contextlib
import re
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright", reason="tests of the page need pip install playwright")

from docs.screenshots import chromium
from fastsp.datasets import load_mnist
from fastsp.demo.frames import offer
from fastsp.demo.serve import FIRST_CYCLES, address, bind
from fastsp.experiments.mnist.presets import PRESETS
from tests.demo.strokes import DIGITS, PLACES, placed
from tests.demo.studios import ask, open_server, open_studio, settle, wait_for

CHROMIUM = chromium()
WHERE = "set FASTSP_CHROMIUM to the path of a Chromium to run the tests of the page"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium on this machine; {WHERE}")
DATA = Path(__file__).parents[2] / "data"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def studio():
    with open_studio(PRESETS["published"], load_mnist(DATA)) as studio:
        settle(studio)
        yield studio


@pytest.fixture(scope="module")
def url(studio):
    listening = bind("127.0.0.1", 0)
    with open_server(studio, listening):
        yield address(listening)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, url, studio, request):
    options = getattr(request, "param", {"viewport": DESKTOP})
    context = browser.new_context(**options)
    page, errors = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    page.locator("#notice[data-state=live]").wait_for()
    yield page
    context.close()
    ask(studio, lambda: studio.compare(False))
    ask(studio, studio.reset)
    for name, value in (("inhibition", "gaussian"), ("boosting", "log"), ("pooler", "trained")):
        ask(studio, lambda name=name, value=value: studio.change(0, name, value))
    assert errors == []


def shown_label(page):
    return page.locator("#labels .verdict b").first.text_content()


def n_active(page, view=0):
    maps = page.locator(f'.pipeline[data-view="{view}"] .frame[data-active]')
    return int(maps.get_attribute("data-active"))


def gauge(page, name, view=0):
    return page.locator(f'.pipeline[data-view="{view}"] [data-gauge={name}]').text_content()


def until(page, expression, argument=None):
    """Wait until JavaScript says so."""
    page.wait_for_function(expression, arg=argument)


def draw(page, strokes):
    """Draw strokes of places (x, y), as shares of the pad."""
    box = page.locator("#pad").bounding_box()
    page.locator("#clear").click()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=2)
            if i == 0:
                page.mouse.down()
        page.mouse.up()


def until_label(page, label):
    page.locator("#labels .verdict b", has_text=label).first.wait_for()


def until_off(page, is_wanted):
    until(page, f"() => document.querySelector('[data-off]').dataset.off {is_wanted}")


def draw_one(page):
    """Draw a vertical stroke."""
    draw(page, [[(0.5, 0.2), (0.5, 0.8)]])


def look_at(page, row, column):
    frame = page.locator(".pipeline .columns .frame").first
    box = frame.bounding_box()
    place = {"x": box["width"] * (column + 0.5) / 56, "y": box["height"] * (row + 0.5) / 56}
    frame.click(position=place)
    page.locator("#column dl").wait_for()


def drawing(page):
    """Return what is on the pad, as shares of ink."""
    grey = page.evaluate(
        """() => { const pad = document.querySelector("#pad .pixels");
        const data = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
        return [...data].filter((_, i) => i % 4 === 0); }"""
    )
    grey = np.array(grey, float).reshape(28, 28)
    return np.abs(grey - grey[0, 0]) / 255


def seen_by(studio, image):
    """Return the number of active columns and the label for an image, without the page."""

    settle(studio)

    def look():
        variant = studio.variants[0]
        bits = variant.encoder.transform(image.reshape(1, -1).astype(np.uint8))
        label = variant.readout.classifier.predict(variant.shown.transform(bits))[0]
        return len(variant.shown.trace(bits[0]).active), str(label)

    return ask(studio, look)


def test_what_is_drawn_is_what_trace_says(page, studio):
    draw_one(page)
    until_label(page, "1")
    ink = drawing(page)
    assert ink[:4].max() == 0
    assert ink[10:18, 12:16].max() > 0.8
    active, label = seen_by(studio, (255 * ink).round())
    assert n_active(page) == active == 63
    assert shown_label(page) == label == "1"
    assert "63 of 3,136" in page.locator(".pipeline .scale").last.text_content()


def test_ten_digits_are_read_right_by_the_demo_as_it_starts(browser):
    with (
        open_studio(PRESETS["published"], load_mnist(DATA), first_cycles=FIRST_CYCLES) as studio,
        open_server(studio, listening := bind("127.0.0.1", 0)),
    ):
        page = browser.new_page(viewport=DESKTOP)
        page.goto(address(listening))
        wait_for(lambda: ask(studio, lambda: not studio.is_running and studio.variants))
        settle(studio)
        for i, digit in enumerate(DIGITS):
            draw(page, placed(digit, list(PLACES)[i % len(PLACES)]))
            until_label(page, digit)
        assert "read at cycle 20,000" in page.locator("#readout-note").text_content()
        page.close()


def test_drawings_are_centred_unless_that_is_switched_off(page):
    def input_bits():
        return page.locator(".map canvas").first.evaluate(
            """canvas => { const copy = document.createElement("canvas").getContext("2d");
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, 28, 28);
            const on = (i) => data[4 * i] !== data[4 * 27];
            const rows = Array.from({ length: 784 }, (_, i) => i).filter(on).map((i) => i / 28);
            return rows.reduce((sum, row) => sum + Math.floor(row), 0) / rows.length; }"""
        )

    draw(page, [[(0.2, 0.1), (0.2, 0.3)]])
    until_label(page, "1")
    assert input_bits() == pytest.approx(14, abs=0.5)
    before = page.locator(".map canvas").first.evaluate("canvas => canvas.toDataURL()")
    page.locator("#centre").uncheck()
    until(page, "b => document.querySelector('.map canvas').toDataURL() !== b", before)
    assert input_bits() == pytest.approx(0.2 * 28, abs=0.7)


def test_test_images_have_a_label_until_they_are_drawn_over(page, studio):
    images = studio.data.test_images[offer(studio.data)]
    labels = studio.data.test_labels[offer(studio.data)]
    read = [seen_by(studio, image)[1] for image in images]
    wrong = next(i for i, label in enumerate(labels) if read[i] != str(label))
    for place in (3, wrong):
        page.locator("#gallery button").nth(place).click()
        until_label(page, read[place])
        assert page.locator("#truth").text_content() == f"test image of {labels[place]}"
        assert ("wrong" in page.locator("#truth").get_attribute("class")) == (place == wrong)
    box = page.locator("#pad").bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 30)
    page.locator("#truth").wait_for(state="hidden")
    assert drawing(page)[10:].max() == 0  # a new drawing


def cut_off(page):
    """Return the texts for which there is too little room."""
    return page.evaluate(
        """() => [...document.querySelectorAll("section, h2, dl, dd, figcaption, .scale, .note")]
        .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2)
        .map((e) => e.textContent)"""
    )


def test_all_is_in_one_look(page):
    look_at(page, 28, 30)
    for selector in ("header", "#input", ".pipeline", "#details section"):
        for one in page.locator(selector).all():
            box = one.bounding_box()
            assert box["y"] + box["height"] <= DESKTOP["height"]
            assert box["x"] + box["width"] <= DESKTOP["width"]
    assert cut_off(page) == []
    page.locator("#compare").click()
    page.locator('.pipeline[data-view="1"] [data-active]').wait_for()
    assert page.evaluate("document.documentElement.scrollHeight") <= DESKTOP["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
    assert cut_off(page) == []


def test_inhibition_is_switched_at_once_and_side_by_side(page, studio):
    page.locator("#compare").click()
    second = page.locator('.pipeline[data-view="1"]')
    second.locator("[data-setting=inhibition]").select_option("local")
    until(
        page,
        "() => document.querySelectorAll('.pipeline')[1].textContent.includes('Competing')",
    )
    assert n_active(page) == 63
    expected = ask(studio, lambda: studio.variants[1].shown.inhibition)
    assert expected == "local"
    until(
        page,
        "() => document.querySelectorAll('[data-active]')[1].dataset.active !== '63'",
    )
    assert len(page.locator("#labels .verdict").all()) == 2
    page.locator("#compare").click()
    second.wait_for(state="detached")


def test_training_raises_the_accuracy_and_pauses(page):
    until(page, "() => document.querySelector('[data-gauge=accuracy]').textContent.includes('%')")
    before = float(gauge(page, "accuracy").split()[0])
    assert gauge(page, "rate") == "paused"
    page.locator("#run").click()
    until(page, "() => document.querySelector('[data-gauge=rate]').textContent !== 'paused'")
    until(
        page,
        "least => parseFloat(document.querySelector('[data-gauge=accuracy]').textContent) > least",
        before + 2,
    )
    page.locator("#run", has_text="Pause").click()
    page.locator("#run", has_text="Train").wait_for()
    until(page, "() => document.querySelector('[data-gauge=rate]').textContent === 'paused'")
    cycles = gauge(page, "cycles")
    assert int(cycles.replace(",", "")) > 0
    page.locator("#reset").click()
    until(page, "() => document.querySelector('[data-gauge=cycles]').textContent === '0'")


def test_a_column_is_looked_at(page, studio):
    draw_one(page)
    until_label(page, "1")
    look_at(page, 28, 30)
    assert page.locator("#column h2").text_content() == "Column at row 28, column 30"
    column = 28 * 56 + 30

    def facts():
        pooler = studio.variants[0].shown
        permanences = pooler.permanences_[slice(*pooler.indptr_[column : column + 2])]
        duty_cycle = pooler.active_duty_cycles_[column]
        boost_factor = pooler.boost_factors_[column]
        return (permanences >= 0.5).sum(), permanences.size, duty_cycle, boost_factor

    connected, n, duty_cycle, boost_factor = ask(studio, facts)
    fact = "#column [data-fact='{}']".format
    assert page.locator(fact("Connected")).text_content() == f"{connected} of {n}"
    assert float(page.locator(fact("Boost factor")).text_content()) == pytest.approx(
        boost_factor, abs=1e-3
    )
    shown = float(page.locator(fact("Duty cycle")).text_content().split()[0])
    assert shown == pytest.approx(100 * duty_cycle, abs=0.01)


def test_columns_are_rubbed_out_and_revived(page, studio):
    page.locator("#rub").click()
    box = page.locator(".pipeline .columns .frame").last.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 90, steps=8)
    page.mouse.up()
    until_off(page, "> 20")
    assert ask(studio, lambda: studio.variants[0].shown.off_columns_.size) > 20
    assert n_active(page) == 63
    page.locator("#revive").click()
    until_off(page, "== 0")
    assert ask(studio, lambda: studio.variants[0].shown.off_columns_.size) == 0


def test_gallery_noise_and_shift(page, studio):
    place = 9
    chosen = page.locator("#gallery button").nth(place)
    chosen.click()
    assert chosen.get_attribute("aria-label") == "Test image of 9"
    image = studio.data.test_images[offer(studio.data)[place]]
    until_label(page, seen_by(studio, image)[1])
    bits = page.locator(".pipeline .map").first
    before = bits.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    page.locator("#noise").fill("0.2")
    page.locator("#right").fill("3")
    assert page.locator("output[for=noise]").text_content() == "20 %"
    until(page, "b => document.querySelector('.map canvas').toDataURL() !== b", before)


def test_a_lost_connection_comes_back_with_the_drawing(browser, studio):
    listening = bind("127.0.0.1", 0)
    url = address(listening)
    port = listening.getsockname()[1]
    page = browser.new_page(viewport=DESKTOP)
    page.set_default_timeout(15_000)
    with open_server(studio, listening):
        page.goto(url)
        page.locator("#notice[data-state=live]").wait_for()
        draw_one(page)
        until_label(page, "1")
    page.locator("#notice[data-state=lost]").wait_for()
    with open_server(studio, bind("127.0.0.1", port)):
        page.locator("#notice[data-state=live]").wait_for()
        until_label(page, "1")
        assert n_active(page) == 63
        page.close()


@contextlib.contextmanager
def proxied(port, path, *, host):
    """Give the port of a proxy that serves under a path, and asks a server for `host`."""

    def answer(near):
        head = b""
        while b"\r\n\r\n" not in head and (part := near.recv(4096)):
            head += part
        head = head.replace(path.encode(), b"/", 1).replace(b"keep-alive", b"close")
        head = re.sub(rb"(?i)\r\nhost: [^\r]*", f"\r\nHost: {host}".encode(), head)
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            far.sendall(head)
            back = threading.Thread(target=pass_on, args=(near, far))
            back.start()
            pass_on(far, near)
            back.join()

    def pass_on(one, other):
        with contextlib.suppress(OSError):
            while part := one.recv(65_536):
                other.sendall(part)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def listen():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=listen, daemon=True).start()
        yield listening.getsockname()[1]


def test_behind_a_path_it_lives_or_says_how_it_would(browser, studio):
    path = "/user/x/proxy/8056/"
    # The origin is not what the proxy asks for: it must be a name that was allowed.
    for allowed, notice in (
        ([], "[data-state=lost]:has-text('fastsp demo --allow-host localhost')"),
        (["localhost"], "[data-state=live]"),
    ):
        listening = bind("127.0.0.1", 0)
        port = listening.getsockname()[1]
        with (
            open_server(studio, listening, allowed),
            proxied(port, path, host=f"127.0.0.1:{port}") as near,
        ):
            page = browser.new_page(viewport=DESKTOP)
            page.goto(f"http://localhost:{near}{path}")
            page.locator(f"#notice{notice}").wait_for()
            page.close()


@pytest.mark.parametrize(
    "page", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True
)
def test_a_phone(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    pad = page.locator("#pad")
    assert pad.bounding_box()["width"] >= 150
    label = page.locator("#labels").bounding_box()
    assert label["y"] + label["height"] <= PHONE["height"]
    page.locator("#clear").tap()
    box = pad.bounding_box()
    for step in range(8):
        page.touchscreen.tap(
            box["x"] + box["width"] / 2, box["y"] + box["height"] * (0.2 + 0.08 * step)
        )
    until_label(page, "1")
    page.locator("#run").tap()
    page.locator("#run", has_text="Pause").tap()
    page.locator("#run", has_text="Train").wait_for()
    page.locator("#compare").tap()
    page.locator('.pipeline[data-view="1"]').wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert cut_off(page) == []


@pytest.mark.parametrize("page", [{"viewport": DESKTOP, "color_scheme": "dark"}], indirect=True)
def test_dark_mode(page):
    def brightness(selector, what):
        text = page.locator(selector).first.evaluate(f"e => getComputedStyle(e).{what}")
        return sum(map(int, re.findall(r"\d+", text)[:3])) / 3

    assert brightness("html", "backgroundColor") < 60
    assert brightness("h1", "color") > 180
    assert brightness("#run", "color") < 90
    page.emulate_media(color_scheme="light")
    assert brightness("html", "backgroundColor") > 200


def test_the_keyboard_alone(page, studio):
    focused = "() => document.activeElement.id || document.activeElement.dataset.setting"
    seen = []
    while "pad" not in seen:
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
    assert {"run", "reset", "compare", "rub"} <= set(seen)
    page.keyboard.press("Delete")
    for _ in range(7):
        page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    until_label(page, "1")

    page.locator("#gallery button").last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "inhibition"
    page.keyboard.press("End")
    until(page, "() => document.querySelector('.pipeline').textContent.includes('Competing')")
    assert ask(studio, lambda: studio.variants[0].settings.inhibition) == "global"
    while not page.evaluate("() => document.activeElement.matches('.columns .frame')"):
        page.keyboard.press("Tab")
    for key in ("ArrowUp", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.locator("#column h2", has_text="Column at row 27, column 29").wait_for()
    page.keyboard.press("Delete")
    until_off(page, "== 9")
    page.locator("#run").focus()
    page.keyboard.press("Enter")
    page.locator("#run", has_text="Pause").wait_for()
    page.keyboard.press("Enter")
    page.locator("#run", has_text="Train").wait_for()
