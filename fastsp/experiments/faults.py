"""Columns and input bits that fail at once, and how the others adapt.

After Cui, Ahmad and Hawkins 2017, "The HTM Spatial Pooler", doi:10.3389/fncom.2017.00111: half of
all columns fail; or, with topology, a patch of neighbouring columns (a "stroke") or of input bits.
The pooler learns before and after the fault.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.experiments import synthetic
from fastsp.experiments.experiment import Experiment, Summary, Trial, streams
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.properties import INPUTS, PAPER, Simulation
from fastsp.experiments.spread import Spread
from fastsp.experiments.synthetic import Bits
from fastsp.experiments.wording import agreement, exceeds, number, percent
from fastsp.metrics import code_entropy, noise_robustness
from fastsp.pooler import SpatialPooler

Reals = NDArray[np.float64]
HALF = "half of the columns"


@dataclass(frozen=True)
class FaultsConfig(Simulation):
    """Parameters of the experiment `faults`: those of all simulations, and more.

    Where columns have a topology there are as many as input bits, in a square whose opposite
    edges are neighbours, and inputs are `n_bars` bars, drawn anew for every epoch.

    Attributes
    ----------
    epochs, fault : int
        All epochs, and those before the fault.
    every : int
        Epochs between two measurements.
    patch : int
        Side of the square of columns, or of input bits, that fails.
    near, far : int
        Radii of receptive fields, half sides of a square.
    n_bars : int
    """

    epochs: int = 600
    fault: int = 180
    every: int = 10
    patch: int = 11
    near: int = 5
    far: int = 12
    n_bars: int = 6

    @property
    def epochs_measured(self) -> NDArray[np.int64]:
        """Epochs learned at each measurement; two measurements at the fault."""
        return np.concatenate(
            [
                np.arange(0, self.fault, self.every),
                [self.fault],
                np.arange(self.fault, self.epochs, self.every),
                [self.epochs],
            ]
        )

    @property
    def at_fault(self) -> int:
        """Index of the first measurement after the fault."""
        return int(np.flatnonzero(self.epochs_measured == self.fault)[1])

    def patch_mask(self) -> NDArray[np.bool_]:
        """Return a mask (side, side) of what fails: a square in the middle."""
        start = (self.side - self.patch) // 2
        mask = np.zeros((self.side, self.side), bool)
        mask[start : start + self.patch, start : start + self.patch] = True
        return mask

    def build_plane(self, radius: int, seed: int) -> SpatialPooler:
        """Return the same pooler with topology: a square of columns over a square of inputs."""
        return self.build_pooler(
            True,
            seed,
            column_shape=(self.side, self.side),
            input_shape=(self.side, self.side),
            receptive_field="box",
            potential_radius=radius,
            wrap=True,
            inhibition="local",
        )

    @property
    def patches(self) -> dict[str, int]:
        """Arms with a topology: radius of receptive fields by name."""
        return {
            f"a patch of columns, radius {self.near}": self.near,
            f"a patch of columns, radius {self.far}": self.far,
            f"a patch of inputs, radius {self.near}": self.near,
        }


@dataclass
class Condition:
    """Measures of a pooler on test inputs, before and after the fault.

    Attributes
    ----------
    living : (C,) bool
        Columns that have not failed.
    patch : (n_bits,) bool or None
        Input bits under the fault, where there is a topology.
    """

    config: FaultsConfig
    test: Bits
    living: NDArray[np.bool_]
    patch: NDArray[np.bool_] | None
    measured: list[tuple[float, ...]] = field(default_factory=list)
    """Of each measurement the `CURVES`."""

    def measure(self, pooler: SpatialPooler) -> None:
        """Append one measurement to each curve."""
        overlaps = noise_robustness(pooler.transform, self.test, self.config.noise)
        coverage: Any = np.nan
        if self.patch is not None:
            synapses = connected_synapses(pooler, self.living)
            coverage = synapses[self.patch].mean() / synapses[~self.patch].mean()
        robustness = float(np.trapezoid(overlaps, self.config.noise))
        entropy = code_entropy(pooler.transform(self.test)[:, self.living])
        self.measured.append((robustness, entropy, coverage))

    def curves(self) -> dict[str, Reals]:
        """Return the measures over all measurements."""
        return dict(zip(CURVES, np.array(self.measured).T, strict=True))


CURVES = ("robustness", "entropy", "coverage")


def run(config: FaultsConfig, seed: int, digits: None, progress: Progress) -> Trial:
    """Learn, switch off a part, and learn again, for every kind of fault."""
    measures: dict[str, dict[str, Reals]] = {}
    pictures: dict[str, dict[str, Reals]] = {}
    tell = counter(progress, "epochs", (1 + len(config.patches)) * config.epochs)
    random = streams(seed, 0)
    inputs = config.draw(next(iter(INPUTS)), random)
    pooler = config.build_pooler(True, seed)
    condition = Condition(config, inputs, np.ones(config.n_columns, bool), None)
    dead = random.permutation(config.n_columns)[: config.n_columns // 2]

    def switch_off_half() -> None:
        pooler.switch_off(columns=dead)
        condition.living[dead] = False

    _learn(
        condition, pooler, lambda: inputs[random.permutation(len(inputs))], switch_off_half, tell
    )
    measures[HALF] = condition.curves()
    for name, radius in config.patches.items():
        measures[name], pictures[name] = _measure_patch(
            config, name.startswith("a patch of columns"), radius, seed, tell
        )
    return Trial(seed, measures, pictures)


def _measure_patch(
    config: FaultsConfig, of_columns: bool, radius: int, seed: int, tell: Callable[[], None]
) -> tuple[dict[str, Reals], dict[str, Reals]]:
    """Return measures and maps of a pooler with topology, of which a patch is switched off."""
    random, patch = streams(seed, 1), config.patch_mask()
    pooler = config.build_plane(radius, seed)

    def draw() -> Bits:
        return synthetic.bars(
            config.n_inputs, config.side, config.bar_length, config.n_bars, random
        )

    living = np.ones(config.n_bits, bool)
    condition = Condition(config, draw(), living, patch.ravel())
    maps: dict[str, Reals] = {}

    def keep(moment: str) -> None:
        maps[f"centres {moment}"] = field_centres(pooler)
        maps[f"synapses {moment}"] = connected_synapses(pooler, living).reshape(patch.shape)

    def switch_off_patch() -> None:
        keep("before")
        if of_columns:
            pooler.switch_off(columns=patch)
            living[patch.ravel()] = False
        else:
            pooler.switch_off(inputs=patch)
        keep("at the fault")

    _learn(condition, pooler, draw, switch_off_patch, tell)
    keep("at the end")
    maps["living"] = living
    around = _around(config)
    towards = [
        _towards_middle(maps[f"centres {moment}"], config)[around].mean()
        for moment in ("before", "at the end")
    ]
    return condition.curves() | {"towards": np.array(towards)}, maps


def _learn(
    condition: Condition,
    pooler: SpatialPooler,
    draw: Callable[[], Bits],
    fault: Callable[[], None],
    tell: Callable[[], None],
) -> None:
    """Learn epoch by epoch and measure in between; call `fault` after `config.fault` epochs."""
    config = condition.config
    learned = 0
    for place, epoch in enumerate(config.epochs_measured):
        while learned < epoch:
            pooler.partial_fit(draw())
            learned += 1
            tell()
        if place == config.at_fault:
            fault()
        condition.measure(pooler)


def connected_synapses(pooler: SpatialPooler, living: NDArray[np.bool_]) -> Reals:
    """Return the number of connected synapses of living columns at each input bit, (n_bits,)."""
    columns = np.repeat(np.arange(living.size), np.diff(pooler.indptr_))
    counted = (pooler.permanences_ >= pooler.connected_threshold) & living[columns]
    return np.bincount(pooler.indices_[counted], minlength=pooler.n_features_in_).astype(float)


def field_centres(pooler: SpatialPooler) -> Reals:
    """Return the mean place of the connected inputs of each column, (C, 2), in rows and columns.

    Columns and inputs share a square whose opposite edges are neighbours. Each input counts at its
    position nearest to the column, which may lie beyond an edge. nan where nothing is connected.
    """
    side = pooler.column_shape_[0]
    columns = np.repeat(np.arange(side * side), np.diff(pooler.indptr_))
    connected = pooler.permanences_ >= pooler.connected_threshold
    columns, inputs = columns[connected], pooler.indices_[connected]
    n_connected = np.bincount(columns, minlength=side * side)
    centres = np.empty((side * side, 2))
    for axis, (own, place) in enumerate(
        zip(np.divmod(columns, side), np.divmod(inputs, side), strict=True)
    ):
        away = (place - own + side // 2) % side - side // 2
        total = np.bincount(columns, away, minlength=side * side)
        with np.errstate(invalid="ignore"):
            centres[:, axis] = np.divmod(np.arange(side * side), side)[axis] + total / n_connected
    return centres


def _around(config: FaultsConfig) -> NDArray[np.int64]:
    """Return the columns outside the patch and at most three positions away from it."""
    patch = config.patch_mask()
    reach = 3
    wider = np.zeros_like(patch)
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            wider |= np.roll(patch, (y, x), axis=(0, 1))
    return np.flatnonzero(wider & ~patch)


def _towards_middle(centres: Reals, config: FaultsConfig) -> Reals:
    """Return how far each receptive field is shifted towards the middle of the patch, in bits."""
    own = np.stack(np.divmod(np.arange(config.n_bits), config.side), axis=1).astype(float)
    middle = np.argwhere(config.patch_mask()).mean(axis=0)
    towards = middle - own
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
    shift: Reals = np.nan_to_num(centres - own)
    return np.asarray((shift * towards).sum(axis=1))


def found(config: FaultsConfig, summary: Summary) -> tuple[str, str]:
    """Return what each fault cost and how much of it was regained."""
    half = summary[HALF]
    near, far, inputs = (summary[name] for name in config.patches)
    before, at = config.at_fault - 1, config.at_fault

    def three(curve: Spread, of: Callable[[Spread], str] = number) -> str:
        return f"{of(curve[before])}, {of(curve[at])} and {of(curve[-1])}"

    kept = bool((half["robustness"].least[-1] / half["robustness"].greatest[before]) >= 0.95)
    patches = {config.near: near["coverage"], config.far: far["coverage"]}
    lost = {
        radius: curve
        for radius, curve in patches.items()
        if exceeds(curve[before], curve[at])  # otherwise the loss is within the spread of the seeds
    }
    regained = all(exceeds(curve[-1], curve[at]) for curve in lost.values())
    left = bool(inputs["coverage"].greatest[-1] < 0.1)
    return (
        f"Three figures stand for before, right after the fault and the end. When half of the "
        f"columns died, noise robustness was {three(half['robustness'])}, and the entropy of the "
        f"living columns {three(half['entropy'], percent)}. Where a patch of {config.patch} x "
        f"{config.patch} columns died, the input bits under it had, with receptive fields of "
        + " and of ".join(
            f"radius {radius}, {three(curve)} times as many connected synapses of living columns "
            f"as other bits ({_recovery(curve, before, at)})"
            for radius, curve in patches.items()
        )
        + f". Where the input bits died instead, it was {three(inputs['coverage'])} times as many.",
        agreement(
            {
                "robustness to the death of columns, here of half of them": kept,
                "a stroke whose place comes to be covered by other columns again": bool(lost)
                and regained,
                "receptive fields that leave inputs that died": left,
            },
            PAPER,
        )
        + " Compared with the abstract and the captions of its figures; its simulations differ in "
        "inputs and parameters, so that no numbers are compared.",
    )


def _recovery(curve: Spread, before: int, at: int) -> str:
    """Return in words how much of the loss at the fault was regained."""
    if not exceeds(curve[before], curve[at]):
        return "the loss is within what seeds differ by"
    if curve.least[-1] >= 0.95 * curve.greatest[before]:
        return "regained in full"
    gap = curve.mean[before] - curve.mean[at]
    return f"{100 * (curve.mean[-1] - curve.mean[at]) / gap:.0f} % of the loss was regained"


EXPERIMENT = Experiment(
    name="faults",
    title="Columns and inputs that die",
    lead="Half of the columns die at once; or, in a pooler with a topology, a patch of columns "
    "(a stroke) or of input bits. Learning goes on, and the codes are measured before and after.",
    full=FaultsConfig(),
    quick=FaultsConfig(
        n_inputs=12,
        side=13,
        n_columns=100,
        bar_length=5,
        noise_levels=5,
        epochs=5,
        fault=2,
        every=2,
        patch=5,
        near=2,
        far=4,
        n_bars=3,
    ),
    run=run,
    found=found,
)
