"""Reports of the experiments: one HTML page each, with its figures inside, from results.

A page loads nothing from elsewhere: it can be opened from disk, sent by mail and kept.
"""

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp import plots
from fastsp.datasets import Mnist
from fastsp.experiments.ablation import ARMS, AblationResult, Spread
from fastsp.experiments.environment import Environment
from fastsp.experiments.mnist import MnistConfig, MnistResult
from fastsp.pooler import SpatialPooler

N_DIGITS = 6
"""Test images drawn where inputs and codes are shown."""


@dataclass(frozen=True)
class Fact:
    """A figure that stands at the head of the page."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Table:
    """Rows of words; the first of each is its name."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True)
class Drawing:
    """A figure with its words; `source` is a data URI, `width` its natural one in pixels."""

    title: str
    caption: str
    source: str
    width: int

    @classmethod
    def of(cls, figure: Figure, title: str, caption: str) -> "Drawing":
        """Render a matplotlib figure as SVG."""
        image = io.BytesIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
        encoded = base64.b64encode(image.getvalue()).decode("ascii")
        width = round(figure.get_figwidth() * 96)
        return cls(title, caption, f"data:image/svg+xml;base64,{encoded}", width)


def mnist_report(result: MnistResult, data: Mnist, command: str) -> str:
    """Return the page of a complete MNIST experiment.

    Parameters
    ----------
    result : MnistResult
    data : Mnist
        The images it was run on.
    command : str
        What runs it again.
    """
    readout, raw = result.readout, result.control_raw_pixels
    untrained = result.control_untrained_pooler
    if not (readout and raw and untrained):
        raise ValueError("result must be complete, but its experiment was interrupted.")
    metrics, config = result.metrics(), result.config
    tables = (
        Table(
            "Accuracy on the test images",
            ("code", "product", "mean"),
            (
                ("trained pooler", _percent(readout.accuracy), _percent(readout.accuracy_mean)),
                (
                    "control: untrained pooler",
                    _percent(untrained.accuracy),
                    _percent(untrained.accuracy_mean),
                ),
                ("control: raw pixels", _percent(raw.accuracy), _percent(raw.accuracy_mean)),
                ("published (mean)", "", "77 %"),
            ),
            "The same maximum-likelihood classifier reads every code. It combines the active "
            "columns by the product of their likelihoods, or, as the published one, by the mean "
            "of their class distributions. The untrained pooler has the same seed and the same "
            "pools; raw pixels are the encoded input bits.",
        ),
        Table(
            "The code and its speed",
            ("figure", "here", "published"),
            (
                ("entropy, share of its maximum", _percent(metrics["entropy"]), "97 %"),
                ("density, share of columns active", _percent(metrics["density"]), "2 %"),
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
    return _render(
        title="A Spatial Pooler learns MNIST digits",
        lead=f"{metrics['train_cycles']:,} learning cycles on rotated and shifted digits, without "
        "labels; then a maximum-likelihood classifier reads the active columns.",
        headline=(
            Fact(
                "Test accuracy",
                _percent(readout.accuracy),
                f"published 77 %; raw pixels {_percent(raw.accuracy)}, "
                f"untrained pooler {_percent(untrained.accuracy)}",
            ),
            Fact("Entropy", _percent(metrics["entropy"]), "of its maximum; published 97 %"),
            Fact(
                "Learning",
                f"{metrics['train_cycles_per_second']:,.0f}/s",
                "cycles, augmentation and encoding included",
            ),
        ),
        tables=tables,
        figures=_mnist_figures(result, data),
        command=command,
        config=asdict(config) | {"data": data.source},
        environment=result.environment,
    )


def ablation_report(result: AblationResult, data: Mnist, command: str) -> str:
    """Return the page of an ablation; parameters as in `mnist_report`."""
    summary = result.summary()
    rows = tuple(
        (arm, *(_spread(spreads[measure], measure) for measure in spreads))
        for arm, spreads in summary.items()
    )
    figures = [
        Drawing.of(
            plots.ablation(result),
            "Every arm and every seed",
            "A dot is one seed, a line the mean over the seeds.",
        )
    ]
    with_inhibition, without_inhibition = (result.poolers.get(arm.name) for arm in ARMS[:2])
    if with_inhibition and without_inhibition:
        figures.append(_comparison(with_inhibition, without_inhibition, result.config.base, data))
    return _render(
        title="What local inhibition and boosting do",
        lead="The MNIST experiment again with one part of the pooler changed at a time, "
        f"{result.config.seeds} seeds each.",
        headline=tuple(
            Fact(
                arm,
                _percent(spreads["accuracy"].mean),
                f"test accuracy, {result.config.seeds} seeds",
            )
            for arm, spreads in summary.items()
        ),
        tables=(
            Table(
                "Mean over the seeds, least to greatest in brackets",
                ("arm", "accuracy", "accuracy, mean", "entropy", "Clark-Evans index"),
                rows,
                "Accuracy on the test images, columns combined by the product and by the mean. "
                "Entropy of how often each column is active over the test images, as a share of "
                "its maximum. Clark-Evans index of the active columns of one image, averaged "
                "over the test images: 1 where they lie at random, less where they clump. "
                f"Exponential boosting has a strength of {result.config.base.boost_strength:g}.",
            ),
        ),
        figures=figures,
        command=command,
        config=asdict(result.config.base)
        | {"inhibition": "by arm", "boosting": "by arm", "checkpoints": 0}
        | {"seeds": result.config.seeds, "data": data.source},
        environment=result.environment,
    )


def _mnist_figures(result: MnistResult, data: Mnist) -> list[Drawing]:
    pooler, config = result.pooler, result.config
    images, inputs = _samples(config, data)
    assert result.readout is not None
    figures = [
        Drawing.of(
            plots.boosting_functions(config.density, config.boost_strength),
            "Two boosting functions",
            "The logarithmic function has no parameter, is 1 at the wanted density, 0 for a "
            "column that is always active, and grows without bound for one that never is.",
        ),
        Drawing.of(
            plots.pipeline(pooler, images[:4], inputs[:4]),
            "From input to active columns",
            "Each row is one test image. Columns lie where their receptive fields lie, so places "
            "align across a row. A stage has one scale for all rows.",
        ),
    ]
    if result.without_local_inhibition is not None:
        figures.append(_comparison(pooler, result.without_local_inhibition, config, data))
    figures += [
        Drawing.of(
            plots.duty_cycles(pooler),
            "Active duty cycles",
            "How often each column was active lately, at the end of training: as a histogram, "
            "and at the places of the columns.",
        ),
        Drawing.of(
            plots.receptive_fields(pooler, _spread_columns(pooler)),
            "Receptive fields",
            "Potential synapses of some columns. Grey places hold none; a dot marks a synapse "
            f"that is connected (permanence at least {config.connected_threshold:g}).",
        ),
        Drawing.of(
            plots.confusion_matrix(result.readout.classifier.classes_, result.readout.confusion),
            "Confusion matrix",
            "Counts of test images; columns combined by the product.",
        ),
    ]
    if result.training.curve:
        figures.append(
            Drawing.of(
                plots.learning_curve(result.training.curve),
                "Accuracy and entropy over learning cycles",
                "Validation: a classifier fitted on the codes of "
                f"{config.held_out_readout:,} training images (fewer where there are not as many) "
                f"tells the labels of the last {config.held_out:,}. Duty cycles start at the "
                "wanted density, hence at an entropy of 1; the second curve counts how often each "
                "column is active over the held-out images.",
            )
        )
    return figures


def _comparison(
    with_inhibition: SpatialPooler,
    without_inhibition: SpatialPooler,
    config: MnistConfig,
    data: Mnist,
) -> Drawing:
    return Drawing.of(
        plots.inhibition_compared(with_inhibition, without_inhibition, *_samples(config, data)),
        "Active columns with and without local inhibition",
        "Two poolers that learned the same stream. Without local inhibition the most excited "
        "columns are selected globally.",
    )


def _samples(config: MnistConfig, data: Mnist) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first test image of several digits, and the same as input bits."""
    _, first = np.unique(data.test_labels, return_index=True)
    chosen = data.test_images[first[:N_DIGITS]]
    inputs = config.build_encoder(chosen).transform(chosen)
    return chosen.reshape(-1, *data.image_shape), inputs


def _spread_columns(pooler: SpatialPooler) -> list[int]:
    """Return columns along a diagonal of the middle of the grid."""
    height, width = pooler.column_shape_
    shares = np.linspace(0.3, 0.7, 5)
    return [int(height * share) * width + int(width * share) for share in shares]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _spread(spread: Spread, measure: str) -> str:
    values = (spread.mean, spread.least, spread.greatest)
    if measure == "clumping":
        mean, least, greatest = (f"{value:.3f}" for value in values)
        return f"{mean} ({least}–{greatest})"
    mean, least, greatest = (f"{100 * value:.1f}" for value in values)
    return f"{mean} % ({least}–{greatest})"


def _render(
    *,
    title: str,
    lead: str,
    headline: Iterable[Fact],
    tables: Iterable[Table],
    figures: Iterable[Drawing],
    command: str,
    config: Mapping[str, object],
    environment: Environment,
) -> str:
    templates = Templates(
        loader=PackageLoader("fastsp"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("report.html").render(
        title=title,
        lead=lead,
        headline=headline,
        tables=tables,
        figures=figures,
        command=command,
        config=config,
        environment=asdict(environment),
    )
