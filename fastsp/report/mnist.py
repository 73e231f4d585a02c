"""Page of the MNIST experiment, and figures of its readout and its training."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.experiments.digits import sample_digits
from fastsp.experiments.mnist.readout import Readout
from fastsp.experiments.mnist.run import MnistResult
from fastsp.experiments.mnist.seeds import MnistSeeds
from fastsp.experiments.mnist.training import Checkpoint
from fastsp.experiments.wording import percent, points
from fastsp.pooler import SpatialPooler
from fastsp.report import poolers as plots
from fastsp.report.page import Drawing, Fact, Origin, Page, Table, finely, render
from fastsp.report.style import BLUE, GREY, ORANGE, limit_share, own_style, panels

_READERS = {
    "likelihood": "a maximum-likelihood classifier",
    "linear": "softmax regression",
    "ridge": "ridge regression",
}


@own_style()
def mnist_report(result: MnistSeeds, data: Mnist, command: str) -> str:
    """Return the page of a complete MNIST experiment: figures of its first seed, spread of all.

    Parameters
    ----------
    result : MnistSeeds
        Its figures and models are those of the first seed.
    data : Mnist
        The images it was run on.
    command : str
        What runs it again.
    """
    first = result.first
    readout, raw = first.readout, first.control_raw_pixels
    untrained = first.control_untrained_pooler
    if not (readout and raw and untrained):
        raise ValueError("result must be complete, but its experiment was interrupted.")
    metrics, config = first.metrics(), first.config
    tables = (
        *([_seeds_table(result, data.tried_on)] if len(result.trials) > 1 else []),
        _accuracy_table(first, data.tried_on),
        Table(
            "The code and its speed",
            ("figure", "here", "published"),
            (
                ("entropy, share of its maximum", percent(metrics["entropy"]), "97 %"),
                ("density, share of columns active", percent(metrics["density"]), "2 %"),
                ("learning cycles", f"{metrics['train_cycles']:,}", "60,000"),
                ("learning cycles per second", f"{metrics['train_cycles_per_second']:,.0f}", ""),
                ("test inputs per second", f"{metrics['test_inputs_per_second']:,.0f}", ""),
                ("seconds, whole experiment", f"{metrics['seconds']:.1f}", ""),
            ),
            "Entropy is that of the active duty cycles at the end of training. Learning includes "
            "rotation, shift and encoding; the test includes encoding, not the classifier. "
            "Compilation and checkpoints are left out of both rates.",
        ),
    )
    page = Page(
        headline=(
            Fact(
                f"{data.tried_on.capitalize()} accuracy",
                percent(readout.accuracy),
                f"by {_READERS[config.readout]}; raw pixels {percent(raw.accuracy)}, "
                f"untrained pooler {percent(untrained.accuracy)}",
            ),
            *_as_published(readout, config.channels),
            Fact("Entropy", percent(metrics["entropy"]), "of its maximum; published 97 %"),
            Fact(
                "Learning",
                f"{metrics['train_cycles_per_second']:,.0f}/s",
                "cycles, augmentation and encoding included",
            ),
        ),
        tables=tables,
        figures=_mnist_figures(first, data),
    )
    shown = asdict(config) | {"seeds": len(result.trials), "data": data.source}
    return render(
        page,
        Origin(command, shown, first.environment),
        title="A Spatial Pooler learns MNIST digits",
        lead=f"{metrics['train_cycles']:,} learning cycles on rotated and shifted digits, without "
        f"labels; then {_READERS[config.readout]} reads the active columns. "
        f"Images: {data.source}.",
    )


def _as_published(readout: Readout, channels: str) -> list[Fact]:
    """Return the figure that the published one can be compared with, where there is one."""
    if readout.accuracy_mean is None:
        return []
    more = "" if channels == "on" else " with on-bits only, here off-bits besides"
    return [
        Fact(
            "By the mean of class distributions",
            percent(readout.accuracy_mean),
            f"published 77 %, by the same means{more}",
        )
    ]


def _seeds_table(result: MnistSeeds, tried_on: str) -> Table:
    seeds = [trial["seed"] for trial in result.trials]
    summary = result.summary()
    rows = {
        "accuracy": f"{tried_on} accuracy",
        "accuracy_mean": "the same by the mean",
        "accuracy_bernoulli": "the same by Bernoulli likelihood",
        "control_untrained_pooler": "control: untrained pooler",
        "control_raw_pixels": "control: raw pixels",
        "gain": "added by learning",
        "errors_removed": "errors of the untrained pooler that learning removes",
        "entropy": "entropy, share of its maximum",
    }
    return Table(
        f"Over seeds {seeds[0]} to {seeds[-1]}",
        ("figure", "mean (least–greatest)"),
        tuple(
            (label, points(summary[name]) if name == "gain" else finely(summary[name]))
            for name, label in rows.items()
            if name in summary
        ),
        "What learning adds is the difference from the untrained pooler of the same seed. All "
        f"else on this page is of seed {seeds[0]}.",
    )


def _accuracy_table(result: MnistResult, tried_on: str) -> Table:
    read = {
        "trained pooler": result.readout,
        "control: untrained pooler": result.control_untrained_pooler,
        "control: raw pixels": result.control_raw_pixels,
    }
    codes = {name: own for name, own in read.items() if own is not None}
    title = f"Accuracy on the {tried_on} images"
    reader = _READERS[result.config.readout]
    controls = (
        "The untrained pooler has the same seed and the same pools; raw pixels are the encoded "
        "input bits."
    )
    if codes["trained pooler"].accuracy_mean is None:
        return Table(
            title,
            ("code", reader),
            tuple((name, percent(own.accuracy)) for name, own in codes.items()),
            f"The same {reader} reads every code. {controls}",
        )
    rows = [
        (
            name,
            percent(own.accuracy),
            percent(own.accuracy_bernoulli or 0.0),
            percent(own.accuracy_mean or 0.0),
        )
        for name, own in codes.items()
    ]
    return Table(
        title,
        ("code", "product", "Bernoulli", "mean"),
        (*rows, ("published (mean, on-bits only)", "", "", "77 %")),
        "The same maximum-likelihood classifier reads every code. It combines the active "
        "columns by the product of their likelihoods; all columns, those that are not active "
        "included, by the product of theirs (Bernoulli); or, as the published one, the active "
        f"columns by the mean of their class distributions. {controls}",
    )


def _mnist_figures(result: MnistResult, data: Mnist) -> list[Drawing]:
    pooler, config = result.pooler, result.config
    images, inputs = sample_digits(config, data)
    assert result.readout is not None
    several = config.segments > 1
    figures = [
        Drawing(
            plots.boosting_functions(config.density, config.boost_strength),
            "Two boosting functions",
            "The logarithmic function has no parameter, is 1 at the wanted density, 0 for a "
            "column that is always active, and grows without bound for one that never is.",
        ),
        Drawing(
            plots.pipeline(pooler, images[:4], inputs[:4]),
            "From input to active columns",
            "Each row is one image. Columns lie where their receptive fields lie, so places "
            "align across a row. A stage has one scale for all rows.",
        ),
    ]
    contrast = result.with_local_inhibition, result.without_local_inhibition
    if contrast[0] is not None and contrast[1] is not None:
        both = {"local inhibition": contrast[0], "no local inhibition": contrast[1]}
        figures.append(
            Drawing(
                plots.images_and_codes(both, *sample_digits(result.contrast_config, data)),
                "Active columns with and without local inhibition",
                "Two poolers that learned the same stream of on-bits, the input as published: "
                "off-bits spread the overlap over the image, with local inhibition or without. "
                "Without it the columns of the highest boosted overlap are selected globally.",
            )
        )
    figures += [
        Drawing(
            plots.inverse(pooler, images, inputs),
            "From active columns back to the input",
            "Below each digit the input bits that its active columns stand for: the mean "
            "permanence of the potential synapses that they have on a bit, 0 where they have none.",
        ),
        Drawing(
            plots.duty_cycles(pooler),
            "Active duty cycles",
            "How often each column was active lately, at the end of training: as a histogram, "
            "and at the places of the columns.",
        ),
        Drawing(
            plots.receptive_fields(pooler, _spread_columns(pooler)),
            "Receptive fields",
            "Potential synapses of some columns. Grey places hold none; a dot marks a synapse "
            f"that is connected (permanence at least {config.connected_threshold:g})."
            + (" Of each column, the segment that represented it most often." if several else ""),
        ),
        *(
            [
                Drawing(
                    plots.segments(pooler, _spread_columns(pooler)[2]),
                    "Segments of one column",
                    f"The column in the middle of the figure before: its {config.segments} "
                    "segments (at most eight), each with the share of the column's recent "
                    "activity in which it represented the column.",
                )
            ]
            if several
            else []
        ),
        Drawing(
            confusion_matrix(result.readout.classifier.classes_, result.readout.confusion),
            "Confusion matrix",
            f"Counts of {data.tried_on} images, as {_READERS[config.readout]} tells them apart.",
        ),
    ]
    if result.training.curve:
        figures.append(
            Drawing(
                learning_curve(result.training.curve),
                "Accuracy and entropy over learning cycles",
                "Validation: a classifier fitted on the codes of "
                f"{config.held_out_readout:,} training images (fewer where there are not as many) "
                f"tells the labels of the last {config.held_out:,}. Duty cycles start at the "
                "wanted density, hence at an entropy of 1; the second curve counts how often each "
                "column is active over the held-out images.",
            )
        )
    return figures


def _spread_columns(pooler: SpatialPooler) -> list[int]:
    """Return columns along a diagonal of the middle of the grid."""
    height, width, *sizes = pooler.column_shape_
    shares = np.linspace(0.3, 0.7, 5)
    return [
        (int(height * share) * width + int(width * share)) * math.prod(sizes) for share in shares
    ]


def confusion_matrix(labels: NDArray[Any], confusion: NDArray[np.int64]) -> Figure:
    """Draw counts by label (row) and prediction (column), shaded by the share of the label."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure, axes = panels((6.6, 5.4), layout="compressed")
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        axes.text(
            column,
            row,
            str(count),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    places = range(len(labels))
    axes.set_xticks(places, labels.tolist())
    axes.set_yticks(places, labels.tolist())
    axes.set(xlabel="predicted digit", ylabel="digit")
    bar = figure.colorbar(shown, ax=axes, label="share of the digit's images")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def learning_curve(curve: Sequence[Checkpoint]) -> Figure:
    """Draw accuracy and entropy over learning cycles; the state before learning as a level."""
    learned = [point for point in curve if point.cycles > 0]
    untrained = next((point for point in curve if point.cycles == 0), None)
    cycles = [point.cycles for point in learned]
    figure, (left, right) = panels((9, 3.8), 1, 2)
    accuracies = [point.accuracy for point in learned]
    left.plot(cycles, accuracies, "o-", color=BLUE, markersize=4, label="validation")
    left.set(ylabel="accuracy (share of held-out training images)")
    entropies = [point.entropy for point in learned]
    held_out = [point.held_out_entropy for point in learned]
    right.plot(cycles, entropies, "o-", color=BLUE, markersize=4, label="active duty cycles")
    right.plot(cycles, held_out, "s--", color=ORANGE, markersize=4, label="held-out images")
    right.set(ylabel="entropy (share of its maximum)")
    if untrained:
        accuracies.append(untrained.accuracy)
        held_out.append(untrained.held_out_entropy)
        left.axhline(untrained.accuracy, color=GREY, linestyle=":", label="untrained")
        right.axhline(
            untrained.held_out_entropy,
            color=GREY,
            linestyle=":",
            label="held-out images, untrained",
        )
    for axes, values in ((left, accuracies), (right, entropies + held_out)):
        axes.set(xscale="log", xlabel="learning cycles")
        limit_share(axes, "y", values)
        axes.legend(frameon=False, loc="best")
    return figure
