"""One pooler, and what is done to it: it learns, infers, is looked into and switched."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.binding import Active, Binding
from fastsp.engine.inverse import check_codes, mean_permanences
from fastsp.engine.packing import as_bits, check_inputs, in_one_row, pack_checked
from fastsp.engine.parameters import check_flag
from fastsp.engine.state import State
from fastsp.engine.switches import as_positions
from fastsp.engine.threads import n_available, n_learning
from fastsp.kernels.cycle import ADAPT, FIND, INFER, LEARN
from fastsp.kernels.state import Synapses

CHUNK = 1024
"""Inputs in one call of a kernel; Ctrl-C is handled between chunks. Results do not depend on it."""
MAX_BUFFERED = 2**24
"""Active columns for which a chunk has room, at the most."""
SAMPLE = 64
"""Inputs by whose on-bits the layout of the overlap index is chosen."""

AfterChunk = Callable[[int, NDArray[np.int64]], bool]


class Trace(NamedTuple):
    """The stages of one input on its way through the pooler, for C columns."""

    overlaps: NDArray[np.int32]
    """(C,) connected synapses whose input bit is on"""
    boosted: NDArray[np.float32]
    """(C,) boost factor times (overlap, or its share, + tie-breaker); 0 under the stimulus
    threshold"""
    inhibited: NDArray[np.float32]
    """(C,) what the largest are chosen by: normalised by the neighbourhood where that inhibits"""
    active: NDArray[np.int32]
    """(k,) the active columns, ascending"""

    def __repr__(self) -> str:
        n, shown = self.overlaps.size, ", ".join(map(str, self.active[:6]))
        more = ", ..." if self.active.size > 6 else ""
        return (
            f"Trace({n} columns, overlaps up to {self.overlaps.max(initial=0)}, "
            f"{self.active.size} active: [{shown}{more}])"
        )


class Engine(State):
    """A Spatial Pooler, drawn for inputs of one size.

    Parameters
    ----------
    n_inputs : int
        Number N of input bits.
    random_state : int, RandomState, Generator or None
        Draws the potential pools, permanences and tie-breakers.
    lock : Lock, optional
        Of the object that the engine belongs to; its own if None.
    **parameters
        Those of `fastsp.SpatialPooler`, by name, with the same defaults and meanings. It says, too,
        what the arrays of the same names hold.

    Attributes
    ----------
    parameters : dict, never changed in place; see `set_parameters`
    column_shape, input_shape : tuple of int, the grids in full
    n_columns, n_inputs : int
    n_cycles : int, learning cycles so far; those learned before an error or Ctrl-C included
    indptr, indices, permanences, active_duty_cycles, boost_factors, tie_breakers, \
overlap_duty_cycles, off_columns, off_inputs
        The state itself, not copies: read them, or assign others, but do not write into them.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as it should be.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsp.engine import Engine
    >>> engine = Engine(256, column_shape=(512,), random_state=0)
    >>> X = np.random.default_rng(0).random((100, 256)) < 0.1
    >>> indices, counts = engine.learn(X).infer(X)
    >>> indices.size, int(counts.sum()), engine.n_cycles
    (1000, 1000, 100)
    """

    def __repr__(self) -> str:
        kinds = {name: self.parameters[name] for name in ("inhibition", "boosting")}
        named = ", ".join(f"{name}={value!r}" for name, value in kinds.items())
        shapes = f"column_shape={self.column_shape}, input_shape={self.input_shape}"
        return (
            f"{type(self).__name__}({self.n_inputs}, {shapes}, {named}, n_cycles={self.n_cycles})"
        )

    def learn(self, X: Any, n_threads: int = 1, after_chunk: AfterChunk | None = None) -> Self:
        """Learn from each row of `X` once, in order.

        Parameters
        ----------
        X : (n, N) array or sparse matrix; an input bit is on where it exceeds `threshold`.
        n_threads : threads at the most; one where more would not pay. Results do not depend on it.
        after_chunk : called after about every 1,000 inputs with the number learned by this call and
            the numbers of their active columns, (m,) int64; learning stops where it returns True.

        Raises
        ------
        ValueError, TypeError
            If a parameter, an assigned array or `X` is not as it should be; nothing changes then.
        RuntimeError
            From within `after_chunk`.
        """
        self._check()
        X = check_inputs(X, self.n_inputs)
        n, done = X.shape[0], 0
        with self.lock.learning():
            while done < n:
                binding = self._bound(X[done : done + SAMPLE], n - done)
                for _, n_active in self._learn_some(binding, X, done, n_threads):
                    done += len(n_active)
                    if after_chunk is not None and after_chunk(done, n_active):
                        return self
        return self

    def infer(self, X: Any, n_threads: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the active columns of each row of `X`; learn nothing.

        Parameters
        ----------
        X : (n, N) array or sparse matrix.
        n_threads : threads at the most.

        Returns
        -------
        indices : (sum of counts,) int32, the active columns of one input after the other, ascending
        counts : (n,) int64, how many there are of each
        """
        self._check()
        X = check_inputs(X, self.n_inputs)
        n = X.shape[0]
        binding = self._bound(X[:SAMPLE], n)
        n_threads, progress = n_available(n_threads), np.zeros(2, np.int64)
        step = max(1, min(CHUNK * n_threads, MAX_BUFFERED // binding.max_active))
        if binding.max_active == binding.pooler.rule.n_active:
            # The codes take little more than the room for them does, unless inhibition is local.
            active, n_active = binding.new_output(n)
            for start in range(0, n, step):
                rows = slice(start, start + step)
                words = self._pack(X[rows], n_threads)
                binding.run(n_threads, words, (active[rows], n_active[rows]), INFER, progress)
            return in_one_row(active, n_active)
        parts = [(np.empty(0, np.int32), np.empty(0, np.int64))]
        for start in range(0, n, step):
            words = self._pack(X[start : start + step], n_threads)
            output = binding.new_output(len(words))
            binding.run(n_threads, words, output, INFER, progress)
            parts.append(in_one_row(*output))
        indices, counts = zip(*parts, strict=True)
        return np.concatenate(indices), np.concatenate(counts)

    def compute(self, x: Any, learn: bool = True) -> NDArray[np.int32]:
        """Return the active columns for one input, ascending, and learn from it if `learn`.

        Parameters
        ----------
        x : (N,) array; uint8 and bool are fastest.

        Returns
        -------
        (k,) int32, shorter only where the stimulus threshold forbids more.
        """
        if learn is not True and learn is not False:
            check_flag("learn", learn)
        self._check()
        bits, bound = as_bits(x, self.n_inputs, self.parameters["threshold"])
        if not learn:
            return self._binding_for(bits).compute(bits, bound, False)
        lock = self.lock
        with lock.turn, lock.moment:
            if lock.is_learning:
                lock.check_not_learning()
            binding = self._binding_for(bits)
            # Ctrl-C is handled when the kernel ends, so the cycle is counted before; what may take
            # long or fail comes before that.
            binding.prepare()
            self.n_cycles += 1
            self._boosts_given = False
            return binding.compute(bits, bound, True)

    def trace(self, x: Any) -> Trace:
        """Return the stages of one input (N,) on its way through the pooler."""
        self._check()
        bits, bound = as_bits(x, self.n_inputs, self.parameters["threshold"])
        binding = self._binding_for(bits)
        words = pack_checked(bits.reshape(1, -1), bound) & binding.pooler.input_mask
        stages, rule = binding.trace(words), binding.pooler.rule
        overlaps = stages.overlaps.astype(np.int32)
        if rule.n_segments > 1:
            of_columns = overlaps.reshape(-1, rule.n_segments)
            overlaps = np.take_along_axis(of_columns, stages.best_segments[:, None], 1).ravel()
        return Trace(overlaps, stages.boosted, stages.inhibited, stages.active)

    def invert(self, X: Any) -> NDArray[np.float32]:
        """Return the input bits that the active columns of each code stand for.

        The value of an input bit is the mean permanence of the potential synapses that the active
        columns have on it.

        Parameters
        ----------
        X : (n, C) array or sparse matrix, 1 where a column is active, else 0.

        Returns
        -------
        (n, N) float32 in [0, 1]; 0 where no active column sees the bit, or it is switched off

        Raises
        ------
        ValueError
            If `X` is of another shape, or holds anything but 0 and 1.
        """
        codes = check_codes(X, self.n_columns)
        with self.lock.moment:
            self._check()
            arrays = self.arrays
        synapses = Synapses(arrays["indptr"], arrays["indices"], arrays["permanences"])
        return mean_permanences(codes, synapses, self.n_inputs, arrays["off_inputs"])

    def switch(self, columns: Any, inputs: Any, on: bool) -> None:
        """Switch columns and input bits on or off; see `fastsp.SpatialPooler.switch_off`."""
        if columns is None and inputs is None:
            raise ValueError("columns or inputs must be given; got None for both")
        combine = np.setdiff1d if on else np.union1d
        with self.lock.learning(), self.lock.moment:
            of_columns = as_positions("columns", columns, self.column_shape)
            of_inputs = as_positions("inputs", inputs, self.input_shape)
            self.assign(
                off_columns=combine(self.off_columns, of_columns),
                off_inputs=combine(self.off_inputs, of_inputs),
            )

    def prepare(self, X: Any) -> None:
        """Do what `learn` does before its first cycle, so that it fails before, if it does."""
        self._check()
        X = check_inputs(X, self.n_inputs)
        self._bound(X[:SAMPLE], X.shape[0])

    def _learn_some(self, binding: Binding, X: Any, first: int, n_threads: int) -> Iterator[Active]:
        """Learn from a chunk, or a batch if that is larger; yield after each chunk learned."""
        batch_size, n = binding.pooler.rule.batch_size, X.shape[0]
        chunk = max(1, min(CHUNK, MAX_BUFFERED // binding.max_active))
        n_threads = n_learning(binding.pooler, n_threads, n - first)
        if batch_size <= chunk:
            words = self._pack(X[first : first + chunk // batch_size * batch_size], n_threads)
            yield self._advance(binding, n_threads, words, binding.new_output(len(words)), LEARN)
            return
        last = min(first + batch_size, n)
        starts, found = range(first, last, chunk), []
        for start in starts:
            words = self._pack(X[start : min(start + chunk, last)], n_threads)
            active, n_active = output = binding.new_output(len(words))
            with self.lock.moment:
                binding.run(n_threads, words, output, FIND, np.zeros(2, np.int64))
            found.append((active[:, : n_active.max()].copy(), n_active))
        # Where learning stops amid the batch, boost factors are still to follow.
        self._boosts_again, self._revision = True, object()
        for start, output in zip(starts, found, strict=True):
            words = self._pack(X[start : start + len(output[1])], n_threads)
            n_earlier = start - first if start == starts[-1] else -1
            yield self._advance(binding, n_threads, words, output, ADAPT, n_earlier)

    def _advance(
        self,
        binding: Binding,
        n_threads: int,
        words: NDArray[np.uint64],
        output: Active,
        task: int,
        n_earlier: int = 0,
    ) -> Active:
        """Learn from a chunk and count its cycles; return its active columns, `output`."""
        progress, self._boosts_given = np.array([n_earlier, 0]), False
        with self.lock.moment:
            try:
                binding.run(n_threads, words, output, task, progress)
            finally:
                # Ctrl-C is handled when the kernel ends: what it has learned was learned.
                self.n_cycles += int(progress[1])
        return output
