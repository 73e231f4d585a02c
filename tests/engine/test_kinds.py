"""A kind of inhibition from outside the package: planned, compiled, run, in parallel, and saved."""

import copy
import pickle
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import fastsp
from fastsp import SpatialPooler
from fastsp.engine import threads
from fastsp.engine.inhibition import INHIBITIONS, Inhibition
from fastsp.kernels.blocks import Block, Bound, at
from fastsp.kernels.jit import step
from fastsp.kernels.state import Chunk, room_behind


class Neighbours(NamedTuple):
    """What columns compete with: their keys, and where the winners go."""

    keys: NDArray[np.uint32]
    chunk: Block[Chunk]


@step
def compete_in_pairs(block: Neighbours, i: int, first: int, last: int) -> int:
    """Of columns 2 p and 2 p + 1 the one with the larger key wins, of equal keys the first."""
    own = at(block)
    keys, room, n = own.keys, room_behind(at(own.chunk), i), 0
    for c in range(first, last - 1, 2):
        winner = c + int(keys[c + 1] > keys[c])
        if keys[winner] > 0:
            room[n] = winner
            n += 1
    return n


@dataclass(frozen=True)
class Pairs(Inhibition):
    """Columns compete in pairs, whatever the density."""

    name = "pairs"

    def most_active(self, rule):
        return self.n_pairs

    n_pairs: int = 0

    @classmethod
    def planned(cls, parameters, column_shape, input_shape):
        boxes = cls.boxes_of(parameters, column_shape, input_shape)
        return cls(boxes, int(np.prod(column_shape)) // 2)

    def compete(self, keys, chunk, rule):
        return Bound(compete_in_pairs, Neighbours(keys, chunk))


@pytest.fixture
def pairs(monkeypatch):
    monkeypatch.setitem(INHIBITIONS, "pairs", Pairs)


def pooler(**parameters):
    return SpatialPooler((1200,), inhibition="pairs", random_state=0, **parameters)


def expected(pooler, x):
    boosted = pooler.trace(x).boosted
    return [2 * p + int(b > a) for p, (a, b) in enumerate(boosted.reshape(-1, 2)) if max(a, b) > 0]


@pytest.mark.core
@pytest.mark.parametrize("boosting", ["log", None])
@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
def test_a_kind_from_outside_is_planned_compiled_and_run(pairs, boosting, layout):
    X = (np.random.default_rng(0).random((30, 100)) < 0.2).astype(np.uint8)
    own = pooler(boosting=boosting, overlap_index=layout, stimulus_threshold=1).fit(X)
    for x in X[:5]:
        assert own.compute(x, learn=False).tolist() == expected(own, x)
    assert own.transform(X).indices[: len(expected(own, X[0]))].tolist() == expected(own, X[0])


def test_it_learns_on_several_threads_what_one_learns(pairs, monkeypatch):
    X = (np.random.default_rng(1).random((60, 300)) < 0.2).astype(np.uint8)
    alone = pooler(batch_size=4).fit(X)
    monkeypatch.setattr(threads, "SMALLEST_WORK", 0)
    monkeypatch.setattr(threads, "SMALLEST_CALL", 0)
    together = pooler(batch_size=4, n_jobs=2).fit(X)
    assert together.permanences_.tobytes() == alone.permanences_.tobytes()
    assert (together.transform(X) != alone.transform(X)).nnz == 0


def test_it_is_copied_pickled_and_saved(pairs, tmp_path):
    X = (np.random.default_rng(2).random((20, 80)) < 0.2).astype(np.uint8)
    own = pooler().fit(X)
    fastsp.save(own, tmp_path / "model")
    codes = own.transform(X)
    for other in (
        copy.deepcopy(own),
        pickle.loads(pickle.dumps(own)),
        fastsp.load(tmp_path / "model"),
    ):
        assert (other.transform(X) != codes).nnz == 0
        assert other.partial_fit(X).n_cycles_ == 40


def test_names_of_kinds_are_checked_against_the_table():
    with pytest.raises(ValueError, match=r"inhibition must be one of 'global', .*; got 'pairs'"):
        pooler().fit(np.eye(4))
