"""What local inhibition and boosting are good for: the experiment again with one part changed.

Every arm learns the same stream with the same pools; several seeds tell a difference from chance.
"""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fastsp.datasets import Mnist
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.mnist import MnistConfig, Training, compile_for, read_out
from fastsp.experiments.progress import Interrupted, Progress, part_of, silent
from fastsp.experiments.spread import Spread
from fastsp.metrics import clark_evans_index, duty_cycle_entropy
from fastsp.pooler import SpatialPooler


@dataclass(frozen=True)
class Arm:
    """One variant of the pooler; `learns` is False for the untrained control."""

    name: str
    inhibition: str
    boosting: str | None
    learns: bool = True


ARMS = (
    Arm("gaussian inhibition, log boosting", "gaussian", "log"),
    Arm("global inhibition, log boosting", "global", "log"),
    Arm("gaussian inhibition, exp boosting", "gaussian", "exp"),
    Arm("gaussian inhibition, no boosting", "gaussian", None),
    Arm("gaussian inhibition, untrained", "gaussian", "log", learns=False),
)
"""The first is the published configuration, every other differs from it in one part."""


@dataclass(frozen=True)
class AblationConfig:
    """Parameters of `run_ablation`.

    Attributes
    ----------
    base : MnistConfig
        What all arms share; its seed is the first one, its inhibition and boosting are replaced,
        and the maximum-likelihood classifier reads all codes.
    seeds : int
        Number of consecutive seeds every arm is run with.
    """

    base: MnistConfig = field(default_factory=MnistConfig)
    seeds: int = 3

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ValueError(f"seeds must be at least 1, got {self.seeds}")

    def variant(self, arm: Arm, seed: int) -> MnistConfig:
        """Return the configuration of one trial."""
        return replace(
            self.base,
            seed=seed,
            inhibition=arm.inhibition,
            boosting=arm.boosting,
            readout="likelihood",
            checkpoints=0,
        )


@dataclass(frozen=True)
class Trial:
    """One arm with one seed, measured on the test images.

    Attributes
    ----------
    arm : str
    seed : int
    accuracy, accuracy_mean : float
        Of the classifier, combining by product and by mean.
    entropy : float
        Of how often each column is active over the test images, as a share of its maximum.
    clumping : float
        Clark-Evans index of the active columns, mean over the test images: 1 where they lie at
        random, less where they clump.
    """

    arm: str
    seed: int
    accuracy: float
    accuracy_mean: float
    entropy: float
    clumping: float


MEASURES = ("accuracy", "accuracy_mean", "entropy", "clumping")


@dataclass(frozen=True)
class AblationResult:
    """Result of `run_ablation`.

    Attributes
    ----------
    config, environment
        What was run, and where.
    trials : tuple of Trial
        Those finished, arm by arm within each seed.
    poolers : dict of str to SpatialPooler
        By name of the arm, those of the first seed.
    seconds : float
        Of the whole experiment.
    """

    config: AblationConfig
    environment: Environment
    trials: tuple[Trial, ...]
    poolers: dict[str, SpatialPooler]
    seconds: float

    def summary(self) -> dict[str, dict[str, Spread]]:
        """Return each measure's spread over the seeds, by arm and measure."""
        return {
            arm.name: {measure: self._spread(arm, measure) for measure in MEASURES}
            for arm in ARMS
            if any(trial.arm == arm.name for trial in self.trials)
        }

    def _spread(self, arm: Arm, measure: str) -> Spread:
        values = [getattr(trial, measure) for trial in self.trials if trial.arm == arm.name]
        return Spread.over(values)

    def metrics(self) -> dict[str, Any]:
        """Return the figures as JSON knows them."""
        return {
            "summary": {
                arm: {measure: spread.as_json() for measure, spread in measures.items()}
                for arm, measures in self.summary().items()
            },
            "trials": [asdict(trial) for trial in self.trials],
            "seconds": self.seconds,
            "config": asdict(self.config),
            "environment": asdict(self.environment),
        }


def run_ablation(
    config: AblationConfig, data: Mnist, progress: Progress = silent
) -> AblationResult:
    """Run every arm with every seed.

    Parameters
    ----------
    config : AblationConfig
    data : Mnist
    progress : callable, optional
        Told (phase, done, total) between chunks: a phase for every trial, which counts the inputs
        learned and those coded for the classifier.

    Returns
    -------
    AblationResult

    Raises
    ------
    ValueError
        If a parameter of the pooler is impossible.
    Interrupted
        On KeyboardInterrupt: its `result` holds the finished trials.
    """
    started = time.perf_counter()
    trials: list[Trial] = []
    poolers: dict[str, SpatialPooler] = {}

    def result() -> AblationResult:
        return AblationResult(
            config,
            describe_environment(config.base.n_jobs),
            tuple(trials),
            poolers,
            seconds=time.perf_counter() - started,
        )

    try:
        for arm in ARMS:
            compile_for(config.variant(arm, config.base.seed), data, progress)
        n_trials = config.seeds * len(ARMS)
        for seed in range(config.base.seed, config.base.seed + config.seeds):
            for arm in ARMS:
                phase = f"{len(trials) + 1}/{n_trials} {arm.name}"
                variant = config.variant(arm, seed)
                training = Training(variant, data)
                learned = variant.cycles if arm.learns else 0
                total = learned + len(data.train_images) + len(data.test_images)
                if arm.learns:
                    training.run(part_of(progress, 0, total), phase)
                coding = part_of(progress, learned, total)
                readout = read_out(training.pooler.transform, variant, data, coding, phase)
                assert readout.accuracy_mean is not None
                codes = readout.test_codes
                trials.append(
                    Trial(
                        arm=arm.name,
                        seed=seed,
                        accuracy=readout.accuracy,
                        accuracy_mean=readout.accuracy_mean,
                        entropy=duty_cycle_entropy(codes.getnnz(axis=0) / codes.shape[0]),
                        clumping=float(clark_evans_index(codes, variant.column_shape)),
                    )
                )
                poolers.setdefault(arm.name, training.pooler)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(result()) from interrupt
    return result()
