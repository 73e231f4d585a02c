"""A search for parameters of the MNIST pooler, with Optuna, on training images alone.

The last 10,000 training images are held out: parameters are chosen by the accuracy on
them after learning from the others. The test images are never used. The study is kept in an SQLite
file, so that an interrupted search can be continued.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.datasets import Mnist
from fastsp.experiments.digits import PUBLISHED, QUICK
from fastsp.experiments.experiment import Experiment, Summary, Trial
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.snapshots import fingerprints
from fastsp.experiments.mnist.training import Training, column_duty_cycles, compile_for, hold_out
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.wording import compared, percent
from fastsp.extras import needs
from fastsp.metrics import duty_cycle_entropy

if TYPE_CHECKING:
    import optuna

DEFAULT, BEST = ARMS = ("parameters so far", "best of the search")
STUDY = "fastsp"
SHARED = "what its trials share"
FIRST = "parameters so far"
"""User attributes of a study, and of its first trial."""


@dataclass(frozen=True)
class TuneConfig:
    """Parameters of the experiment `tune`.

    Attributes
    ----------
    pooler : MnistConfig
        The first trial of the search, and what all others share.
    trials : int
        Of the whole study, including those it already holds.
    cycles : int
        Learning cycles of a trial.
    held_out : int
        Number of training images, the last ones, that choose; at most a quarter of all.
    least_entropy : float
        Least entropy of the active duty cycles at the end of learning; parameters that end below
        it are not chosen. The parameters of `MnistConfig` meet it as well.
    study : str
        Path of the study, an SQLite file, or a URL as Optuna knows it; in memory where empty. An
        existing study is continued if its trials can be compared with the new ones.
    """

    pooler: MnistConfig = PUBLISHED
    trials: int = 100
    cycles: int = 60_000
    held_out: int = 10_000
    least_entropy: float = 0.97
    study: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.trials < 2:
            raise ValueError(f"trials must be at least 2, got {self.trials}")


def suggest(trial: "optuna.Trial", base: MnistConfig) -> MnistConfig:
    """Return a configuration whose parameters the trial chose."""
    radius = trial.suggest_float("potential_radius", 1.5, 5.0)
    share = trial.suggest_float("potential_share", 0.3, 1.0)
    n_potential = max(1, round(share * _field_weight(radius, base)))
    return replace(
        base,
        potential_radius=radius,
        n_potential=n_potential,
        permanence_increment=trial.suggest_float("permanence_increment", 0.002, 0.1, log=True),
        permanence_decrement=trial.suggest_float("permanence_decrement", 0.001, 0.05, log=True),
        duty_cycle_period=trial.suggest_int("duty_cycle_period", 100, 5_000, log=True),
        smoothing=trial.suggest_float("smoothing", 1e-4, 1.0, log=True),
    )


def _field_weight(radius: float, base: MnistConfig) -> float:
    """Return the sum of a Gaussian of this radius over all input bits, away from the edges."""
    return 2.0 * np.pi * radius**2 * (2 if base.channels == "on_off" else 1)


def run(config: TuneConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Run or continue the search; measure the best and the first parameters with the seed."""
    library = _optuna()
    with _opened(library, config.study) as storage:
        return _run(library, storage, config, seed, digits, progress)


@contextmanager
def _opened(library: Any, study: str) -> "Iterator[optuna.storages.RDBStorage | None]":
    """Open the storage of a study and close it afterwards; None for a study in memory."""
    if not study:
        yield None
        return
    options: dict[str, Any] = {}
    url = study
    if "://" not in study:  # a path: in a URL some of its characters would have a meaning
        url = "sqlite://"
        options = {
            "creator": lambda: sqlite3.connect(study, check_same_thread=False),
        }
    try:
        storage = library.storages.RDBStorage(url, options)
    except Exception as error:  # of SQLAlchemy, of its driver, or of Optuna
        reason = str(error).partition("\n")[0]
        raise ValueError(f"study must be a database of Optuna, got {study} ({reason})") from error
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _shared_by_trials(config: TuneConfig, digits: Mnist) -> dict[str, Any]:
    """Return what the trials of a study must have in common to be comparable."""
    pooler = asdict(config.pooler)
    del pooler["n_jobs"], pooler["cycles"]
    others = {name: getattr(config, name) for name in ("cycles", "held_out", "least_entropy")}
    shared: dict[str, Any] = json.loads(json.dumps(pooler | others | fingerprints(digits)))
    return shared


def _begin(study: Any, shared: Mapping[str, Any], first: Mapping[str, float], library: Any) -> None:
    """Begin or continue a study; its first trial is repeated if it was interrupted.

    Raises
    ------
    ValueError
        Where old and new trials cannot be compared; the differing parameter is named.
    """
    if not study.trials:
        study.set_user_attr(SHARED, shared)
    found = study.user_attrs.get(SHARED, {})
    for name in sorted(shared.keys() | found.keys()):
        if shared.get(name) != found.get(name):
            raise ValueError(
                f"study holds trials with {name}={found.get(name)!r}, which cannot be compared "
                f"with {shared.get(name)!r}: choose another folder for the results"
            )
    states = (*_finished(library), library.trial.TrialState.WAITING)
    if not any(trial.user_attrs.get(FIRST) for trial in study.get_trials(states=states)):
        study.enqueue_trial(first, user_attrs={FIRST: True})


def _run(
    library: Any, storage: Any, config: TuneConfig, seed: int, digits: Mnist, progress: Progress
) -> Trial:
    study = library.create_study(
        storage=storage,
        study_name=STUDY,
        direction="maximize",
        load_if_exists=True,
    )
    _begin(study, _shared_by_trials(config, digits), _parameters_of(config.pooler), library)
    # A continued search must not draw the same parameters again.
    study.sampler = library.samplers.TPESampler(seed=(seed + 1_000 * len(study.trials)) % 2**32)
    base = replace(config.pooler, cycles=config.cycles)
    split = hold_out(digits, config.held_out)
    compile_for(base, split, progress)

    def objective(trial: "optuna.Trial") -> float:
        tried = suggest(trial, base)
        try:
            accuracy, entropy = measure(tried, split)
        except ValueError as error:  # pools larger than the smallest receptive field
            raise library.TrialPruned(str(error)) from error
        trial.set_user_attr("accuracy", accuracy)
        trial.set_user_attr("entropy", entropy)
        # Below the least entropy, a trial ranks below all others, by its entropy.
        return accuracy if entropy >= config.least_entropy else entropy - 1.0

    done = len(study.get_trials(states=_finished(library)))
    tell = counter(progress, "trials", max(config.trials - done, 0) + len(ARMS))
    for _ in range(config.trials - done):
        study.optimize(objective, n_trials=1)
        tell()
    chosen = suggest(library.trial.FixedTrial(study.best_params), base)
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for arm, tried in zip(ARMS, (base, chosen), strict=True):
        accuracy, entropy = measure(replace(tried, seed=seed), split)
        measures[arm] = {"accuracy": np.array(accuracy), "entropy": np.array(entropy)}
        tell()
    importances = _importances(study, library)
    return Trial(
        seed,
        measures,
        {
            "values": [t.user_attrs["accuracy"] for t in _complete(study, library)],
            "importances": importances,
        },
        {"preset": as_code(preset(chosen, base)), "importance": in_words(importances)},
    )


def _parameters_of(base: MnistConfig) -> dict[str, float]:
    """Return the trial parameters for which `suggest` returns the base."""
    names = ("potential_radius", "permanence_increment", "permanence_decrement")
    parameters = {name: getattr(base, name) for name in (*names, "duty_cycle_period", "smoothing")}
    share = base.n_potential / _field_weight(base.potential_radius, base)
    return parameters | {"potential_share": share}


def measure(config: MnistConfig, split: Mnist) -> tuple[float, float]:
    """Return accuracy on the held-out images, by product, and entropy of the duty cycles."""
    training = Training(config, split)
    training.run()
    encoder = config.build_encoder(split.train_images)
    codes, held_out = (
        training.pooler.transform(encoder.transform(images))
        for images in (split.train_images, split.test_images)
    )
    classifier = MaximumLikelihoodClassifier(smoothing=config.smoothing)
    classifier.fit(codes, split.train_labels)
    accuracy = float(classifier.score(held_out, split.test_labels))
    return accuracy, duty_cycle_entropy(column_duty_cycles(training.pooler))


def preset(chosen: MnistConfig, base: MnistConfig) -> dict[str, Any]:
    """Return the parameters that differ from the base, rounded to four significant digits."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in vars(chosen).items()
        if value != getattr(base, name)
    }


def as_code(parameters: Mapping[str, Any]) -> str:
    """Return parameters as Python code, as in a preset."""
    lines = [f"    {name}={value!r},\n" for name, value in parameters.items()]
    return f"MnistConfig(\n{''.join(lines)})"


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ValueError(needs("the experiment tune needs Optuna", "tune")) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _finished(optuna: Any) -> tuple[Any, ...]:
    return (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def _complete(study: Any, optuna: Any) -> list[Any]:
    trials: list[Any] = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    return trials


def _importances(study: Any, optuna: Any) -> dict[str, float]:
    """Return the share of the variance of accuracy that each parameter explains; {} for too few."""
    accuracies = [trial.user_attrs["accuracy"] for trial in _complete(study, optuna)]
    if len(accuracies) < 4 or len(set(accuracies)) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(
        optuna.importance.get_param_importances(
            study, evaluator=evaluator, target=lambda trial: trial.user_attrs["accuracy"]
        )
    )


def in_words(importances: Mapping[str, float]) -> str:
    """Return shares of the variance, the greatest first: 'smoothing 60 %, ...'."""
    ranked = sorted(importances, key=lambda name: -importances[name])
    told = ", ".join(f"{name} {100 * importances[name]:.0f} %" for name in ranked)
    return told or "too few trials to tell"


def found(config: TuneConfig, summary: Summary) -> tuple[str, str]:
    """Return whether the search found better parameters."""
    first, best = (summary[arm] for arm in ARMS)
    verdict = compared(best["accuracy"], first["accuracy"], "better", "worse", "not better")
    return (
        f"The best of {config.trials} trials tells {percent(best['accuracy'], 2)} of the held-out "
        f"training images at an entropy of {percent(best['entropy'])}, the parameters so far "
        f"{percent(first['accuracy'], 2)} at {percent(first['entropy'])}: {verdict} in every seed.",
        "The held-out images chose the best, so that its accuracy is flattered by the choice; the "
        "test images were not looked at.",
    )


EXPERIMENT = Experiment(
    name="tune",
    title="A search for parameters",
    lead="Optuna tries parameters of the pooler on a validation split of the training images; the "
    "best and those so far are then measured with every seed.",
    full=TuneConfig(),
    quick=TuneConfig(replace(QUICK, held_out=40), trials=5, cycles=100, least_entropy=0.3),
    run=run,
    found=found,
    needs_digits=True,
)
