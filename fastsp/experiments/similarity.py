"""How similar codes of digits are: within a category, between categories, and of two views.

A code that is invariant to the view would give all images of a digit nearly the same columns. The
overlap of the codes is measured before and after learning and set beside that of the raw input.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from fastsp.datasets import Mnist
from fastsp.experiments.digits import PUBLISHED, QUICK, coders
from fastsp.experiments.experiment import Experiment, Summary, Trial, streams
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.wording import compared, percent
from fastsp.kernels.images import Moves, rotate_shift
from fastsp.metrics import class_overlaps, paired_overlap, pairwise_overlap

RAW, UNTRAINED, TRAINED = ARMS = ("raw ON bits", "untrained pooler", "trained pooler")
ROTATIONS = np.arange(0.0, 31.0, 5.0)
"""Degrees between two views of an image."""
SHIFTS = np.arange(5.0)
"""Pixels between two views of an image, to the right."""
BINS = np.linspace(0.0, 1.0, 21)
"""Edges of bins of overlap."""
INVARIANT = 0.95
"""Least overlap within a category that the published discussion would call invariance."""


@dataclass(frozen=True)
class SimilarityConfig:
    """Parameters of the experiment `similarity`.

    Attributes
    ----------
    pooler : MnistConfig
        What is trained; its seed is that of the trial.
    n_images : int
        Test images; all their pairs are compared. Fewer where there are not as many.
    view_rotation : float
        Degrees between the two views that the report compares; one of `ROTATIONS`.
    """

    pooler: MnistConfig = PUBLISHED
    n_images: int = 3_000
    view_rotation: float = 15.0


def run(config: SimilarityConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Compare the codes of test images, and of rotated and shifted views of them."""
    arms = coders(config.pooler, seed, digits, progress)
    n_test = len(digits.test_images)
    chosen = streams(seed, 2).permutation(n_test)[: config.n_images]
    images, labels = digits.test_images[chosen], digits.test_labels[chosen]
    raw = pairwise_overlap(arms[RAW](images))
    tell = counter(progress, "views", len(ARMS) * (len(ROTATIONS) + len(SHIFTS)))
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for arm, coder in arms.items():
        codes = coder(images)
        views = {}
        for name, amounts in (("rotation", ROTATIONS), ("shift", SHIFTS)):
            for amount in amounts:
                seen = _view(images, digits.image_shape, **{name: amount})
                views[name, amount] = paired_overlap(codes, coder(seen))
                tell()
        measures[arm] = _pairs(codes, labels, raw, views["rotation", config.view_rotation]) | {
            "rotation": np.array([views["rotation", degrees].mean() for degrees in ROTATIONS]),
            "shift": np.array([views["shift", pixels].mean() for pixels in SHIFTS]),
        }
    return Trial(seed, measures)


def _pairs(
    codes: Any,
    labels: NDArray[np.uint8],
    raw: NDArray[np.float64],
    views: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Return the overlaps of all pairs of codes, and how they compare with those of views."""
    within, between = class_overlaps(codes, labels)
    pairs = np.triu_indices(len(labels), 1)
    overlaps, raw = pairwise_overlap(codes)[pairs], raw[pairs]
    same = labels[pairs[0]] == labels[pairs[1]]
    place = np.clip(np.digitize(raw, BINS) - 1, 0, len(BINS) - 2)
    n_pairs = np.bincount(place, minlength=len(BINS) - 1)
    total = np.bincount(place, overlaps, minlength=len(BINS) - 1)
    return {
        "within": np.array(within),
        "between": np.array(between),
        "told_apart": np.array(roc_auc_score(same, overlaps)),
        "views_told_apart": _chance_of_more(views, overlaps[~same]),
        "shares_within": np.histogram(overlaps[same], BINS)[0] / same.sum(),
        "shares_between": np.histogram(overlaps[~same], BINS)[0] / (~same).sum(),
        # Means over few pairs say little: nan.
        "by_raw_overlap": np.where(n_pairs >= 20, total / np.maximum(n_pairs, 1), np.nan),
    }


def _chance_of_more(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a value of `some` exceeds one of `others`; a tie counts half."""
    is_some = np.repeat([True, False], [some.size, others.size])
    return np.array(roc_auc_score(is_some, np.concatenate([some, others])))


def _view(
    images: NDArray[np.uint8],
    shape: tuple[int, int],
    rotation: float = 0.0,
    shift: float = 0.0,
) -> NDArray[np.uint8]:
    """Return images rotated by `rotation` degrees and shifted right by `shift` pixels."""
    n = len(images)
    angle = np.radians(rotation)
    turned = np.empty_like(images)
    alike = (np.full(n, value) for value in (np.cos(angle), np.sin(angle), 0.0, shift))
    rotate_shift(np.ascontiguousarray(images), *shape, Moves(*alike), turned)
    return turned


def found(config: SimilarityConfig, summary: Summary) -> tuple[str, str]:
    """Return whether learning brought the codes of a category, and of two views, together."""
    raw, before, after = (summary[arm] for arm in ARMS)
    turned = [
        m["rotation"][int(np.argmin(np.abs(ROTATIONS - config.view_rotation)))]
        for m in (raw, before, after)
    ]
    apart = [m["told_apart"] for m in (raw, before, after)]
    learned = compared(
        apart[2],
        apart[1],
        "Learning made categories easier to tell apart by overlap",
        "Learning made categories harder to tell apart by overlap",
        "Learning did not change in every seed how well overlap tells categories apart",
    )
    specific = compared(
        turned[2],
        turned[1],
        "less specific to the view",
        "more specific to the view",
        "neither more nor less specific to the view in every seed",
    )
    invariant = bool(after["within"].least >= INVARIANT)
    verdict = (
        "it learns view-invariance, with at least 95 % overlap within a category"
        if invariant
        else "it does not learn view-invariance, for which the published discussion would want "
        "95 % overlap within a category, and on which this agrees with it"
    )
    return (
        f"{learned}: after it codes overlap by {percent(after['within'])} within a category and by "
        f"{percent(after['between'])} between categories, before it by "
        f"{percent(before['within'])} and {percent(before['between'])}, raw ON bits by "
        f"{percent(raw['within'])} and {percent(raw['between'])}, and the pair within a category "
        f"has the greater overlap with a chance of {percent(apart[2])}, {percent(apart[1])} and "
        f"{percent(apart[0])}.",
        f"An image and itself rotated by {config.view_rotation:g} degrees share "
        f"{percent(turned[2])} of their active columns after learning, {percent(turned[1])} before "
        f"it and {percent(turned[0])} of the raw ON bits: learning makes the codes {specific}, and "
        f"{verdict}.",
    )


EXPERIMENT = Experiment(
    name="similarity",
    title="Similar digits and similar codes",
    lead="The published pooler learns MNIST. The overlap of the codes of test images is measured "
    "within and between categories, and between two views of an image, before learning and "
    "after it, beside the overlap of the raw ON bits.",
    full=SimilarityConfig(),
    quick=SimilarityConfig(QUICK, n_images=60),
    run=run,
    found=found,
    needs_digits=True,
)
