"""What local inhibition and boosting contribute: MNIST again with one part of the pooler changed.

All arms learn the same stream with the same pools. Several seeds tell a difference from chance.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fastsp.datasets import Mnist
from fastsp.experiments.digits import QUICK, sample_digits
from fastsp.experiments.experiment import Experiment, ExperimentResult, Summary, Trial
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.readout import read_out
from fastsp.experiments.mnist.training import Training, compile_for
from fastsp.experiments.progress import Interrupted, Progress, counter, part_of
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import exceeds, listed, number, percent
from fastsp.metrics import clark_evans_index, code_entropy
from fastsp.pooler import SpatialPooler


@dataclass(frozen=True)
class Variant:
    """How the pooler of an arm differs; `learns` is False for the untrained control."""

    inhibition: str
    boosting: str | None
    learns: bool = True


ARMS = {
    "gaussian inhibition, log boosting": Variant("gaussian", "log"),
    "global inhibition, log boosting": Variant("global", "log"),
    "gaussian inhibition, exp boosting": Variant("gaussian", "exp"),
    "gaussian inhibition, no boosting": Variant("gaussian", None),
    "gaussian inhibition, untrained": Variant("gaussian", "log", learns=False),
}
"""The first is the published configuration; each of the others changes one part of it."""
MEASURES = ("accuracy", "accuracy_mean", "entropy", "clumping")
"""On the test images: accuracy with columns combined by product and by mean; `code_entropy`; and
the mean Clark-Evans index of the active columns, 1 where they lie at random, less where they clump.
"""


@dataclass(frozen=True)
class AblateConfig:
    """Parameters of the experiment `ablate`.

    Attributes
    ----------
    pooler : MnistConfig
        What all arms share. Its inhibition and boosting are replaced, and its seed is that of the
        trial; the maximum-likelihood classifier reads all codes.
    """

    pooler: MnistConfig = field(default_factory=MnistConfig)

    @property
    def n_jobs(self) -> int | None:
        """Threads of the pooler."""
        return self.pooler.n_jobs

    def of_arm(self, name: str, seed: int) -> MnistConfig:
        """Return the configuration of one arm."""
        return replace(
            self.pooler,
            seed=seed,
            inhibition=ARMS[name].inhibition,
            boosting=ARMS[name].boosting,
            readout="likelihood",
            checkpoints=0,
        )


def run(config: AblateConfig, seed: int, digits: Mnist | None, progress: Progress) -> Trial:
    """Train and measure every arm; an interruption keeps the finished ones."""
    assert digits is not None
    measures: dict[str, dict[str, float]] = {}
    poolers: dict[str, SpatialPooler] = {}
    images, inputs = sample_digits(config.pooler, digits)
    trial = Trial(seed, measures, {"poolers": poolers, "images": images, "inputs": inputs})
    try:
        compiled = counter(progress, "compiling", len(ARMS))
        for name in ARMS:
            compile_for(config.of_arm(name, seed), digits)
            compiled()
        for place, name in enumerate(ARMS, start=1):
            phase = f"{place}/{len(ARMS)} {name}"
            measures[name], poolers[name] = _measure(
                config.of_arm(name, seed), ARMS[name].learns, digits, progress, phase
            )
    except KeyboardInterrupt as interrupt:
        raise Interrupted(trial) from interrupt
    return trial


def _measure(
    config: MnistConfig, learns: bool, digits: Mnist, progress: Progress, phase: str
) -> tuple[dict[str, float], SpatialPooler]:
    training = Training(config, digits)
    learned = config.cycles if learns else 0
    total = learned + len(digits.train_images) + len(digits.test_images)
    if learns:
        training.run(part_of(progress, 0, total), phase)
    coding = part_of(progress, learned, total)
    readout = read_out(training.pooler.transform, config, digits, coding, phase)
    assert readout.accuracy_mean is not None
    values = (
        readout.accuracy,
        readout.accuracy_mean,
        code_entropy(readout.test_codes),
        float(clark_evans_index(readout.test_codes, config.column_shape)),
    )
    return dict(zip(MEASURES, values, strict=True)), training.pooler


def found(config: AblateConfig, summary: Summary) -> tuple[str, str]:
    """Return what each part of the published pooler contributes."""
    published, everywhere, exponential, unboosted, untrained = (summary[name] for name in ARMS)
    differences = {
        "local inhibition spreads the active columns": ("clumping", published, everywhere),
        "boosting uses columns more evenly": ("entropy", published, unboosted),
        "learning adds accuracy": ("accuracy", published, untrained),
    }
    holding = [
        words
        for words, (measure, more, less) in differences.items()
        if exceeds(more[measure], less[measure])
    ]
    return (
        f"With the published pooler the classifier reads {percent(published['accuracy'])} of the "
        f"test images, with global inhibition {percent(everywhere['accuracy'])}, with exponential "
        f"boosting {percent(exponential['accuracy'])}, without boosting "
        f"{percent(unboosted['accuracy'])}, untrained {percent(untrained['accuracy'])}. The "
        f"Clark-Evans index of active columns is {number(published['clumping'])} with local "
        f"inhibition, {number(everywhere['clumping'])} with global inhibition.",
        f"What holds in every seed: {listed(holding)}."
        if holding
        else "No difference between the arms is larger than that between seeds.",
    )


def flat_metrics(result: ExperimentResult[AblateConfig]) -> dict[str, Any]:
    """Return what `fastsp ablate` writes: a row for each arm and seed, unfinished seeds included.

    Parameters
    ----------
    result : ExperimentResult
        Complete or interrupted.
    """
    trials = [*result.trials, *([result.unfinished] if result.unfinished else [])]
    rows: list[dict[str, Any]] = [
        {"arm": name, "seed": trial.seed, **measures}
        for trial in trials
        for name, measures in trial.measures.items()
    ]
    summary = {
        name: {
            measure: Spread.over([row[measure] for row in rows if row["arm"] == name]).as_json()
            for measure in MEASURES
        }
        for name in ARMS
        if any(row["arm"] == name for row in rows)
    }
    return {
        "summary": summary,
        "trials": rows,
        "seconds": result.seconds,
        "config": {"base": asdict(result.config.pooler), "seeds": result.seeds},
        "environment": asdict(result.environment),
    }


EXPERIMENT = Experiment(
    name="ablate",
    title="What local inhibition and boosting do",
    lead="The MNIST experiment again with one part of the pooler changed at a time.",
    full=AblateConfig(),
    quick=AblateConfig(replace(QUICK, cycles=100)),
    run=run,
    found=found,
    needs_digits=True,
)
