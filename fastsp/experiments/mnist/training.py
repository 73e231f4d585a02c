"""Training of a pooler on a stream of MNIST images, with checkpoints and snapshots."""

import math
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.datasets import Mnist
from fastsp.encoders import ImageAugmenter
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.snapshots import Snapshots, fingerprints
from fastsp.experiments.progress import Progress, silent
from fastsp.metrics import code_entropy, duty_cycle_entropy
from fastsp.pooler import SpatialPooler


@dataclass(frozen=True)
class Checkpoint:
    """Quality of the code after `cycles` learning cycles.

    Attributes
    ----------
    cycles : int
        Learning cycles so far.
    accuracy : float
        On held-out training images ("validation"): their labels did not fit the classifier, but
        the pooler, which sees no labels, may have learned from the images.
    entropy : float
        Of the active duty cycles, as a share of its maximum. They start at the wanted density, so
        this starts at 1 and falls before it rises.
    held_out_entropy : float
        The same of how often each column was active over the held-out images.
    """

    cycles: int
    accuracy: float
    entropy: float
    held_out_entropy: float


@dataclass
class Training:
    """Trains a pooler on the stream of training images.

    Between chunks the pooler is in a valid state: `run` may be stopped there, and the pooler used
    and saved. With snapshots, interrupted training resumes with the same final result.

    Attributes
    ----------
    pooler : SpatialPooler
        Learns in place.
    cycles, seconds : int, float
        Cycles learned so far, and the time for them, including augmentation and encoding but not
        compilation and checkpoints.
    curve : list of Checkpoint
        Measured so far.
    """

    config: MnistConfig
    data: Mnist
    pooler: SpatialPooler = field(init=False)
    cycles: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    curve: list[Checkpoint] = field(default_factory=list, init=False)
    _random: tuple[int, Any] = field(default=(0, None), init=False)
    """A number of cycles, and the state of the augmenter's generator after them."""

    def __post_init__(self) -> None:
        check_labels(self.data)
        self.pooler = self.config.build_pooler(self.data.image_shape)

    def run(
        self,
        progress: Progress = silent,
        phase: str = "training",
        snapshots: Snapshots | None = None,
    ) -> None:
        """Learn `config.cycles` inputs, chunk by chunk, pausing the clock at checkpoints.

        With `snapshots`, training resumes from the newest one and writes new ones, also at Ctrl-C.
        """
        config, images = self.config, self.data.train_images
        augmenter = config.build_augmenter(self.data.image_shape, purpose=1)
        augmenter.fit(images[:1])
        encoder = config.build_encoder(images)
        self._resume(snapshots, phase, augmenter)
        order = _stream_order(len(images), config)
        measured_at = _checkpoint_cycles(config)
        stops = {*range(config.chunk, config.cycles, config.chunk), *measured_at, config.cycles}
        measure = _Validation(config, self.data) if measured_at else None
        measured = {checkpoint.cycles for checkpoint in self.curve}
        saved = self.cycles
        try:
            for stop in sorted(stop for stop in stops if stop >= self.cycles):
                progress(phase, self.cycles, config.cycles)
                if stop > self.cycles:
                    started = time.perf_counter()
                    chosen = images[order[self.cycles : stop]]
                    self.pooler.partial_fit(encoder.transform(augmenter.augment(chosen)))
                    self.seconds += time.perf_counter() - started
                    self.cycles = stop
                    self._random = stop, augmenter.generator_.bit_generator.state
                    progress(phase, self.cycles, config.cycles)
                if measure and stop in measured_at - measured:
                    progress("checkpoints", len(self.curve), len(measured_at))
                    self.curve.append(measure(self.pooler, stop))
                    progress("checkpoints", len(self.curve), len(measured_at))
                if snapshots and snapshots.is_due(saved, stop, config.cycles):
                    self._save(snapshots, phase)
                    saved = stop
        except KeyboardInterrupt:
            # A chunk that was interrupted half way is not saved.
            whole = self.pooler.n_cycles_ == self.cycles == self._random[0]
            if snapshots and whole and self.cycles > saved:
                self._save(snapshots, phase)
            raise

    def _belongs_to(self) -> dict[str, Any]:
        known = asdict(self.config)
        del known["n_jobs"]
        return known | fingerprints(self.data)

    def _save(self, snapshots: Snapshots, phase: str) -> None:
        notes = {
            "belongs_to": self._belongs_to(),
            "random": self._random,
            "seconds": self.seconds,
            "curve": [asdict(checkpoint) for checkpoint in self.curve],
        }
        snapshots.save(phase, self.pooler, notes)

    def _resume(self, snapshots: Snapshots | None, phase: str, augmenter: ImageAugmenter) -> None:
        found = snapshots.load(phase, self._belongs_to()) if snapshots else None
        if found is None:
            return
        pooler, notes = found
        self.pooler = pooler.set_params(n_jobs=self.config.n_jobs)
        cycles, state = notes["random"]
        self._random = cycles, state
        augmenter.generator_.bit_generator.state = state
        self.cycles, self.seconds = cycles, notes["seconds"]
        self.curve = [Checkpoint(**checkpoint) for checkpoint in notes["curve"]]


def compile_for(config: MnistConfig, data: Mnist, progress: Progress = silent) -> None:
    """Compile the kernels of training and readout, by running every step once on a few images.

    This makes compilation a separate phase that no timing includes.
    """
    progress("compiling", 0, 1)
    images = data.train_images[:2]
    images = config.build_augmenter(data.image_shape, purpose=0).augment(images)
    bits = config.build_encoder(images).transform(images)
    codes = config.build_pooler(data.image_shape).partial_fit(bits).transform(bits)
    labels = data.train_labels[: len(bits)]
    config.build_readout(len(bits)).partial_fit(codes, labels, np.unique(labels))
    progress("compiling", 1, 1)


def check_labels(data: Mnist) -> None:
    """Raise ValueError where test images have labels that no readout can learn.

    It is called before training, which may take hours.
    """
    unknown = np.setdiff1d(data.test_labels, data.train_labels)
    if unknown.size:
        raise ValueError(
            f"{data.tried_on} images must have labels of training images,"
            f" {np.unique(data.train_labels)}; got {unknown} as well ({data.source})"
        )


def hold_out(data: Mnist, n: int = 10_000) -> Mnist:
    """Return a validation split, for choosing parameters without the test images.

    The last `n` training images, at most a quarter of all, take the place of the test images.
    """
    kept = len(data.train_images) - min(n, len(data.train_images) // 4)
    return Mnist(
        data.train_images[:kept],
        data.train_labels[:kept],
        data.train_images[kept:],
        data.train_labels[kept:],
        data.image_shape,
        f"{data.source}; the last {len(data.train_images) - kept:,} training images held out, "
        "instead of test images",
        "validation",
    )


def column_duty_cycles(pooler: SpatialPooler) -> NDArray[np.float64]:
    """Return the active duty cycle of each column, (C,): the sum over its segments, at most 1."""
    n_columns = math.prod(pooler.column_shape_)
    of_segments = pooler.active_duty_cycles_.reshape(n_columns, -1)
    frequencies: NDArray[np.float64] = np.minimum(of_segments.sum(axis=1), 1.0)
    return frequencies


class _Validation:
    """Measures a pooler on held-out training images; encodes them once."""

    def __init__(self, config: MnistConfig, data: Mnist) -> None:
        n_images = len(data.train_images)
        held_out = min(config.held_out, max(1, n_images // 4))
        fitted = min(config.held_out_readout, n_images - held_out)
        encoder = config.build_encoder(data.train_images)
        self._smoothing = config.smoothing
        self._bits = encoder.transform(data.train_images[:fitted])
        self._labels = data.train_labels[:fitted]
        self._held_out_bits = encoder.transform(data.train_images[-held_out:])
        self._held_out_labels = data.train_labels[-held_out:]

    def __call__(self, pooler: SpatialPooler, cycles: int) -> Checkpoint:
        classifier = MaximumLikelihoodClassifier(smoothing=self._smoothing)
        classifier.fit(pooler.transform(self._bits), self._labels)
        codes = pooler.transform(self._held_out_bits)
        return Checkpoint(
            cycles=cycles,
            accuracy=float(classifier.score(codes, self._held_out_labels)),
            entropy=duty_cycle_entropy(column_duty_cycles(pooler)),
            held_out_entropy=code_entropy(codes),
        )


def _stream_order(n_images: int, config: MnistConfig) -> NDArray[np.int64]:
    random = np.random.default_rng(np.random.SeedSequence([config.seed, 0]))
    epochs = -(-config.cycles // n_images)
    return np.concatenate([random.permutation(n_images) for _ in range(epochs)])[: config.cycles]


def _checkpoint_cycles(config: MnistConfig) -> set[int]:
    """Return 0 and `checkpoints` numbers of cycles, log-spaced up to the last cycle."""
    if not config.checkpoints:
        return set()
    spaced = np.geomspace(min(100, config.cycles), config.cycles, config.checkpoints)
    return {0, *np.rint(spaced).astype(int).tolist(), config.cycles}
