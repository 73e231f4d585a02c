"""Draw the pictures of the documentation.

The boost factors, and with a model that `fastsp mnist` has trained the picture of the README:
fastsp mnist && python docs/figures.py fastsp-mnist/pooler.fastsp
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import fastsp
from fastsp import BinaryImageEncoder
from fastsp.datasets import load_mnist
from fastsp.report.poolers import pipeline


def draw_boosting() -> None:
    """Draw boost factors against the duty cycle, for a wanted density of 2 %."""
    density = 0.02
    duty_cycles = np.geomspace(1e-4, 1, 300)
    figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    axes.plot(100 * duty_cycles, np.log(duty_cycles) / np.log(density), label="logarithmic")
    for strength, style in ((10, "--"), (100, ":")):
        factors = np.exp(strength * (density - duty_cycles))
        axes.plot(100 * duty_cycles, factors, style, label=f"exponential, strength {strength}")
    axes.axvline(100 * density, color="grey", linewidth=0.8)
    axes.annotate("wanted density", (100 * density * 1.08, 4), color="grey")
    axes.set(xscale="log", ylim=0, xlabel="duty cycle, %", ylabel="boost factor")
    axes.legend(frameon=False)
    figure.savefig(Path(__file__).with_name("boosting.svg"), metadata={"Date": None})


def draw_pipeline(model: str) -> None:
    """Draw the pipeline for two digits with the pooler in the file `model`."""
    pooler = fastsp.load(model)
    mnist = load_mnist()
    first = [int((mnist.test_labels == digit).argmax()) for digit in (2, 3)]
    images = mnist.test_images[first]
    figure = pipeline(
        pooler,
        images.reshape(-1, *mnist.image_shape),
        BinaryImageEncoder().fit_transform(images),
    )
    figure.savefig(Path(__file__).with_name("pipeline.png"), dpi=110)


if __name__ == "__main__":
    draw_boosting()
    for path in sys.argv[1:]:
        draw_pipeline(path)
