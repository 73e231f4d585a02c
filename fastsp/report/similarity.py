"""Page and figures of the experiment `similarity`."""

from matplotlib.figure import Figure

from fastsp.experiments.experiment import ExperimentResult, Summary
from fastsp.experiments.similarity import BINS, ROTATIONS, SHIFTS, TRAINED, SimilarityConfig
from fastsp.experiments.wording import percent
from fastsp.report.page import BANDS, MEANS, Column, Drawing, Fact, Page, Table
from fastsp.report.style import BLUE, GREY, ORANGE, draw_curves, legend_below, panels

STYLES = ((GREY, ":"), (ORANGE, "--"), (BLUE, "-"))


def page(result: ExperimentResult[SimilarityConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, degrees = result.summary(), result.config.view_rotation
    trained, view = summary[TRAINED], ROTATIONS.tolist().index(degrees)
    return Page(
        headline=(
            Fact("Within a category", percent(trained["within"].mean), "overlap of the codes"),
            Fact("Between categories", percent(trained["between"].mean), "the same"),
            Fact(
                "Told apart",
                percent(trained["told_apart"].mean),
                "chance that a pair within a category has the greater overlap",
            ),
        ),
        tables=(
            Table.of(
                summary,
                "Overlap of codes",
                "code",
                (
                    Column("within", "within"),
                    Column("between", "between"),
                    Column("told apart", "told_apart"),
                    Column(f"{degrees:g}° view", "rotation", percent, view),
                    Column("view told apart", "views_told_apart"),
                ),
                f"{MEANS} Within and between: mean "
                "overlap of all pairs of images of one category, and of two. Told apart: chance "
                "that a pair within a category overlaps more than a pair between categories (50 % "
                f"by guessing). View: overlap of an image with itself rotated by {degrees:g} "
                "degrees, and the chance that it exceeds that of a pair between categories.",
            ),
        ),
        figures=(
            Drawing(
                pair_overlaps(summary),
                "Overlap of pairs of images",
                "Shares of all pairs, mean over the seeds. Within a category in blue, between "
                "categories in orange.",
            ),
            Drawing(
                view_overlaps(summary),
                "Similar inputs, rotated and shifted views, and their codes",
                "Left: pairs of images by how much their raw ON bits overlap; bins of fewer than "
                f"20 pairs are left out. Middle and right: an image and itself seen otherwise. "
                f"{BANDS}",
            ),
        ),
    )


def pair_overlaps(summary: Summary) -> Figure:
    """Draw how often pairs of images overlap by how much, within and between categories."""
    figure, grid = panels((11, 3.4), 1, len(summary), sharex=True, sharey=True)
    for axes, (code, measures) in zip(grid, summary.items(), strict=True):
        for kind, color in (("between", ORANGE), ("within", BLUE)):
            shares = measures[f"shares_{kind}"].mean
            axes.stairs(shares, BINS, color=color, fill=True, alpha=0.3)
            axes.stairs(shares, BINS, color=color, label=f"{kind} categories")
            axes.axvline(float(measures[kind].mean), color=color, linestyle=":", label="its mean")
        axes.set_title(code, fontsize=10)
        axes.set(xlim=(0, 1), xlabel="overlap of two images (share)")
    grid[0].set_ylabel("share of pairs")
    legend_below(figure, grid[0], ncols=4)
    return figure


def view_overlaps(summary: Summary) -> Figure:
    """Draw overlap of codes against that of raw inputs, and between two views."""
    figure, grid = panels((11, 3.6), 1, 3, sharey=True)
    middles = (BINS[1:] + BINS[:-1]) / 2
    for axes, x, measure in zip(
        grid, (middles, ROTATIONS, SHIFTS), ("by_raw_overlap", "rotation", "shift"), strict=True
    ):
        curves = {code: measures[measure] for code, measures in summary.items()}
        draw_curves(axes, x, curves, STYLES)
    left, middle, right = grid
    left.set(xlabel="overlap of raw ON bits (share)", ylabel="overlap of codes (share)")
    left.set(xlim=(0, 1), ylim=(0, 1.02))
    middle.set(xlabel="rotation between two views (degrees)")
    right.set(xlabel="shift between two views (pixels)", xticks=SHIFTS)
    legend_below(figure, left, ncols=3)
    return figure
