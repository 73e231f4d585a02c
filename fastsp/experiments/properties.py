"""Sparseness, entropy, noise robustness and stability of codes during learning.

The simulations of Cui, Ahmad and Hawkins 2017, "The HTM Spatial Pooler",
doi:10.3389/fncom.2017.00111, with their parameters: four kinds of inputs, with boosting and
without, measured before learning and after every epoch with learning switched off.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fastsp.experiments import synthetic
from fastsp.experiments.experiment import Experiment, Summary, Trial, arm, streams
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.synthetic import Bits
from fastsp.experiments.wording import agreement, counted, exceeds, number, percent
from fastsp.metrics import code_entropy, noise_robustness, sparseness, stability
from fastsp.pooler import SpatialPooler

Codes: TypeAlias = csr_matrix
PAPER = "Cui, Ahmad and Hawkins (2017)"
BOOSTING = ("boosting", "no boosting")


@dataclass(frozen=True)
class Simulation:
    """Parameters common to all simulations.

    Attributes
    ----------
    n_inputs : int
        Size of a set of inputs. An epoch learns each once, in random order.
    side : int
        Inputs have side * side bits.
    n_columns : int
    bar_length : int
        Bits of a bar, and of either bar of a cross.
    noise_levels : int
        Number of noise levels: shares of on-bits moved, from none to all.
    """

    n_inputs: int = 100
    side: int = 32
    n_columns: int = 1024
    bar_length: int = 7
    noise_levels: int = 21

    @property
    def n_bits(self) -> int:
        """Input bits."""
        return self.side**2

    @property
    def noise(self) -> NDArray[np.float64]:
        """(noise_levels,) shares of the on-bits that are moved."""
        return np.linspace(0.0, 1.0, self.noise_levels)

    def draw(self, kind: str, random: np.random.Generator) -> Bits:
        """Return a set of inputs of one kind."""
        return INPUTS[kind](self, random)

    def build_pooler(self, boosting: bool, seed: int, **topology: Any) -> SpatialPooler:
        """Return the pooler of the paper; its parameters differ with boosting and without.

        `topology` are parameters of `SpatialPooler` that replace one line of `n_columns` columns.
        """
        parameters: dict[str, Any] = {
            "column_shape": (self.n_columns,),
            "potential_fraction": 1.0 if boosting else 0.5,
            "density": 0.02,
            "boosting": "exp" if boosting else None,
            "boost_strength": 100.0,
            "duty_cycle_period": 1000,
            "stimulus_threshold": 1,
            "permanence_increment": 0.1 if boosting else 0.02,
            "permanence_decrement": 0.02 if boosting else 0.004,
            "connected_threshold": 0.5,
            "random_state": seed,
        }
        return SpatialPooler(**parameters | topology).initialize(self.n_bits)


INPUTS: dict[str, Callable[[Simulation, np.random.Generator], Bits]] = {
    "random SDRs of 2 to 20 %": lambda s, random: synthetic.random_sdrs(
        s.n_inputs, s.n_bits, round(0.02 * s.n_bits), round(0.2 * s.n_bits), random
    ),
    "random SDRs of 2 %": lambda s, random: synthetic.random_sdrs(
        s.n_inputs, s.n_bits, s.n_bits * 20 // 1024, s.n_bits * 20 // 1024, random
    ),
    "bar pairs": lambda s, random: synthetic.bar_pairs(s.n_inputs, s.side, s.bar_length, random),
    "crosses": lambda s, random: synthetic.crosses(s.n_inputs, s.side, s.bar_length, random),
}


@dataclass
class Record:
    """Measures of the codes of a set of inputs, one after the other.

    Attributes
    ----------
    noise : (n_levels,) float64
        Shares of the on-bits that are moved.
    measured : list of dict
        Of each measurement, by name; the arrays `overlap`, (n_levels,), are the overlaps of the
        codes with those of noisy inputs, by share of on-bits moved.
    """

    noise: NDArray[np.float64]
    measured: list[dict[str, Any]] = field(default_factory=list)

    def measure(self, pooler: SpatialPooler, inputs: Bits, before: Codes | None = None) -> Codes:
        """Measure the present codes of the inputs and return them.

        `before` are the codes of the last measurement, from which stability is computed.
        """
        codes: Codes = pooler.transform(inputs)
        active = sparseness(codes)
        overlap = noise_robustness(pooler.transform, inputs, self.noise)
        self.measured.append(
            {
                "sparseness": active.mean(),
                "sparseness_deviation": active.std(),
                "entropy": code_entropy(codes),
                "stability": np.nan if before is None else stability(before, codes),
                "robustness": np.trapezoid(overlap, self.noise),
                "overlap": overlap,
            }
        )
        return codes

    def learn(
        self,
        pooler: SpatialPooler,
        inputs: Bits,
        epochs: int,
        order: np.random.Generator,
        tell: Callable[[], None],
    ) -> None:
        """Measure, then learn all inputs in random order and measure again, `epochs` times."""
        codes = self.measure(pooler, inputs)
        for _ in range(epochs):
            pooler.partial_fit(inputs[order.permutation(len(inputs))])
            codes = self.measure(pooler, inputs, codes)
            tell()

    def curves(self) -> dict[str, NDArray[np.float64]]:
        """Return the measures of one number each, over the measurements."""
        names = [name for name in self.measured[0] if name != "overlap"]
        return {name: np.array([one[name] for one in self.measured]) for name in names}


@dataclass(frozen=True)
class PropertiesConfig(Simulation):
    """Parameters of the experiment `properties`: those of all simulations, and `epochs`."""

    epochs: int = 100


def run(config: PropertiesConfig, seed: int, digits: None, progress: Progress) -> Trial:
    """Learn every kind of inputs with boosting and without; measure before and after epochs."""
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    pictures: dict[str, Bits] = {}
    tell = counter(progress, "epochs", len(INPUTS) * len(BOOSTING) * config.epochs)
    for number_of, kind in enumerate(INPUTS):
        inputs = config.draw(kind, streams(seed, 0, number_of))
        pictures[kind] = inputs[:2].reshape(-1, config.side, config.side)
        for boosting in BOOSTING:
            pooler = config.build_pooler(boosting == BOOSTING[0], seed)
            record = Record(config.noise)
            record.learn(pooler, inputs, config.epochs, streams(seed, 1, number_of), tell)
            measures[arm(kind, boosting)] = record.curves() | {
                "overlap_before": record.measured[0]["overlap"],
                "overlap_after": record.measured[-1]["overlap"],
            }
    return Trial(seed, measures, {"inputs": pictures})


def found(config: PropertiesConfig, summary: Summary) -> tuple[str, str]:
    """Return what learning and boosting did, and whether the paper says the same."""
    with_boosting = [summary[arm(kind, "boosting")] for kind in INPUTS]
    without = [summary[arm(kind, "no boosting")] for kind in INPUTS]
    robust = [exceeds(m["robustness"][-1], m["robustness"][0]) for m in with_boosting]
    robust_without = [exceeds(m["robustness"][-1], m["robustness"][0]) for m in without]
    even = [exceeds(m["entropy"][-1], m["entropy"][0]) for m in with_boosting]
    more_even = [
        exceeds(a["entropy"][-1], b["entropy"][-1])
        for a, b in zip(with_boosting, without, strict=True)
    ]
    stable = [bool(m["stability"][-1].least > 0.9) for m in with_boosting]
    same = [bool(m["sparseness_deviation"].greatest.max() < 0.001) for m in with_boosting]
    first, half = with_boosting[0], config.noise_levels // 2
    return (
        f"With boosting, learning raised noise robustness in {counted(robust)} kinds of input and "
        f"entropy in {counted(even)}: for random SDRs of 2 to 20 % the overlap with the codes of "
        f"noisy inputs, averaged over all shares of noise, went from "
        f"{number(first['robustness'][0])} to {number(first['robustness'][-1])}, entropy from "
        f"{percent(first['entropy'][0])} to {percent(first['entropy'][-1])} of its maximum, and "
        f"the codes of one epoch then overlap those of the next by "
        f"{percent(first['stability'][-1])}. With half of the on-bits moved, codes kept "
        f"{percent(first['overlap_after'][half], 0)} of their columns after learning, "
        f"{percent(first['overlap_before'][half], 0)} before it.",
        agreement(
            {
                "a density that does not depend on the input": all(same),
                "robustness that grows with learning": all(robust) and all(robust_without),
                "entropy that grows with learning": all(even),
                "columns that are used more evenly with boosting than without": all(more_even),
                "codes that become stable": all(stable),
            },
            PAPER,
        )
        + " Compared with the captions of its figures 2 and 3, which tell of random SDRs and find "
        "almost no change of learned codes where half of the input changed, and of figure 6, which "
        "tells of boosting on a series of numbers.",
    )


EXPERIMENT = Experiment(
    name="properties",
    title="What learning and boosting do to the codes",
    lead="A pooler of 1,024 columns learns 100 inputs over and over. Sparseness, entropy, noise "
    "robustness and stability of their codes are measured before learning and after every epoch, "
    "with boosting and without.",
    full=PropertiesConfig(),
    quick=PropertiesConfig(
        n_inputs=12, side=12, n_columns=100, bar_length=5, noise_levels=5, epochs=2
    ),
    run=run,
    found=found,
)
