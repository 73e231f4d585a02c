"""Page of the experiment `adaptation`."""

import numpy as np

from fastsp.experiments.adaptation import CHANGES, RECOVERED, AdaptationConfig
from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.report.page import BANDS, MEANS, Column, Drawing, Fact, Page, Table, whole
from fastsp.report.properties import noise_overlaps, properties_over_epochs
from fastsp.report.style import GREEN, GREY


def page(result: ExperimentResult[AdaptationConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    before, at = config.change, config.change + 1
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
            Table.of(
                summary,
                "Before the change, at it, and at the end",
                "then",
                (
                    *(
                        Column(header, measure, form, place)
                        for measure, form in (("robustness", number), ("entropy", percent))
                        for header, place in ((measure, before), ("at change", at), ("end", -1))
                    ),
                    Column("recovery", "recovery", _epochs),
                    Column("kept", "kept", number),
                ),
                f"{MEANS} At the change: the new "
                "inputs, before any of them is learned. Robustness and entropy as in the "
                "experiment properties. "
                "Recovery: epochs after the change until robustness is "
                f"{100 * RECOVERED:.0f} % of what it was before; never: not in every seed. Kept: "
                "overlap of the codes of the first inputs at the end with those before the "
                "change.",
            ),
        ),
        figures=(
            Drawing(
                properties_over_epochs(
                    config.epochs_measured, summary, CHANGES, {config.change: "the inputs change"}
                ),
                "Properties of the codes, epoch by epoch",
                f"Of the inputs that are being learned. {BANDS}",
            ),
            Drawing(
                noise_overlaps(
                    config.noise,
                    summary,
                    CHANGES,
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
    return whole(recovery) if np.isfinite(recovery.mean) else "never"
