"""fastsp and the baseline on the same inputs, taking turns, so that both meet the same machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse

from bench import baseline, machine
from bench.baseline import Baseline
from bench.configurations import Bits, Configuration, images
from fastsp import BinaryImageEncoder, ImageAugmenter, SpatialPooler

WARM_UP = 1000
"""Learning cycles before anything is checked or timed: the first ones are not typical."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    n_checked : cycles over which both sides must choose the same columns, learning and inferring
    n_rounds : turns of each side
    seconds : length of the baseline's turns
    """

    n_checked: int
    n_rounds: int
    seconds: float


FULL, QUICK = Effort(300, 11, 0.2), Effort(50, 3, 0.05)


class Pair:
    """A pooler of a configuration, and the baseline in the same state where there is one.

    Attributes
    ----------
    rows : (n, N) input bits
    inputs : the same as fastsp is given them
    agreement : share of the columns chosen by fastsp that the baseline chose too
    """

    def __init__(self, configuration: Configuration, n_checked: int) -> None:
        self.configuration = configuration
        self.rows = configuration.inputs()
        self.inputs = scipy.sparse.csr_matrix(self.rows) if configuration.sparse else self.rows
        self.pooler = configuration.build_pooler().initialize(self.rows.shape[1])
        self.pooler.partial_fit(self.inputs[:WARM_UP])
        self.baseline: Baseline | None = None
        self.agreement: float | None = None
        if self.pooler.inhibition in Baseline.inhibitions:
            self.baseline = Baseline(self.pooler)
            checked = self.rows[WARM_UP : WARM_UP + n_checked]
            self.agreement = check_agreement(
                self.pooler, self.baseline, checked, configuration.tolerance
            )


@cache
def prepare(configuration: Configuration, n_checked: int) -> Pair:
    """Return the pair of a configuration; built and checked once in a run."""
    return Pair(configuration, n_checked)


def check_agreement(
    pooler: SpatialPooler, baseline: Baseline, rows: Bits, tolerance: float
) -> float:
    """Assert that both choose the same columns, learning from all `rows` and then inferring.

    A column may be chosen by one side only if what it competes with is within `tolerance` of the
    selection threshold, as a share of it; with a tolerance of 0, never. After such a cycle the
    baseline takes over the state of the pooler. Returns the share of columns that agree.
    """
    n_chosen = n_same = 0
    for learn in (True, False):
        for x in rows:
            expected = baseline.learn(x) if learn else baseline.infer(x)
            active = pooler.compute(x, learn=learn)
            differing = np.setxor1d(active, expected)
            n_chosen += active.size
            n_same += np.intersect1d(active, expected).size
            if differing.size:
                assert tolerance > 0, f"columns {differing} are chosen by one side only"
                competed = baseline.competed
                threshold = np.partition(competed, -expected.size)[-expected.size]
                distance = np.abs(competed[differing] - threshold).max() / abs(threshold)
                assert distance <= tolerance, (
                    f"columns {differing} are chosen by one side only, {distance:.1e} of the "
                    f"selection threshold away from it; tolerated is {tolerance:.1e}"
                )
                if learn:
                    baseline.copy_state()
    return n_same / n_chosen


@dataclass(frozen=True, eq=False)
class Task:
    """What is timed: the same in fastsp and in the baseline, on some rows of data."""

    name: str
    learning: bool
    fastsp: Callable[[Pair, Any], object]
    baseline: Callable[[Pair, Any], object]
    from_images: bool = False
    single: bool = False


def _learn_plainly(pair: Pair, rows: Bits) -> None:
    for x in rows:
        pair.baseline.learn(x)


def _infer_plainly(pair: Pair, rows: Bits) -> None:
    for x in rows:
        pair.baseline.infer(x)


def _compute(learn: bool) -> Callable[[Pair, Bits], None]:
    def compute(pair: Pair, rows: Bits) -> None:
        for x in rows:
            pair.pooler.compute(x, learn=learn)

    return compute


def _learn_images(pair: Pair, rows: Bits) -> None:
    # Drawing goes on from one turn to the next, as it does in training.
    pair.pooler.partial_fit(_encoder().transform(_AUGMENTER.augment(rows)))


def _learn_images_plainly(pair: Pair, rows: Bits) -> None:
    for image in rows:
        augmented = baseline.augment(image.reshape(28, 28), _RANDOM)
        pair.baseline.learn(baseline.encode_on_off(augmented))


@cache
def _encoder() -> BinaryImageEncoder:
    return BinaryImageEncoder().fit(images()[:1])


_AUGMENTER = ImageAugmenter(random_state=0)
_RANDOM = np.random.default_rng(0)

LEARNING = Task(
    "learning", True, lambda pair, inputs: pair.pooler.partial_fit(inputs), _learn_plainly
)
INFERENCE = Task(
    "inference", False, lambda pair, inputs: pair.pooler.transform(inputs), _infer_plainly
)
LEARNING_ONE = Task("learning, one input a call", True, _compute(True), _learn_plainly, single=True)
INFERENCE_ONE = Task(
    "inference, one input a call", False, _compute(False), _infer_plainly, single=True
)
TRAINING = Task(
    "training: augmentation, encoding, learning",
    True,
    _learn_images,
    _learn_images_plainly,
    from_images=True,
)


class Player:
    """One side: acts on the next `n` rows of its data at each turn, and keeps its rates."""

    def __init__(self, act: Callable[[Any], object], data: Any, n: int) -> None:
        self.act, self.data, self.n = act, data, n
        self.position = 0
        self.rates: list[float] = []
        """Cycles per second of each turn."""

    def turn(self) -> None:
        """Take a turn of `n` cycles."""
        if self.position + self.n > self.data.shape[0]:
            self.position = 0
        rows = self.data[self.position : self.position + self.n]
        self.position += self.n
        start = time.perf_counter()
        self.act(rows)
        self.rates.append(self.n / (time.perf_counter() - start))


class Contest:
    """fastsp and the baseline at one task; the baseline's turns take about `seconds`.

    fastsp's turns have a fixed number of cycles, so that they compare between runs. Both have had
    an untimed call when a contest begins.
    """

    def __init__(self, pair: Pair, task: Task, seconds: float) -> None:
        self.pair, self.task = pair, task
        data = images() if task.from_images else pair.rows
        given = data if task.from_images or task.single else pair.inputs
        cycles = min(pair.configuration.cycles, 1000 if task.single else 2**31)
        self.fastsp = Player(lambda rows: task.fastsp(pair, rows), given, cycles)
        self.fastsp.turn()
        self.fastsp.rates.clear()
        self.baseline: Player | None = None
        if pair.baseline is not None:
            self.baseline = Player(lambda rows: task.baseline(pair, rows), data, 3)
            self.baseline.turn()
            self.baseline.turn()
            self.baseline.n = int(np.clip(seconds * self.baseline.rates.pop(), 3, len(data)))
            self.baseline.rates.clear()

    def let_baseline(self) -> None:
        """Let the baseline take its turn, where there is one."""
        if self.baseline is not None:
            self.baseline.turn()

    def run(self, n_rounds: int) -> dict[str, Any]:
        """Take `n_rounds` turns each and return the record."""
        for _ in range(n_rounds):
            self.let_baseline()
            self.fastsp.turn()
        return self.record()

    def record(self) -> dict[str, Any]:
        """Return what the turns so far amount to, with all it depends on."""
        pair, pooler = self.pair, self.pair.pooler
        rate = median(self.fastsp.rates)
        n_synapses = pooler.indices_.size
        record: dict[str, Any] = {
            "configuration": pair.configuration.name,
            "task": self.task.name,
            "cycles_per_second": rate,
            "microseconds_per_cycle": 1e6 / rate,
            "potential_synapses": n_synapses,
            "potential_synapses_per_second": rate * n_synapses,
            "bytes_per_potential_synapse": state_bytes(pooler) / n_synapses,
        }
        if self.baseline is not None:
            pairs = zip(self.fastsp.rates, self.baseline.rates, strict=True)
            record |= {
                "baseline_cycles_per_second": median(self.baseline.rates),
                "ratio": median(fast / plain for fast, plain in pairs),
                "same_columns": pair.agreement,
            }
        if not self.task.from_images:
            work = machine.Work.of(pooler, pair.rows[:1000])
            record["share_of_least_time"] = work.least_seconds(self.task.learning) * rate
        return record | machine.environment()


def state_bytes(pooler: SpatialPooler) -> int:
    """Return the size of all arrays a pooler holds, its index included, each counted once."""
    sizes: dict[int, int] = {}

    def visit(thing: Any) -> None:
        if isinstance(thing, np.ndarray):
            address = thing.__array_interface__["data"][0]
            sizes[address] = max(sizes.get(address, 0), thing.nbytes)
        elif isinstance(thing, (tuple, list)):
            for part in thing:
                visit(part)
        elif isinstance(thing, dict):
            visit(list(thing.values()))
        elif type(thing).__module__.startswith("fastsp") and hasattr(thing, "__dict__"):
            visit(list(vars(thing).values()))

    visit(pooler)
    return sum(sizes.values())
