"""Page and figure of the experiment `stability`."""

import numpy as np
from matplotlib.figure import Figure

from fastsp.experiments.experiment import ExperimentResult, Summary, arm
from fastsp.experiments.stability import CONTROLS, StabilityConfig
from fastsp.experiments.wording import number
from fastsp.report.page import BANDS, MEANS, Column, Drawing, Fact, Page, Table
from fastsp.report.style import GREY, draw_curves, grid_behind, legend_below, panels

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
            Table.of(
                summary,
                "Codes of patterns that repeat",
                "patterns, control",
                [
                    Column(f"{measure}{others}", f"{measure}{after}", number)
                    for others, after in (("", ""), (", others", "_after"))
                    for measure in MEASURES
                ],
                f"{MEANS} Kept: overlap of the codes "
                f"after {config.rounds} rounds with those after {config.further} more. Entropy of "
                "how often each column is active over the patterns, as a share of its maximum. "
                "Robustness: overlap with the codes of noisy patterns, averaged over all shares of "
                "on-bits moved. Others: the same of other patterns, learned after the first ones.",
            ),
        ),
        figures=(
            Drawing(
                stability_over_rounds(summary, list(config.sets)), "From round to round", BANDS
            ),
        ),
    )


def stability_over_rounds(summary: Summary, sets: list[str]) -> Figure:
    """Draw stability over rounds, a panel for each set of patterns; below, where boosting acts."""
    figure, grid = panels(
        (4.8 * len(sets), 5.2),
        *(2, len(sets)),
        sharex=True,
        sharey="row",
        squeeze=False,
        height_ratios=(3, 1),
    )
    for (above, below), name in zip(grid.T, sets, strict=True):
        for axes, measure in ((above, "stability"), (below, "acts")):
            arms = {control: summary[arm(name, control)] for control in CONTROLS}
            n = arms[CONTROLS[0]][measure].mean.size
            for start, part in ((0, measure), (n, f"{measure}_after")):
                rounds = np.arange(start + 1, start + n + 1)
                draw_curves(axes, rounds, {control: m[part] for control, m in arms.items()})
            axes.axvline(n + 0.5, color=GREY, linestyle=":")
            grid_behind(axes)
            axes.set_ylim(-0.03, 1.03)
        above.set_title(f"{name}; others after the dotted line", fontsize=10)
        below.set_xlabel("rounds")
    grid[0, 0].set_ylabel("columns that a code keeps\nfrom one round to the next (share)")
    grid[1, 0].set_ylabel("boosting acts\n(share of seeds)")
    legend_below(figure, grid[0, 0], ncols=len(CONTROLS))
    return figure
