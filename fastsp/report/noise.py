"""Page of the experiment `noise`."""

import math

from fastsp.experiments.experiment import ExperimentResult, arm
from fastsp.experiments.noise import CODES, RAW, READOUTS, TRAINED, NoiseConfig
from fastsp.experiments.wording import percent
from fastsp.plots import noise as plots
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[NoiseConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, noise = result.summary(), result.config.noise
    half = len(noise) // 2
    shown = range(0, len(noise), 2)  # as many as the page is wide
    images = result.trials[0].pictures["images"]
    side = math.isqrt(images[0].shape[1])
    square = side * side == images[0].shape[1]
    shape = (side, side) if square else (1, images[0].shape[1])
    return Page(
        headline=tuple(
            Fact(
                f"{code.capitalize()}, {readout}",
                percent(summary[arm(code, readout)]["accuracy"][half].mean),
                f"of test images with {100 * noise[half]:.0f} % of the pixels replaced",
            )
            for readout in READOUTS
            for code in (TRAINED, RAW)
        ),
        tables=(
            Table(
                "Accuracy by the share of pixels replaced",
                ("code, readout", *(f"{100 * noise[i]:.0f} %" for i in shown)),
                tuple(
                    (name, *(percent(measures["accuracy"][i]) for i in shown))
                    for name, measures in summary.items()
                ),
                "Of the test images; mean over the seeds, least to greatest in brackets. All "
                "readouts are fitted on clean images. Raw bits are the on and off bits that the "
                "pooler sees; the untrained pooler has the same pools.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.accuracy_under_noise(noise, summary, CODES, list(READOUTS)),
                "Accuracy under noise",
                "Bands go from the least to the greatest seed.",
            ),
            Drawing.of(
                plots.noisy_images(noise, images, shape),
                "Some of the images",
                "By the share of pixels that got a random grey value.",
            ),
        ),
    )
