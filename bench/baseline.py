"""What fastsp is compared with: the same Spatial Pooler in plain NumPy and SciPy.

It takes its pools, permanences and tie-breakers from a fastsp pooler and then goes its own way, one
input at a time, with whole-array operations only. It chooses the same columns.
"""

import itertools
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.sparse
from numpy.typing import NDArray

from fastsp import SpatialPooler

VARIANCE_FLOOR = 1e-6


class Baseline:
    """A Spatial Pooler that starts from the state of `pooler`; inputs are (N,) arrays of bits."""

    inhibitions = ("global", "gaussian", "local", "grouped")

    def __init__(self, pooler: SpatialPooler) -> None:
        self.pooler = pooler
        self.n_columns = pooler.tie_breakers_.size
        self.target_density = pooler.n_active_ / self.n_columns
        self.decay = 1.0 - 1.0 / pooler.duty_cycle_period
        self.increment = np.float32(pooler.permanence_increment)
        self.decrement = np.float32(pooler.permanence_decrement)
        self.connected_threshold = np.float32(pooler.connected_threshold)
        self.copy_state()

    def copy_state(self) -> None:
        """Continue from where the fastsp pooler is now."""
        pooler = self.pooler
        self.indptr, self.indices = pooler.indptr_, pooler.indices_
        self.permanences = pooler.permanences_.copy()
        self.tie_breakers = pooler.tie_breakers_.copy()
        self.active_duty_cycles = pooler.active_duty_cycles_.copy()
        # Pools never change, so the matrix of connected synapses keeps its shape: a zero where a
        # synapse is not connected is cheaper than new index arrays each cycle.
        self.connected = scipy.sparse.csr_matrix(
            (np.empty_like(self.permanences), self.indices, self.indptr),
            shape=(self.n_columns, pooler.n_features_in_),
        )
        self.frozen: tuple[scipy.sparse.csr_matrix, NDArray[np.float32]] | None = None

    def learn(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Return the active columns, ascending, and learn from `x`."""
        np.greater_equal(self.permanences, self.connected_threshold, out=self.connected.data)
        active = self._choose(x, self.connected, self._boost_factors())
        self._adapt(x, active)
        self.active_duty_cycles *= self.decay
        self.active_duty_cycles[active] += 1.0 - self.decay
        self.frozen = None
        return active

    def infer(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Return the active columns, ascending."""
        if self.frozen is None:
            np.greater_equal(self.permanences, self.connected_threshold, out=self.connected.data)
            connected = self.connected.copy()
            connected.eliminate_zeros()
            self.frozen = connected, self._boost_factors()
        return self._choose(x, *self.frozen)

    def _boost_factors(self) -> NDArray[np.float32]:
        if self.pooler.boosting == "log":
            factors = np.log(self.active_duty_cycles) / np.log(self.target_density)
            return factors.astype(np.float32)
        if self.pooler.boosting == "exp":
            away = self.target_density - self.active_duty_cycles
            return np.exp((self.pooler.boost_strength * away).astype(np.float32))
        return np.ones(self.n_columns, np.float32)

    def _choose(
        self, x: NDArray[Any], connected: scipy.sparse.csr_matrix, boost_factors: NDArray[Any]
    ) -> NDArray[np.int64]:
        overlaps = connected @ x.astype(np.float32)
        excitement = boost_factors * (overlaps + self.tie_breakers)
        enough = overlaps >= self.pooler.stimulus_threshold
        if self.pooler.stimulus_threshold > 0:
            excitement *= enough
        if self.pooler.inhibition == "gaussian":
            excitement = self._normalise(excitement)
        if self.pooler.stimulus_threshold > 0:
            excitement[~enough] = -np.inf
        self.competed = excitement
        if self.pooler.inhibition == "local":
            return np.flatnonzero(self._seldom_beaten(excitement) & enough)
        if self.pooler.inhibition == "grouped":
            active = self._top_of_groups(excitement)
        else:
            k = self.pooler.n_active_
            active = np.argpartition(excitement, -k)[-k:]
        active.sort()
        return active[enough[active]]

    def _top_of_groups(self, excitement: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the most excited columns of each group, as many of each, in no order."""
        groups = excitement.reshape(-1, self.pooler.column_shape_[-1])
        k = self.pooler.n_active_ // len(groups)
        best = np.argpartition(groups, -k, axis=1)[:, -k:]
        # In so many groups two columns are now and then equal to the last bit: the lower one wins.
        last = np.take_along_axis(groups, best, axis=1).min(axis=1, keepdims=True)
        tied = groups == last
        for g in np.flatnonzero((groups >= last).sum(axis=1) > k):
            above = np.flatnonzero(groups[g] > last[g])
            best[g] = np.concatenate([above, np.flatnonzero(tied[g])[: k - above.size]])
        return (best + np.arange(len(groups))[:, None] * groups.shape[1]).ravel()

    def _seldom_beaten(self, excitement: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell which columns fewer than s |N_c| columns of their neighbourhood N_c beat, (C,).

        The neighbourhood is the box of columns within the radius along each axis, as far as the
        grid goes; of equal columns the lower position beats the other.
        """
        grid = excitement.reshape(self.pooler.column_shape_)
        radius = int(max(self._radii()))
        padded = np.pad(grid, radius, constant_values=-np.inf)
        offsets = range(-radius, radius + 1)
        beaten = np.zeros(grid.shape, np.min_scalar_type(len(offsets) ** grid.ndim))
        sizes = 1
        for axis, n in enumerate(grid.shape):
            places = np.arange(n)
            low, high = np.maximum(places - radius, 0), np.minimum(places + radius, n - 1)
            along = [-1 if d == axis else 1 for d in range(grid.ndim)]
            sizes = sizes * (high - low + 1).reshape(along)
        for offset in itertools.product(offsets, repeat=grid.ndim):
            place = tuple(
                slice(radius + d, radius + d + n) for d, n in zip(offset, grid.shape, strict=True)
            )
            own_and_later = offset >= (0,) * grid.ndim
            beats = np.greater if own_and_later else np.greater_equal
            beaten += beats(padded[place], grid)
        return (beaten < self.pooler.density * sizes).ravel()

    def _normalise(self, excitement: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (e - G(e)) / sqrt(G((e - G(e))^2) + eps), G the Gaussian blur over the grid."""
        grid = excitement.reshape(self.pooler.column_shape_)
        away = grid - self._blur(grid)
        return (away / np.sqrt(self._blur(away * away) + VARIANCE_FLOOR)).ravel()

    def _blur(self, grid: NDArray[np.float32]) -> NDArray[np.float32]:
        return scipy.ndimage.gaussian_filter(grid, self._radii(), mode="reflect")

    def _radii(self) -> list[float]:
        """Return the radius of inhibition in columns, along each axis."""
        pooler = self.pooler
        return [
            pooler.inhibition_radius or pooler.potential_radius * n_columns / n_inputs
            for n_columns, n_inputs in zip(pooler.column_shape_, pooler.input_shape_, strict=False)
        ]

    def _adapt(self, x: NDArray[Any], active: NDArray[np.int64]) -> None:
        """Move the permanences of the active columns by the Hebbian rule."""
        starts = self.indptr[active]
        counts = self.indptr[active + 1] - starts
        firsts = np.cumsum(counts) - counts
        synapses = np.repeat(starts - firsts, counts) + np.arange(counts.sum())
        changes = np.where(x, self.increment, -self.decrement)
        moved = self.permanences[synapses] + changes[self.indices[synapses]]
        self.permanences[synapses] = np.clip(moved, 0.0, 1.0, out=moved)


def augment(
    image: NDArray[np.uint8],
    random: np.random.Generator,
    max_rotation: float = 15.0,
    max_shift: float = 2.0,
) -> NDArray[np.uint8]:
    """Rotate and shift an image (height, width) at random, by nearest neighbour."""
    angle = random.uniform(-max_rotation, max_rotation)
    shifts = random.uniform(-max_shift, max_shift, 2)
    rotated = scipy.ndimage.rotate(image, angle, reshape=False, order=0)
    return scipy.ndimage.shift(rotated, shifts, order=0)


def encode_on_off(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the ON bit (pixel >= mean) and the OFF bit of each pixel, in turn."""
    on = image.ravel() >= image.mean()
    return np.stack([on, ~on], axis=1).ravel()
