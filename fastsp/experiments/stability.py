"""Whether the codes of inputs that repeat come to rest: with boosting for ever, without, and with
boosting that rests.

The homeostatic controller is `fastsp.HomeostaticPooler`. Poolers learn a few patterns over and
over, then other patterns; noise robustness and entropy tell what the rest costs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine import choices
from fastsp.experiments.experiment import Experiment, Summary, Trial, arm, streams
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.spread import Spread
from fastsp.experiments.synthetic import Bits, random_sdrs
from fastsp.experiments.wording import counted, exceeds, listed, number
from fastsp.homeostasis import HomeostaticPooler
from fastsp.metrics import code_entropy, noise_robustness, stability
from fastsp.pooler import SpatialPooler

NONE, EVER, HOMEOSTATIC = CONTROLS = ("no boosting", "boosting for ever", "homeostatic")
SETTLED = 0.9
"""Codes of which this share stays are called settled."""


@dataclass(frozen=True)
class StabilityConfig:
    """Parameters of the experiment `stability`.

    Attributes
    ----------
    patterns : tuple of int
        Numbers of patterns; a set of each is learned on its own.
    n_bits, n_columns : int
        Input bits, of which 2 to 20 % are on in a pattern; and columns. All else of the poolers are
        the defaults of `SpatialPooler`.
    rounds, further : int
        Rounds in which a set is learned, each pattern once in each, before codes are taken; and
        rounds after that until they are compared.
    period, n_probes, least_usage, least_stability
        Parameters of `HomeostaticPooler`.
    noise_levels : int
        Number of noise levels: shares of on-bits moved, from none to all.
    """

    patterns: tuple[int, ...] = (10, 30)
    n_bits: int = 1024
    n_columns: int = 2048
    rounds: int = 300
    further: int = 50
    period: int = 1_000
    n_probes: int = 100
    least_usage: float = 0.9
    least_stability: float = 0.9
    noise_levels: int = 21

    @property
    def sets(self) -> dict[str, int]:
        """Numbers of patterns by the names of their sets."""
        return {f"{n} patterns": n for n in self.patterns}

    @property
    def noise(self) -> NDArray[np.float64]:
        """(noise_levels,) shares of the on-bits that are moved."""
        return np.linspace(0.0, 1.0, self.noise_levels)

    def draw(self, n: int, random: np.random.Generator) -> Bits:
        """Return a set of patterns."""
        least, most = round(0.02 * self.n_bits), round(0.2 * self.n_bits)
        return random_sdrs(n, self.n_bits, least, most, random)

    def build(self, control: str, seed: int) -> SpatialPooler | HomeostaticPooler:
        """Return a pooler, not yet drawn."""
        boosting: choices.Boosting = None if control == NONE else "log"
        pooler = SpatialPooler((self.n_columns,), boosting=boosting, random_state=seed)
        if control != HOMEOSTATIC:
            return pooler
        return HomeostaticPooler(
            pooler,
            period=self.period,
            n_probes=self.n_probes,
            least_usage=self.least_usage,
            least_stability=self.least_stability,
        )


def run(config: StabilityConfig, seed: int, digits: None, progress: Progress) -> Trial:
    """Learn every set of patterns, and others after it, with every kind of control."""
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    rounds = 2 * (config.rounds + config.further)
    tell = counter(progress, "rounds", len(config.sets) * len(CONTROLS) * rounds)
    for place, (name, n) in enumerate(config.sets.items()):
        first, second = (config.draw(n, streams(seed, 0, place, part)) for part in range(2))
        for control in CONTROLS:
            model = config.build(control, seed)
            order = streams(seed, 1, place)
            before = _learn(config, model, first, order, tell)
            after = _learn(config, model, second, order, tell)
            measures[arm(name, control)] = {
                **before,
                **{f"{measure}_after": values for measure, values in after.items()},
            }
    return Trial(seed, measures)


def _learn(
    config: StabilityConfig,
    model: Any,
    patterns: Bits,
    order: np.random.Generator,
    tell: Callable[[], None],
) -> dict[str, NDArray[np.float64]]:
    """Learn patterns over and over, and measure their codes."""
    codes: list[Any] = []
    acts: list[float] = []
    for _ in range(config.rounds + config.further):
        model.partial_fit(patterns[order.permutation(len(patterns))])
        codes.append(model.transform(patterns))
        acts.append(float(_acts(model)))
        tell()
    curve = [np.nan, *(stability(*pair) for pair in pairwise(codes))]
    robustness = noise_robustness(model.transform, patterns, config.noise)
    return {
        "kept": np.array(stability(codes[config.rounds - 1], codes[-1])),
        "entropy": np.array(code_entropy(codes[-1])),
        "robustness": np.array(np.trapezoid(robustness, config.noise)),
        "acts": np.array(acts),
        "stability": np.array(curve),
        "overlap": robustness,
    }


def _acts(model: SpatialPooler | HomeostaticPooler) -> bool:
    """Return whether boost factors follow the duty cycles at present."""
    if isinstance(model, HomeostaticPooler):
        return not model.is_resting_
    return model.boosting is not None


def found(config: StabilityConfig, summary: Summary) -> tuple[str, str]:
    """Return where codes settle, and what that costs."""
    first = next(iter(config.sets))

    def told(measure: str) -> str:
        return listed([f"{name} {number(summary[arm(first, name)][measure])}" for name in CONTROLS])

    def in_all_cases(measure: str, control: str) -> list[tuple[Spread, Spread]]:
        """Return a measure with the controller and with another control, of all patterns."""
        return [
            (summary[arm(name, HOMEOSTATIC)][which], summary[arm(name, control)][which])
            for name in config.sets
            for which in (measure, f"{measure}_after")
        ]

    settled = [bool(own.least >= SETTLED) for own, _ in in_all_cases("kept", NONE)]
    even = [exceeds(*pair) for pair in in_all_cases("entropy", NONE)]
    robust = [exceeds(*pair) for pair in in_all_cases("robustness", EVER)]
    return (
        f"Of the codes of {first} so much stayed over {config.further} more rounds: "
        f"{told('kept')}. Entropy was, as a share of its maximum: {told('entropy')}.",
        f"With the controller codes settled, for at least {100 * SETTLED:.0f} % of their columns "
        f"and in every seed, in {counted(settled)} cases; columns were used more evenly than "
        f"without boosting in {counted(even)}, and codes were more robust to noise than with "
        f"boosting for ever in {counted(robust)}.",
    )


EXPERIMENT = Experiment(
    name="stability",
    title="Codes that settle",
    lead="A pooler learns a few random SDRs over and over, and then others. How much of "
    "their codes stays over further rounds is measured without boosting, with boosting for ever, "
    "and with a controller that lets boosting rest.",
    full=StabilityConfig(),
    quick=StabilityConfig(
        patterns=(4, 8),
        n_bits=128,
        n_columns=128,
        rounds=30,
        further=5,
        period=50,
        n_probes=10,
        noise_levels=5,
    ),
    run=run,
    found=found,
)
