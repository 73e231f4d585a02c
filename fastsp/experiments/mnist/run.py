"""The MNIST experiment: train, read out, and compare with the controls.

Images take one path: training images, each rotated and shifted anew, -> input bits -> pooler, which
learns without labels. Then the codes of the training images, and of augmented copies where the
configuration asks for them, fit the readout: the maximum-likelihood classifier or softmax
regression. Its accuracy on the test images is measured. The controls are the same readout of the
input bits and of the codes of the untrained pooler.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from scipy.sparse import csr_matrix

from fastsp.datasets import Mnist
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.presets import on_bits
from fastsp.experiments.mnist.readout import Readout, Transform, read_out
from fastsp.experiments.mnist.snapshots import Snapshots
from fastsp.experiments.mnist.training import Training, column_duty_cycles, compile_for
from fastsp.experiments.progress import Interrupted, Progress, silent
from fastsp.metrics import density, duty_cycle_entropy
from fastsp.pooler import SpatialPooler


@dataclass(frozen=True)
class MnistResult:
    """Result of `run_mnist`; parts that an interruption prevented are None.

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
    with_local_inhibition, without_local_inhibition : SpatialPooler or None
        Poolers of `contrast_config`, the second with global inhibition instead, trained on the same
        stream. None as well where the configuration has global or grouped inhibition.
    """

    config: MnistConfig
    environment: Environment
    training: Training
    seconds: float
    readout: Readout | None = None
    control_untrained_pooler: Readout | None = None
    control_raw_pixels: Readout | None = None
    with_local_inhibition: SpatialPooler | None = None
    without_local_inhibition: SpatialPooler | None = None

    @property
    def contrast_config(self) -> MnistConfig:
        """Return the configuration with on-bits only, as published: off-bits hide the contrast."""
        config = self.config if self.config.channels == "on" else on_bits(self.config)
        return replace(config, checkpoints=0)

    @property
    def pooler(self) -> SpatialPooler:
        """The trained pooler."""
        return self.training.pooler

    def metrics(self) -> dict[str, Any]:
        """Return all figures, ready for JSON; None where there is none."""
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
            "seconds_to_model": readout and training.seconds + readout.fit_seconds,
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
        Called with (phase, done, total) between chunks.
    snapshots : Snapshots, optional
        Where training is kept on disk, and resumed from.

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

    def read(transform: Transform, of: str) -> Readout:
        return read_out(transform, config, data, progress, of)

    def trained(variant: MnistConfig, which: str) -> SpatialPooler:
        other = Training(variant, data)
        other.run(progress, f"training on-bits {which} local inhibition", snapshots)
        return other.pooler

    try:
        compile_for(config, data, progress)
        training.run(progress, snapshots=snapshots)
        parts["readout"] = read(training.pooler.transform, "codes")
        untrained = config.build_pooler(data.image_shape)
        parts["control_untrained_pooler"] = read(untrained.transform, "control: untrained pooler")
        parts["control_raw_pixels"] = read(csr_matrix, "control: raw pixels")
        if INHIBITIONS[config.inhibition].needs_radius:
            local = result().contrast_config
            parts["with_local_inhibition"] = (
                training.pooler if config.channels == "on" else trained(local, "with")
            )
            parts["without_local_inhibition"] = trained(
                replace(local, inhibition="global"), "without"
            )
    except KeyboardInterrupt as interrupt:
        raise Interrupted(result()) from interrupt
    return result()
