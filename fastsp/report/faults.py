"""Page and figures of the experiment `faults`."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fastsp.experiments.experiment import ExperimentResult, Summary
from fastsp.experiments.faults import HALF, FaultsConfig
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.report.page import BANDS, MEANS, Column, Drawing, Fact, Page, Table
from fastsp.report.style import BLUE, ORANGE, draw_spread, panels, show_map

CURVES = {
    "robustness": "noise robustness\n(mean overlap)",
    "entropy": "entropy, living columns\n(share of its maximum)",
    "coverage": "connected synapses\nunder the patch\n(ratio to elsewhere)",
}
Maps = Mapping[str, Mapping[str, NDArray[np.float64]]]


def page(result: ExperimentResult[FaultsConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    moments = (config.at_fault - 1, config.at_fault, -1)
    maps, patch = result.trials[0].pictures, config.patch_mask()

    def three(measure: str, form: Callable[[Spread], str], *headers: str) -> tuple[Column, ...]:
        return tuple(
            Column(header, measure, form, place)
            for header, place in zip(headers, moments, strict=True)
        )

    def means(arm: str, measure: str) -> str:
        return " → ".join(f"{summary[arm][measure].mean[place]:.2f}" for place in moments)

    return Page(
        headline=(
            Fact(
                "Half of the columns die",
                means(HALF, "robustness"),
                "noise robustness before, right after, at the end",
            ),
            Fact(
                f"A patch of columns dies, radius {config.near}",
                means(next(iter(config.patches)), "coverage"),
                "connected synapses under the patch, as a ratio to elsewhere",
            ),
        ),
        tables=(
            Table.of(
                summary,
                "Before the fault, right after it, and at the end",
                "what dies",
                (
                    *three("robustness", number, "robustness", "after", "end"),
                    *three("entropy", percent, "entropy", "after", "end"),
                ),
                f"{MEANS} Robustness: overlap with the "
                "codes of noisy inputs, averaged over all shares of on-bits moved. Entropy of how "
                "often each living column is active over the test inputs, as a share of its "
                "maximum.",
            ),
            Table.of(
                {arm: summary[arm] for arm in config.patches},
                "Connected synapses under the patch",
                "what dies",
                (
                    *three("coverage", number, "before", "after", "end"),
                    Column("centres before", "towards", number, 0),
                    Column("centres, end", "towards", number, 1),
                ),
                "Of living columns, per input bit, as a ratio to the input bits elsewhere. "
                "Centres: how much nearer to the middle of the patch than the column itself the "
                "centre of its receptive field lies, in input bits, mean over the columns within "
                "three of the patch.",
            ),
        ),
        figures=(
            Drawing(
                faults_over_epochs(config.epochs_measured, config.fault, summary),
                "Through the fault",
                "The dotted line is the fault. Half of the columns die in a pooler without a "
                "topology, which learns 100 random SDRs; the others learn bars drawn anew for "
                f"every epoch. {BANDS}",
            ),
            Drawing(
                receptive_field_centres(maps, patch),
                "Centres of receptive fields",
                "Mean place of the connected inputs of each living column, first seed. The square "
                "is the patch that dies.",
            ),
            Drawing(
                synapses_by_place(maps, patch),
                "Connected synapses at each input bit",
                "Of living columns, first seed. A row has one scale.",
            ),
        ),
    )


def faults_over_epochs(epochs: NDArray[np.int64], fault: int, summary: Summary) -> Figure:
    """Draw robustness, entropy and connected synapses over epochs, a column for each fault.

    Parameters
    ----------
    epochs : (n_measurements,) int
        Epochs learned at each measurement.
    fault : int
        Epochs learned before the fault.
    summary : dict of dict of Spread
        By fault; where `coverage` has no numbers its panel is left out.
    """
    figure, grid = panels((11, 6.2), len(CURVES), len(summary), sharex=True, sharey="row")
    for column, (arm, measures) in zip(grid.T, summary.items(), strict=True):
        column[0].set_title(arm, fontsize=10)
        for axes, measure in zip(column, CURVES, strict=True):
            if np.isnan(measures[measure].mean).all():
                axes.set_axis_off()
                continue
            draw_spread(axes, epochs, measures[measure], BLUE)
            axes.axvline(fault, color=ORANGE, linestyle=":")
            axes.set_xlabel("epochs learned")
            axes.tick_params(labelbottom=True)
    for axes in grid[:, -1]:
        axes.set_ylim(bottom=0)
    for row, label in zip(grid, CURVES.values(), strict=True):
        shown = next(axes for axes in row if axes.axison)
        shown.set_ylabel(label, fontsize=9)
        shown.tick_params(labelleft=True)
    return figure


def receptive_field_centres(maps: Maps, patch: NDArray[np.bool_]) -> Figure:
    """Draw the centre of the receptive field of every living column, before a fault and at the end.

    Parameters
    ----------
    maps : dict of dict of ndarray
        By fault: `centres before`, `centres at the end`, (C, 2) rows and columns, and `living`.
    patch : (side, side) bool
        What dies.
    """
    size, side = (3.4 * len(maps), 6.6), len(patch)
    figure, grid = panels(size, 2, len(maps), "compressed", sharex=True, sharey=True, squeeze=False)
    for (before, end), (arm, drawn) in zip(grid.T, maps.items(), strict=True):
        before.set_title(f"{arm}\nbefore the fault", fontsize=10)
        end.set_title("at the end", fontsize=10)
        at_the_end = drawn["centres at the end"][drawn["living"]]
        for axes, centres in ((before, drawn["centres before"]), (end, at_the_end)):
            axes.plot(*(centres.T[::-1] + 0.5), ".", color=BLUE, markersize=2.5)
            _outline(axes, patch)
            axes.set(xlim=(0, side), ylim=(side, 0), aspect="equal")
    _label_bits(grid)
    return figure


def synapses_by_place(maps: Maps, patch: NDArray[np.bool_]) -> Figure:
    """Draw connected synapses of living columns at each input bit, before a fault and after it.

    Parameters
    ----------
    maps : dict of dict of ndarray
        By fault: `synapses before`, `synapses at the fault`, `synapses at the end`, (side, side).
    patch : (side, side) bool
        What dies.
    """
    moments = ("before", "at the fault", "at the end")
    size = (9, 2.9 * len(maps))
    figure, grid = panels(
        size, len(maps), len(moments), "compressed", squeeze=False, sharex=True, sharey=True
    )
    _label_bits(grid)
    for row, (arm, drawn) in zip(grid, maps.items(), strict=True):
        greatest = max(float(drawn[f"synapses {moment}"].max()) for moment in moments)
        for axes, moment in zip(row, moments, strict=True):
            shown = show_map(axes, drawn[f"synapses {moment}"], patch.shape, vmin=0, vmax=greatest)
            _outline(axes, patch)
        row[0].set_ylabel(f"{arm}\nrow (input bits)", fontsize=9)
        figure.colorbar(shown, ax=row, label="connected\nsynapses", shrink=0.9)
    for axes, moment in zip(grid[0], moments, strict=True):
        axes.set_title(moment, fontsize=10)
    return figure


def _label_bits(grid: NDArray[np.object_]) -> None:
    """Label panels over input bits at the left and below."""
    for axes in grid[:, 0]:
        axes.set_ylabel("row (input bits)")
    for axes in grid[-1]:
        axes.set_xlabel("column (input bits)")


def _outline(axes: Axes, patch: NDArray[np.bool_]) -> None:
    """Draw the edge of the patch."""
    rows, columns = np.nonzero(patch)
    corner = (columns.min(), rows.min())
    size = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=ORANGE, linewidth=1.2))
