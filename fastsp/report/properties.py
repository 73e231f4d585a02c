"""Page of the experiment `properties`."""

import numpy as np

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.properties import INPUTS, PropertiesConfig
from fastsp.experiments.wording import number, percent
from fastsp.plots import properties as plots
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[PropertiesConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    kinds = plots.by_kind(summary, list(INPUTS))
    rows = tuple(
        (
            arm,
            percent(measures["sparseness"][-1], 2),
            percent(measures["entropy"][0]),
            percent(measures["entropy"][-1]),
            number(measures["robustness"][0]),
            number(measures["robustness"][-1]),
            percent(measures["stability"][-1]),
        )
        for arm, measures in summary.items()
    )
    first = summary[next(iter(summary))]
    kind = next(iter(INPUTS))
    return Page(
        headline=(
            Fact(
                "Noise robustness",
                f"{first['robustness'].mean[-1]:.2f}",
                f"before learning {first['robustness'].mean[0]:.2f}; {kind}, boosting",
            ),
            Fact(
                "Entropy",
                percent(first["entropy"].mean[-1]),
                f"of its maximum; before learning {percent(first['entropy'].mean[0])}",
            ),
            Fact(
                "Stability",
                percent(first["stability"].mean[-1]),
                "of a code is as it was an epoch before",
            ),
        ),
        tables=(
            Table(
                "Before and after learning",
                (
                    "inputs",
                    "density",
                    "entropy before",
                    "after",
                    "robustness before",
                    "after",
                    "stability after",
                ),
                rows,
                "Mean over the seeds, least to greatest in brackets. Density: share of active "
                "columns. Entropy of how often each column is active over the set of inputs, as a "
                "share of its maximum. Robustness: overlap with the code of the input without "
                f"noise, averaged over {config.noise_levels} shares of on-bits moved, from none to "
                "all. Stability: overlap of the codes with those of the epoch before. As in the "
                "paper, poolers differ in more than boosting: with it columns may see all inputs "
                "(pool fraction 1) and permanences move by 0.1 and 0.02, without it half of them "
                "and by 0.02 and 0.004.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.noise_overlaps(config.noise, kinds),
                "Overlap with the codes of noisy inputs",
                "A share of the on-bits of every input is moved elsewhere. Bands go from the "
                "least to the greatest seed.",
            ),
            Drawing.of(
                plots.properties_over_epochs(np.arange(config.epochs + 1), kinds),
                "Properties of the codes, epoch by epoch",
                "Measured with learning switched off. Bands go from the least to the greatest "
                "seed; where none is seen they are narrower than the line.",
            ),
            Drawing.of(
                plots.example_inputs(result.trials[0].pictures["inputs"]),
                "Some of the inputs",
                f"On-bits in black, {config.side} x {config.side} bits.",
            ),
        ),
    )
