"""Page of the experiment `ablate`."""

from fastsp import plots
from fastsp.experiments.ablate import ARMS, MEASURES, AblateConfig
from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.wording import number, percent
from fastsp.report.mnist import inhibition_comparison
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[AblateConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, pictures = result.summary(), result.trials[0].pictures
    local, everywhere = (pictures["poolers"][name] for name in list(ARMS)[:2])
    return Page(
        headline=tuple(
            Fact(
                name,
                percent(spreads["accuracy"].mean),
                f"test accuracy, {result.seeds} seeds",
            )
            for name, spreads in summary.items()
        ),
        tables=(
            Table(
                "Mean over the seeds, least to greatest in brackets",
                ("arm", "accuracy", "accuracy, mean", "entropy", "Clark-Evans index"),
                tuple(
                    (
                        name,
                        *(percent(spreads[measure]) for measure in MEASURES[:-1]),
                        number(spreads["clumping"], "{:.3f}"),
                    )
                    for name, spreads in summary.items()
                ),
                "Accuracy on the test images, columns combined by the product and by the mean. "
                "Entropy of how often each column is active over the test images, as a share of "
                "its maximum. Clark-Evans index of the active columns of one image, averaged "
                "over the test images: 1 where they lie at random, less where they clump. "
                "The configuration below is that of the first arm; exponential boosting has a "
                f"strength of {result.config.pooler.boost_strength:g}.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.ablation(result),
                "Every arm and every seed",
                "A dot is one seed, a line the mean over the seeds.",
            ),
            inhibition_comparison(local, everywhere, pictures["images"], pictures["inputs"]),
        ),
    )
