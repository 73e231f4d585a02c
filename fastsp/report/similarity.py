"""Page of the experiment `similarity`."""

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.similarity import BINS, ROTATIONS, SHIFTS, TRAINED, SimilarityConfig
from fastsp.experiments.wording import percent
from fastsp.plots import similarity as plots
from fastsp.report.page import Drawing, Fact, Page, Table

MEASURES = ("within", "between", "told_apart")


def page(result: ExperimentResult[SimilarityConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    view = ROTATIONS.tolist().index(config.view_rotation)
    rows = tuple(
        (
            arm,
            *(percent(measures[measure]) for measure in MEASURES),
            percent(measures["rotation"][view]),
            percent(measures["views_told_apart"]),
        )
        for arm, measures in summary.items()
    )
    trained = summary[TRAINED]
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
            Table(
                "Overlap of codes",
                (
                    "code",
                    "within",
                    "between",
                    "told apart",
                    f"{config.view_rotation:g}° view",
                    "view told apart",
                ),
                rows,
                "Mean over the seeds, least to greatest in brackets. Within and between: mean "
                "overlap of all pairs of images of one category, and of two. Told apart: chance "
                "that a pair within a category overlaps more than a pair between categories (50 % "
                f"by guessing). View: overlap of an image with itself rotated by "
                f"{config.view_rotation:g} degrees, and the chance that it exceeds that of a pair "
                "between categories.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.pair_overlaps(summary, BINS),
                "Overlap of pairs of images",
                "Shares of all pairs, mean over the seeds. Within a category in blue, between "
                "categories in orange.",
            ),
            Drawing.of(
                plots.view_overlaps(summary, BINS, ROTATIONS, SHIFTS),
                "Similar inputs, rotated and shifted views, and their codes",
                "Left: pairs of images by how much their raw ON bits overlap; bins of fewer than "
                "20 pairs are left out. Middle and right: an image and itself seen otherwise. "
                "Bands go from the least to the greatest seed.",
            ),
        ),
    )
