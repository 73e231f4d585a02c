"""Figure of the experiment `stability`: how much of the codes stays from round to round."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fastsp.experiments.experiment import arm
from fastsp.experiments.spread import Spread
from fastsp.plots.style import GREY, SERIES, draw_spread, legend_below


def stability_over_rounds(
    summary: Mapping[str, Mapping[str, Spread]], sets: Sequence[str], controls: Sequence[str]
) -> Figure:
    """Draw stability over rounds, a panel for each set of patterns; below, where boosting acts."""
    figure = Figure(figsize=(4.8 * len(sets), 5.2), layout="constrained")
    grid = figure.subplots(
        2, len(sets), sharex=True, sharey="row", squeeze=False, height_ratios=(3, 1)
    )
    for (above, below), name in zip(grid.T, sets, strict=True):
        for control, (color, style) in zip(controls, SERIES, strict=False):
            measures = summary[arm(name, control)]
            n = measures["stability"].mean.size
            for axes, measure in ((above, "stability"), (below, "acts")):
                for start, curve in ((0, measures[measure]), (n, measures[f"{measure}_after"])):
                    rounds = np.arange(start + 1, start + n + 1)
                    draw_spread(axes, rounds, curve, color, style, control)
        for axes in (above, below):
            axes.axvline(n + 0.5, color=GREY, linestyle=":")
            axes.grid(color="#dddddd")
            axes.set_ylim(-0.03, 1.03)
        above.set_title(f"{name}; others after the dotted line", fontsize=10)
        below.set_xlabel("rounds")
    grid[0, 0].set_ylabel("columns that a code keeps\nfrom one round to the next (share)")
    grid[1, 0].set_ylabel("boosting acts\n(share of seeds)")
    legend_below(figure, grid[0, 0], ncols=len(controls))
    return figure
