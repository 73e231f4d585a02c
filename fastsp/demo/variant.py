"""One pooler of the demo, with its stream, its settings, its readout and its curve.

All of it belongs to one thread, that of the studio.
"""

import copy
import time

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.demo.curve import Curve
from fastsp.demo.exam import Readout
from fastsp.demo.settings import Settings
from fastsp.demo.stream import DigitStream
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.training import column_duty_cycles
from fastsp.metrics import duty_cycle_entropy
from fastsp.pooler import SpatialPooler

CHUNK_SECONDS = 0.03
"""Wanted time of a chunk: what waits for the pooler waits about as long."""
FIRST_CHUNK, LARGEST_CHUNK = 64, 1_024
CHECKPOINTS = (0, 100, 300, 1_000, 3_000, 10_000, 20_000)
"""Cycles at which learning waits for a readout: the first ones change it most."""


class Variant:
    """A pooler that learns, and the same as it was drawn.

    Attributes
    ----------
    settings : Settings
    revision : object
        Another one after each change from outside, for which a new readout is needed.
    readout : Readout or None
        The newest of what is shown; `is_stale` says whether something was changed since.
    curve : Curve
        Of the pooler that learns.
    cycles_per_second : float
        Of learning, augmentation and encoding included; a moving average, 0 before the first chunk.
    """

    def __init__(self, config: MnistConfig, data: Mnist, settings: Settings) -> None:
        self._base, self._data, self.settings = config, data, settings
        self.reset()

    def reset(self) -> None:
        """Draw the pooler anew; it is the one that the seed gives, with nothing switched off."""
        config = self.settings.configure(self._base)
        self._drawn = config.build_pooler(self._data.image_shape)
        self._learner = copy.deepcopy(self._drawn)
        self._stream = DigitStream(config, self._data)
        self.encoder = config.build_encoder(self._data.train_images)
        self.config, self.curve = config, Curve()
        self.readout: Readout | None = None
        self._readout_of: object = None
        self.cycles_per_second = 0.0
        self.revision = object()

    @property
    def shown(self) -> SpatialPooler:
        """The pooler that the page shows; do not let it learn."""
        return self._learner if self.settings.pooler == "trained" else self._drawn

    @property
    def cycles(self) -> int:
        """Learning cycles so far."""
        return int(self._learner.n_cycles_)

    @property
    def is_stale(self) -> bool:
        """Whether the readout is of another pooler than the one shown."""
        return self._readout_of is not self.revision

    @property
    def is_behind(self) -> bool:
        """Whether a new readout would say anything new."""
        return self.is_stale or (
            self.readout is not None and self.readout.cycles != self.shown.n_cycles_
        )

    @property
    def waits(self) -> bool:
        """Whether learning waits for a readout."""
        return self.cycles in CHECKPOINTS and self.is_behind and self.settings.pooler == "trained"

    def learn(self) -> None:
        """Learn for about `CHUNK_SECONDS`, to the next checkpoint at most."""
        n = int(self.cycles_per_second * CHUNK_SECONDS) or FIRST_CHUNK
        left = [stop - self.cycles for stop in CHECKPOINTS if stop > self.cycles]
        n = min(max(n, 1), LARGEST_CHUNK, *left)
        started = time.perf_counter()
        self._learner.partial_fit(self._stream.take(n))
        rate = n / max(time.perf_counter() - started, 1e-9)
        before = self.cycles_per_second
        self.cycles_per_second = before + 0.1 * (rate - before) if before else rate

    def change(self, name: str, value: str) -> None:
        """Change one setting; input bits ask for a new pooler, the others act on this one."""
        before = self.settings
        self.settings = before.changed(name, value, self._base)
        if self.settings.channels != before.channels:
            self.reset()
        elif self.settings != before:
            for pooler in (self._learner, self._drawn):
                pooler.set_params(**self.settings.parameters())
            self.revision = object()

    def switch(self, columns: NDArray[np.int32], on: bool) -> None:
        """Switch columns on or off."""
        for pooler in (self._learner, self._drawn):
            (pooler.switch_on if on else pooler.switch_off)(columns=columns)
        self.revision = object()

    def take(self, readout: Readout, revision: object) -> None:
        """Take a readout made of a copy of this revision; an older one is dropped."""
        if revision is self.revision:
            self.readout, self._readout_of = readout, revision
            if self.settings.pooler == "trained":
                entropy = entropy_of(readout.pooler)
                self.curve.add(readout.cycles, readout.accuracy, entropy)

    def copy(self) -> "Variant":
        """Return another one, that learns the same from here on until it is changed."""
        other = copy.copy(self)
        for name in ("_learner", "_drawn"):
            setattr(other, name, copy.deepcopy(getattr(self, name)))
        other._stream, other.curve = self._stream.copy(), self.curve.copy()
        return other


def entropy_of(pooler: SpatialPooler) -> float:
    """Return the entropy of the active duty cycles, as a share of its maximum."""
    return duty_cycle_entropy(column_duty_cycles(pooler))
