"""The published experiment: a Spatial Pooler learns MNIST digits, a classifier reads its code.

Images walk one way: training images, each rotated and shifted anew, -> input bits -> pooler (which
learns without labels) -> codes of the training images as they are, and of augmented copies where
these are wanted -> readout: the maximum-likelihood classifier, or softmax regression -> accuracy on
the test images. The same readout of the raw input bits and of the codes of the untrained pooler are
the controls.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.metrics import confusion_matrix

from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.datasets import Mnist
from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.progress import Interrupted, Progress, silent
from fastsp.experiments.snapshots import Snapshots, fingerprints
from fastsp.metrics import density, duty_cycle_entropy
from fastsp.pooler import SpatialPooler
from fastsp.softmax import SoftmaxClassifier

BATCH = 8_192
"""Inputs coded in one call where nothing is learned; enough to share out among threads."""

Coder = Callable[[NDArray[np.uint8]], csr_matrix]
"""Input bits of n images, (n, n_features) -> their codes, a CSR matrix (n, n_columns)."""


@dataclass(frozen=True)
class MnistConfig:
    """Everything the experiment depends on besides the images.

    Shapes, density, boosting and inhibition are those published. Increment, decrement, smoothing
    and `boost_strength` (which only exponential boosting uses) were chosen by the accuracy, at an
    entropy of at least 0.97, of classifying the last 10,000 training images after learning from
    the 50,000 others.

    Attributes
    ----------
    cycles : int
        Learning cycles. The stream is a random permutation of the training images, and another
        one for every further epoch.
    seed : int
        Fixes the pooler, the order of the images, their rotations and their shifts.
    chunk : int
        Inputs per call of the pooler; progress is told, and Ctrl-C heard, in between.
    max_rotation, max_shift : float
        Of the training stream: degrees and pixels.
    channels : {"on_off", "on"}
        Input bits per pixel, see `BinaryImageEncoder`.
    column_shape, ..., overlap_index
        Parameters of `SpatialPooler`.
    readout : {"likelihood", "linear"}
        What reads the code: `MaximumLikelihoodClassifier`, or `SoftmaxClassifier`.
    smoothing : float
        Parameter of `MaximumLikelihoodClassifier`.
    learning_rate, final_learning_rate : float
        Parameters of `SoftmaxClassifier`; the second is that of its last step.
    readout_copies : int
        Rotated and shifted copies of every training image whose codes fit the readout before the
        code of the image itself.
    readout_rotation, readout_shift : float
        Of those copies: degrees and pixels.
    checkpoints : int
        Measurements on held-out training images during training, spaced logarithmically.
    held_out, held_out_readout : int
        Training images whose labels are predicted at a checkpoint (the last ones) and those that
        fit the classifier for it (the first ones); less where there are not as many images.
    n_jobs : int or None
        Threads; no result depends on it.
    """

    cycles: int = 60_000
    seed: int = 0
    chunk: int = 1_000
    max_rotation: float = 15.0
    max_shift: float = 2.0
    channels: Literal["on_off", "on"] = "on_off"
    column_shape: tuple[int, ...] = (56, 56)
    receptive_field: str = "gaussian"
    potential_radius: float = 3
    n_potential: int = 106
    segments: int = 1
    density: float = 0.02
    inhibition: str = "gaussian"
    boosting: str | None = "log"
    boost_strength: float = 30.0
    duty_cycle_period: int = 1_000
    permanence_increment: float = 0.01
    permanence_decrement: float = 0.005
    connected_threshold: float = 0.5
    batch_size: int = 1
    overlap_index: str = "auto"
    readout: Literal["likelihood", "linear"] = "likelihood"
    smoothing: float = 0.001
    learning_rate: float = 0.01
    final_learning_rate: float = 0.0005
    readout_copies: int = 0
    readout_rotation: float = 15.0
    readout_shift: float = 2.0
    checkpoints: int = 10
    held_out: int = 5_000
    held_out_readout: int = 10_000
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        least = {"cycles": 1, "seed": 0, "chunk": 1, "held_out": 1, "held_out_readout": 1}
        least |= {"segments": 1, "batch_size": 1, "readout_copies": 0, "checkpoints": 0}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise ValueError(f"{name} must be at least {minimum}, got {getattr(self, name)}")
        if self.readout not in ("likelihood", "linear"):
            raise ValueError(f"readout must be 'likelihood' or 'linear', got {self.readout!r}")
        if self.n_jobs == 0:
            raise ValueError("n_jobs must be a number of threads, or negative, or None, got 0")

    def build_pooler(self, image_shape: tuple[int, int]) -> SpatialPooler:
        """Return the pooler of this configuration: pools drawn, nothing learned."""
        channels = (2,) if self.channels == "on_off" else ()
        input_shape = (*image_shape, *channels)
        pooler = SpatialPooler(
            column_shape=self.column_shape,
            input_shape=input_shape,
            receptive_field=self.receptive_field,
            potential_radius=self.potential_radius,
            n_potential=self.n_potential,
            segments=self.segments,
            density=self.density,
            inhibition=self.inhibition,
            boosting=self.boosting,
            boost_strength=self.boost_strength,
            duty_cycle_period=self.duty_cycle_period,
            permanence_increment=self.permanence_increment,
            permanence_decrement=self.permanence_decrement,
            connected_threshold=self.connected_threshold,
            batch_size=self.batch_size,
            overlap_index=self.overlap_index,
            n_jobs=self.n_jobs,
            random_state=self.seed,
        )
        return pooler.initialize(math.prod(input_shape))

    def build_encoder(self, images: NDArray[np.uint8]) -> BinaryImageEncoder:
        """Return the encoder of this configuration for such images."""
        return BinaryImageEncoder(channels=self.channels).fit(images[:1])

    def build_augmenter(self, image_shape: tuple[int, int], purpose: int) -> ImageAugmenter:
        """Return an augmenter with a stream of random numbers of its own for each `purpose`."""
        return ImageAugmenter(
            max_rotation=self.max_rotation,
            max_shift=self.max_shift,
            image_shape=image_shape,
            random_state=int(np.random.SeedSequence([self.seed, purpose]).generate_state(1)[0]),
        )

    def build_readout(self, n_images: int) -> MaximumLikelihoodClassifier | SoftmaxClassifier:
        """Return what reads the codes of `n_images` training images and their copies."""
        if self.readout == "likelihood":
            return MaximumLikelihoodClassifier(smoothing=self.smoothing)
        return SoftmaxClassifier(
            learning_rate=self.learning_rate,
            final_learning_rate=self.final_learning_rate,
            decay_steps=n_images * (1 + self.readout_copies),
        )


@dataclass(frozen=True)
class Checkpoint:
    """How good the code was after `cycles` learning cycles.

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


@dataclass(frozen=True)
class Readout:
    """What a classifier reads out of one kind of code.

    Attributes
    ----------
    classifier : MaximumLikelihoodClassifier or SoftmaxClassifier
        Fitted on the codes of all training images; the first combines columns by the product.
    accuracy : float
        On the test images.
    accuracy_mean : float or None
        The same with columns combined by the mean of class distributions, as published; None for
        softmax regression.
    accuracy_bernoulli : float or None
        The same by the likelihood of all columns, those that are not active included; None as well.
    confusion : ndarray of int64, shape (n_classes, n_classes)
        Test images by label (row) and prediction (column).
    test_codes : csr_matrix
        Codes of the test images.
    test_inputs_per_second : float
        Encoding and coding of the test images, without the classifier.
    """

    classifier: MaximumLikelihoodClassifier | SoftmaxClassifier
    accuracy: float
    accuracy_mean: float | None
    accuracy_bernoulli: float | None
    confusion: NDArray[np.int64]
    test_codes: csr_matrix
    test_inputs_per_second: float


@dataclass
class Training:
    """A pooler on its way through the stream of training images.

    It is whole between chunks: whoever stops `run` there has a pooler that can be used and saved.
    With snapshots, one that was killed is taken up again and becomes what it would have been.

    Attributes
    ----------
    pooler : SpatialPooler
        Learns in place.
    cycles, seconds : int, float
        Learned so far, and in what time: augmentation and encoding included, compilation and
        checkpoints not.
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
    """State of the augmenter's generator, and after how many cycles it was that."""

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

        What is on disk in `snapshots` is taken up, and kept up to date, also at Ctrl-C.
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
            # Not where it struck within a chunk: what is not whole is not kept.
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


@dataclass(frozen=True)
class MnistResult:
    """Result of `run_mnist`; after an interruption, what was not reached is None.

    Attributes
    ----------
    config, environment
        What was run, and where.
    training : Training
        The trained pooler, its curve and its time.
    seconds : float
        Of the whole experiment.
    readout, control_untrained_pooler, control_raw_pixels : Readout or None
        The code of the trained pooler; of the same pooler before it learned; the input bits.
    without_local_inhibition : SpatialPooler or None
        A pooler trained on the same stream with global inhibition instead, to compare with. None
        as well where the configuration has global or grouped inhibition.
    """

    config: MnistConfig
    environment: Environment
    training: Training
    seconds: float
    readout: Readout | None = None
    control_untrained_pooler: Readout | None = None
    control_raw_pixels: Readout | None = None
    without_local_inhibition: SpatialPooler | None = None

    @property
    def pooler(self) -> SpatialPooler:
        """The trained pooler."""
        return self.training.pooler

    def metrics(self) -> dict[str, Any]:
        """Return the figures as JSON knows them; None (null) where there is none."""
        readout, training = self.readout, self.training
        untrained, raw = self.control_untrained_pooler, self.control_raw_pixels
        return {
            "accuracy": readout and readout.accuracy,
            "accuracy_mean": readout and readout.accuracy_mean,
            "accuracy_bernoulli": readout and readout.accuracy_bernoulli,
            "control_raw_pixels": raw and raw.accuracy,
            "control_untrained_pooler": untrained and untrained.accuracy,
            "entropy": duty_cycle_entropy(column_duty_cycles(self.pooler)),
            "density": readout and density(readout.test_codes),
            "train_cycles": training.cycles,
            "train_cycles_per_second": training.cycles / training.seconds
            if training.cycles
            else None,
            "test_inputs_per_second": readout and readout.test_inputs_per_second,
            "seconds": self.seconds,
            "config": asdict(self.config),
            "environment": asdict(self.environment),
            "confusion": readout and readout.confusion.tolist(),
            "curve": [asdict(checkpoint) for checkpoint in training.curve],
        }


def run_mnist(
    config: MnistConfig,
    data: Mnist,
    progress: Progress = silent,
    snapshots: Snapshots | None = None,
) -> MnistResult:
    """Train, read out, and compare with the controls.

    Parameters
    ----------
    config : MnistConfig
    data : Mnist
    progress : callable, optional
        Told (phase, done, total) between chunks.
    snapshots : Snapshots, optional
        Where to keep training on disk, and take it up.

    Returns
    -------
    MnistResult

    Raises
    ------
    ValueError
        If a parameter of the pooler is impossible, test images have labels that training images
        have not, or snapshots belong to something else; nothing has been learned then.
    Interrupted
        On KeyboardInterrupt: its `result` holds what there was by then.
    """
    started = time.perf_counter()
    training = Training(config, data)
    parts: dict[str, Any] = {}

    def result() -> MnistResult:
        environment = describe_environment(config.n_jobs)
        return MnistResult(
            config, environment, training, seconds=time.perf_counter() - started, **parts
        )

    def read(code: Coder, of: str) -> Readout:
        return read_out(code, config, data, progress, of)

    try:
        compile_for(config, data, progress)
        training.run(progress, snapshots=snapshots)
        parts["readout"] = read(training.pooler.transform, "codes")
        untrained = config.build_pooler(data.image_shape)
        parts["control_untrained_pooler"] = read(untrained.transform, "control: untrained pooler")
        parts["control_raw_pixels"] = read(csr_matrix, "control: raw pixels")
        if config.inhibition not in ("global", "grouped"):
            variant = replace(config, inhibition="global", checkpoints=0)
            contrast = Training(variant, data)
            contrast.run(progress, "training without local inhibition", snapshots)
            parts["without_local_inhibition"] = contrast.pooler
    except KeyboardInterrupt as interrupt:
        raise Interrupted(result()) from interrupt
    return result()


def compile_for(config: MnistConfig, data: Mnist, progress: Progress = silent) -> None:
    """Run every step once on a few images with a pooler of its own, so that all is compiled.

    Compilation happens at the first call of a kernel on a machine; here it is a phase with a name
    of its own and no part of any timing.
    """
    progress("compiling", 0, 1)
    images = data.train_images[:2]
    images = config.build_augmenter(data.image_shape, purpose=0).augment(images)
    bits = config.build_encoder(images).transform(images)
    config.build_pooler(data.image_shape).partial_fit(bits).transform(bits)
    progress("compiling", 1, 1)


def check_labels(data: Mnist) -> None:
    """Raise ValueError where test images have labels that no readout can learn.

    A readout knows the labels of the training images alone; better told before hours of training.
    """
    unknown = np.setdiff1d(data.test_labels, data.train_labels)
    if unknown.size:
        raise ValueError(
            f"{data.tried_on} images must have labels of training images,"
            f" {np.unique(data.train_labels)}; got {unknown} as well ({data.source})"
        )


def hold_out(data: Mnist, n: int = 10_000) -> Mnist:
    """Return the training images alone, to choose parameters by without a look at test images.

    The last `n` of them, at most a quarter, stand where test images stand.
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
    """Return how often each column was active lately, (C,), by whichever of its segments."""
    n_columns = math.prod(pooler.column_shape_)
    of_segments = pooler.active_duty_cycles_.reshape(n_columns, -1)
    frequencies: NDArray[np.float64] = np.minimum(of_segments.sum(axis=1), 1.0)
    return frequencies


def read_out(
    code: Coder, config: MnistConfig, data: Mnist, progress: Progress = silent, of: str = "codes"
) -> Readout:
    """Fit the readout on the codes of all training images, and try it on the test images.

    Augmented copies come first, then the images as they are, each time in a new random order.
    """
    encoder = config.build_encoder(data.train_images)
    augmenter = config.build_augmenter(data.image_shape, purpose=2).set_params(
        max_rotation=config.readout_rotation, max_shift=config.readout_shift
    )
    classes = np.unique(data.train_labels)
    n_images = len(data.train_images)
    classifier = config.build_readout(n_images)
    random = np.random.default_rng(np.random.SeedSequence([config.seed, 3]))
    total = n_images * (1 + config.readout_copies) + len(data.test_images)
    done = 0
    for copies_left in range(config.readout_copies, -1, -1):
        order = random.permutation(n_images)
        for part in _batches(n_images):
            progress(of, done, total)
            images = data.train_images[order[part]]
            if copies_left:
                images = augmenter.augment(images)
            classifier.partial_fit(
                code(encoder.transform(images)), data.train_labels[order[part]], classes
            )
            done += len(images)

    codes, seconds = [], 0.0
    for part in _batches(len(data.test_images)):
        progress(of, done, total)
        started = time.perf_counter()
        codes.append(code(encoder.transform(data.test_images[part])))
        seconds += time.perf_counter() - started
        done += codes[-1].shape[0]
    test_codes = vstack(codes, format="csr")
    predicted = classifier.predict(test_codes)
    others: dict[str, float | None] = {"mean": None, "bernoulli": None}
    if isinstance(classifier, MaximumLikelihoodClassifier):
        other = copy.copy(classifier)
        for combine in others:
            other.set_params(combine=combine)
            others[combine] = float(other.score(test_codes, data.test_labels))
    progress(of, done, total)
    return Readout(
        classifier=classifier,
        accuracy=float(np.mean(predicted == data.test_labels)),
        accuracy_mean=others["mean"],
        accuracy_bernoulli=others["bernoulli"],
        confusion=confusion_matrix(data.test_labels, predicted, labels=classes),
        test_codes=test_codes,
        test_inputs_per_second=len(data.test_images) / seconds,
    )


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
        frequencies = codes.getnnz(axis=0) / codes.shape[0]
        return Checkpoint(
            cycles=cycles,
            accuracy=float(classifier.score(codes, self._held_out_labels)),
            entropy=duty_cycle_entropy(column_duty_cycles(pooler)),
            held_out_entropy=duty_cycle_entropy(frequencies),
        )


def _stream_order(n_images: int, config: MnistConfig) -> NDArray[np.int64]:
    random = np.random.default_rng(np.random.SeedSequence([config.seed, 0]))
    epochs = -(-config.cycles // n_images)
    return np.concatenate([random.permutation(n_images) for _ in range(epochs)])[: config.cycles]


def _checkpoint_cycles(config: MnistConfig) -> set[int]:
    """Return the untrained state and `checkpoints` log-spaced numbers of cycles up to the last."""
    if not config.checkpoints:
        return set()
    spaced = np.geomspace(min(100, config.cycles), config.cycles, config.checkpoints)
    return {0, *np.rint(spaced).astype(int).tolist(), config.cycles}


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, start + BATCH) for start in range(0, n, BATCH))
