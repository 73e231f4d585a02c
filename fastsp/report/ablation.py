"""Page of an ablation."""

from dataclasses import asdict

from fastsp import plots
from fastsp.datasets import Mnist
from fastsp.experiments import wording
from fastsp.experiments.ablation import ARMS, AblationResult
from fastsp.experiments.spread import Spread
from fastsp.plots.style import own_style
from fastsp.report.digits import inhibition_comparison
from fastsp.report.page import Drawing, Fact, Table, percent, render


@own_style()
def ablation_report(result: AblationResult, data: Mnist, command: str) -> str:
    """Return the page of an ablation; parameters as in `mnist_report`."""
    summary = result.summary()
    rows = tuple(
        (arm, *(_spread(spreads[measure], measure) for measure in spreads))
        for arm, spreads in summary.items()
    )
    figures = [
        Drawing.of(
            plots.ablation(result),
            "Every arm and every seed",
            "A dot is one seed, a line the mean over the seeds.",
        )
    ]
    with_inhibition, without_inhibition = (result.poolers.get(arm.name) for arm in ARMS[:2])
    if with_inhibition and without_inhibition:
        figures.append(
            inhibition_comparison(with_inhibition, without_inhibition, result.config.base, data)
        )
    return render(
        title="What local inhibition and boosting do",
        lead="The MNIST experiment again with one part of the pooler changed at a time, "
        f"{result.config.seeds} seeds each.",
        headline=tuple(
            Fact(
                arm,
                percent(float(spreads["accuracy"].mean)),
                f"test accuracy, {result.config.seeds} seeds",
            )
            for arm, spreads in summary.items()
        ),
        tables=(
            Table(
                "Mean over the seeds, least to greatest in brackets",
                ("arm", "accuracy", "accuracy, mean", "entropy", "Clark-Evans index"),
                rows,
                "Accuracy on the test images, columns combined by the product and by the mean. "
                "Entropy of how often each column is active over the test images, as a share of "
                "its maximum. Clark-Evans index of the active columns of one image, averaged "
                "over the test images: 1 where they lie at random, less where they clump. "
                f"Exponential boosting has a strength of {result.config.base.boost_strength:g}.",
            ),
        ),
        figures=figures,
        command=command,
        config=asdict(result.config.base)
        | {"inhibition": "by arm", "boosting": "by arm", "checkpoints": 0}
        | {"seeds": result.config.seeds, "data": data.source},
        environment=result.environment,
    )


def _spread(spread: Spread, measure: str) -> str:
    return wording.number(spread, "{:.3f}") if measure == "clumping" else wording.percent(spread)
