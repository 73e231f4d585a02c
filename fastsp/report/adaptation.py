"""Page of the experiment `adaptation`."""

import numpy as np

from fastsp.experiments.adaptation import CHANGES, RECOVERED, AdaptationConfig
from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.plots import properties as plots
from fastsp.plots.style import GREEN, GREY
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[AdaptationConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    kinds = plots.by_kind(summary, list(CHANGES))
    before, at = config.change, config.change + 1
    rows = tuple(
        (
            arm,
            *(number(measures["robustness"][place]) for place in (before, at, -1)),
            *(percent(measures["entropy"][place]) for place in (before, at, -1)),
            _epochs(measures["recovery"]),
            number(measures["kept"]),
        )
        for arm, measures in summary.items()
    )
    first = summary[next(iter(summary))]
    robust = first["robustness"].mean
    return Page(
        headline=(
            Fact(
                "Noise robustness",
                f"{robust[before]:.2f} → {robust[at]:.2f} → {robust[-1]:.2f}",
                "before the change, at it, at the end; boosting",
            ),
            Fact(
                "Recovery",
                _epochs(first["recovery"]),
                f"epochs until robustness is {100 * RECOVERED:.0f} % of what it was",
            ),
        ),
        tables=(
            Table(
                "Before the change, at it, and at the end",
                (
                    "then",
                    "robustness",
                    "at change",
                    "end",
                    "entropy",
                    "at change",
                    "end",
                    "recovery",
                    "kept",
                ),
                rows,
                "Mean over the seeds, least to greatest in brackets. At the change: the new "
                "inputs, before any of them is learned. Robustness and entropy as in the "
                "experiment properties. "
                "Recovery: epochs after the change until robustness is "
                f"{100 * RECOVERED:.0f} % of what it was before; never: not in every seed. Kept: "
                "overlap of the codes of the first inputs at the end with those before the "
                "change.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.properties_over_epochs(
                    config.epochs_measured, kinds, {config.change: "the inputs change"}
                ),
                "Properties of the codes, epoch by epoch",
                "Of the inputs that are being learned. Bands go from the least to the greatest "
                "seed.",
            ),
            Drawing.of(
                plots.noise_overlaps(
                    config.noise,
                    kinds,
                    {
                        "overlap_before": ("before the change", GREEN),
                        "overlap_at_change": ("at it", GREY),
                        "overlap_after": ("at the end", None),
                    },
                ),
                "Overlap with the codes of noisy inputs",
                "A share of the on-bits of every input is moved elsewhere. Where codes overlap by "
                "more than the density at a noise of 1, some columns answer to anything unknown.",
            ),
        ),
    )


def _epochs(recovery: Spread) -> str:
    return number(recovery, "{:.0f}") if np.isfinite(recovery.mean) else "never"
