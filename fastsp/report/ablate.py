"""Page of the experiment `ablate`."""

from fastsp import plots
from fastsp.experiments.ablate import COMPARED, EVERYWHERE, LOCAL, ON, AblateConfig
from fastsp.experiments.areas import WINDOW
from fastsp.experiments.experiment import ExperimentResult, arm
from fastsp.experiments.wording import number, percent
from fastsp.report.page import Drawing, Fact, Page, Table

SHARES = {
    "accuracy": "accuracy",
    "accuracy_mean": "accuracy, mean",
    "entropy": "entropy",
    "entropy_limit": "its limit",
    "on_image": "on the image",
}
RATIOS = {"clumping": "variance / mean", "busiest_area": "busiest", "clark_evans": "Clark-Evans"}


def page(result: ExperimentResult[AblateConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, pictures = result.summary(), result.trials[0].pictures
    height, width, *_ = result.config.pooler.column_shape
    drawn = {"with": arm(LOCAL, ON), "without": arm(EVERYWHERE, ON)}
    return Page(
        headline=tuple(
            Fact(
                name,
                percent(summary[name]["accuracy"].mean),
                f"test accuracy, {result.seeds} seeds; variance / mean "
                f"{float(summary[name]['clumping'].mean):.1f}",
            )
            for name in COMPARED
        ),
        tables=(
            Table(
                "Accuracy and entropy",
                ("arm", *SHARES.values()),
                tuple(
                    (name, *(percent(spreads[measure]) for measure in SHARES))
                    for name, spreads in summary.items()
                ),
                "Mean over the seeds, least to greatest in brackets. Accuracy on the test images, "
                "columns combined by the product and by the mean. Entropy of how often each column "
                "is active over the test images, as a share of its maximum. Its limit: what it "
                "could be if no column were active for images of which its potential pool sees "
                "nothing; inhibition that compares columns with their surroundings alone can "
                "exceed it. On the image: share of the active columns that lie at an on-bit.",
            ),
            Table(
                "Where columns are active",
                ("arm", *RATIOS.values()),
                tuple(
                    (name, *(number(spreads[measure]) for measure in RATIOS))
                    for name, spreads in summary.items()
                ),
                f"Of areas of {WINDOW} by {WINDOW} columns. Variance / mean of the numbers of "
                "active columns in them, for one image, averaged over the test images: 1 where "
                "columns lie at random, more where they clump. Busiest: how often columns of the "
                "area are active that is active most often, as a multiple of the mean. Clark-Evans "
                "index of the active columns of one image: 1 where they lie at random, less where "
                "they clump. The configuration below is that with on and off bits; exponential "
                f"boosting has a strength of {result.config.pooler.boost_strength:g}.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.ablation(result),
                "Every arm and every seed",
                "A dot is one seed, a line the mean over the seeds.",
            ),
            *(
                Drawing.of(
                    plots.samples(
                        pictures["poolers"][name], pictures["images"], pictures["inputs"]
                    ),
                    f"Samples of inputs and outputs, {which} local inhibition",
                    "First seed, on-bits only. Active columns lie where they are centred in the "
                    "input.",
                )
                for which, name in drawn.items()
            ),
            Drawing.of(
                plots.activity_maps(
                    {name: pictures["activity"][name] for name in COMPARED},
                    (height, width),
                ),
                "How often columns are active",
                "Over the test images, first seed. Areas that are brighter than others are "
                "systematically more active.",
            ),
        ),
    )
