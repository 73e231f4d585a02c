"""Drawings without a browser: where the page puts strokes, and what the demo reads in them."""

import json
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest

from fastsp.datasets import load_mnist
from fastsp.demo.exam import Exam, temperature_of
from fastsp.demo.stream import DigitStream
from fastsp.experiments.mnist.presets import PRESETS
from tests.demo.strokes import DIGITS, PLACES, placed

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node on this machine")
DRAW = """
import fs from "node:fs";
import { Drawing } from "./drawing.js";
const { drawings, how } = JSON.parse(fs.readFileSync(0));
console.log(JSON.stringify(drawings.map((strokes) => {
  const drawing = new Drawing([28, 28]);
  for (const [places, erasing] of strokes)
    for (let i = 1; i < places.length; i++) {
      const [[x, y], [toX, toY]] = [places[i - 1], places[i]];
      drawing.add({ x: 28 * x, y: 28 * y }, { x: 28 * toX, y: 28 * toY }, erasing);
    }
  return [...drawing[how]()];
})));
"""


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    """Return a function that draws strokes as the page does, (n, 28, 28)."""
    folder = tmp_path_factory.mktemp("page")
    page = resources.files("fastsp.demo") / "page"
    (folder / "drawing.js").write_bytes((page / "drawing.js").read_bytes())
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "draw.js").write_text(DRAW)

    def draw(drawings, how="centred"):
        asked = json.dumps({"drawings": drawings, "how": how}).encode()
        done = subprocess.run(
            [NODE, folder / "draw.js"], input=asked, stdout=subprocess.PIPE, check=True
        )
        return np.array(json.loads(done.stdout), np.uint8).reshape(-1, 28, 28)

    return draw


def inked(*strokes):
    return [(stroke, False) for stroke in strokes]


def extent(image):
    rows, columns = np.nonzero(image > 100)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centre(image):
    rows, columns = np.indices(image.shape)
    return np.average(rows, weights=image), np.average(columns, weights=image)


@needs_node
@pytest.mark.parametrize("place", PLACES)
def test_drawings_are_scaled_and_centred_as_mnist_was(draw, place):
    images = draw([inked(*placed(digit, place)) for digit in DIGITS])
    for image in images:
        assert max(extent(image)) == pytest.approx(20, abs=1)
        assert centre(image) == pytest.approx((14, 14), abs=0.3)
        assert len(np.unique(image)) > 10  # edges are grey
    reference = draw([inked(*placed(digit, "middle")) for digit in DIGITS])
    difference = np.abs(images.astype(float) - reference).mean() / reference.mean()
    assert difference < 0.1


@needs_node
def test_what_is_rubbed_out_does_not_count(draw):
    stroke, blot = [(0.2, 0.3), (0.25, 0.6)], [(0.9, 0.9), (0.92, 0.92)]
    alone, rubbed = draw([inked(stroke), [(stroke, False), (blot, False), (blot, True)]])
    np.testing.assert_allclose(rubbed, alone, atol=1)


@needs_node
def test_a_dot_and_a_blank_and_strokes_as_they_are(draw):
    dot = [(0.1, 0.1), (0.1, 0.1)]
    image, blank = draw([inked(dot), []])
    assert max(extent(image)) <= 3
    assert centre(image) == pytest.approx((14, 14), abs=0.1)
    assert not blank.any()
    as_it_is = draw([inked(dot)], "pixels")[0]
    assert centre(as_it_is) == pytest.approx((2.3, 2.3), abs=0.3)


@pytest.fixture(scope="module")
def readout():
    config, data = PRESETS["published"], load_mnist()
    pooler = config.build_pooler(data.image_shape)
    pooler.partial_fit(DigitStream(config, data).take(5_000))
    return config.build_encoder(data.train_images), Exam(config, data)(pooler)


@needs_node
def test_plain_digits_are_read_wherever_they_are_drawn(draw, readout):
    encoder, read = readout
    for place in PLACES:
        images = draw([inked(*placed(digit, place)) for digit in DIGITS])
        bits = encoder.transform(images.reshape(-1, 784))
        labels = [str(read.probabilities(one).argmax()) for one in bits]
        assert labels == list(DIGITS), place


def test_percentages_are_kept_on_images_that_fitted_nothing(readout):
    encoder, read = readout
    data = load_mnist()
    tried = slice(2_000, 4_000)
    bits = encoder.transform(data.test_images[tried])
    shown = np.array([read.probabilities(one) for one in bits])
    right = shown.argmax(axis=1) == data.test_labels[tried]
    assert shown.sum(axis=1) == pytest.approx(1)
    assert shown.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.02)
    unsure = (shown.max(axis=1) > 0.5) & (shown.max(axis=1) < 0.9)
    assert unsure.sum() > 100
    assert shown.max(axis=1)[unsure].mean() == pytest.approx(right[unsure].mean(), abs=0.1)


def test_a_temperature_undoes_what_scores_were_multiplied_by():
    random = np.random.default_rng(0)
    scores = random.normal(0, 2, (4_000, 5))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    targets = (shares.cumsum(axis=1) < random.random((4_000, 1))).sum(axis=1)
    for factor in (0.7, 1.0, 3.0):
        assert temperature_of(factor * scores, targets) == pytest.approx(factor, rel=0.1)
