"""Page of the experiment `stability`."""

from fastsp.experiments.experiment import ExperimentResult, arm
from fastsp.experiments.stability import CONTROLS, StabilityConfig
from fastsp.experiments.wording import number
from fastsp.plots.stability import stability_over_rounds
from fastsp.report.page import Drawing, Fact, Page, Table

MEASURES = ("kept", "entropy", "robustness")


def page(result: ExperimentResult[StabilityConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    first = next(iter(config.sets))
    return Page(
        headline=tuple(
            Fact(
                control.capitalize(),
                f"{float(summary[arm(first, control)]['kept'].mean):.2f}",
                f"of the codes of {first} stays over {config.further} rounds",
            )
            for control in CONTROLS
        ),
        tables=(
            Table(
                "Codes of patterns that repeat",
                (
                    "patterns, control",
                    *MEASURES,
                    *(f"{measure}, others" for measure in MEASURES),
                ),
                tuple(
                    (
                        name,
                        *(
                            number(measures[f"{measure}{when}"])
                            for when in ("", "_after")
                            for measure in MEASURES
                        ),
                    )
                    for name, measures in summary.items()
                ),
                f"Mean over the seeds, least to greatest in brackets. Kept: overlap of the codes "
                f"after {config.rounds} rounds with those after {config.further} more. Entropy of "
                "how often each column is active over the patterns, as a share of its maximum. "
                "Robustness: overlap with the codes of noisy patterns, averaged over all shares of "
                "on-bits moved. Others: the same of other patterns, learned after the first ones.",
            ),
        ),
        figures=(
            Drawing.of(
                stability_over_rounds(summary, list(config.sets), CONTROLS),
                "From round to round",
                "Bands go from the least to the greatest seed.",
            ),
        ),
    )
