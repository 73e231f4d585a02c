"""A pooler in shards, all in this process: bit for bit the pooler that it would be in one piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, inputs_for, poolers

from fastsp import SpatialPooler
from fastsp.engine import Engine, draw
from fastsp.engine.arrays import ARRAYS
from fastsp.engine.coordinator import Coordinator, largest_number_of_shards
from fastsp.engine.draw import seeds_of
from fastsp.engine.packing import pack
from fastsp.engine.parameters import DEFAULTS
from fastsp.engine.shard import Shard


class Shards:
    """All shards of a pooler, and what holds them together."""

    def __init__(self, n_inputs, n_shards, random_state, parameters):
        self.coordinator = Coordinator(n_inputs, n_shards, seeds_of(random_state), **parameters)
        ties, parts = self.coordinator.different_ties(), self.coordinator.parts
        self.shards = [Shard(part, ties) for part in parts]
        self.begin()

    def begin(self):
        for shard, targets in zip(self.shards, self.coordinator.beginnings(), strict=True):
            shard.begin(targets)

    def reload(self):
        """Begin again with what the shards tell of themselves."""
        ties, states = self.coordinator.different_ties(), [shard.state() for shard in self.shards]
        self.shards = [
            Shard(part, ties, state)
            for part, state in zip(self.coordinator.parts, states, strict=True)
        ]
        if self.coordinator.needs_duty_cycles:
            cycles = np.concatenate([state["active_duty_cycles"] for state in states])
            self.coordinator.set_duty_cycles(cycles)
        self.begin()

    def learn(self, words, step):
        """Learn batch by batch, each cut into pieces of `step` inputs."""
        size = self.coordinator.rule.batch_size
        for start in range(0, len(words), size):
            batch = words[start : start + size]
            self._learn_batch([batch[i : i + step] for i in range(0, len(batch), step)])

    def _learn_batch(self, pieces):
        coordinator = self.coordinator
        if not coordinator.finds_winners:
            for shard in self.shards:
                shard.learn_alone(pieces)
            return
        won, winners_of_shards = [], []
        for piece in pieces:
            candidates = [shard.find(piece, True) for shard in self.shards]
            rows, (_, counts) = coordinator.winners(candidates)
            won.append((rows, counts))
            winners_of_shards.append(coordinator.winners_of_shards(rows, counts))
        batch_ends = coordinator.batch_ends(won, candidates)
        of_shards = zip(*winners_of_shards, strict=True)
        for shard, own, batch_end in zip(self.shards, of_shards, batch_ends, strict=True):
            shard.learn(own, batch_end)

    def infer(self, words):
        return self.coordinator.winners([shard.find(words, False) for shard in self.shards])[1]

    def state(self):
        return self.coordinator.joined([shard.state() for shard in self.shards])


def check_equal(state, engine):
    for name in ARRAYS:
        if engine.arrays[name].size:  # some are made only when they are needed
            assert state[name].dtype == engine.arrays[name].dtype, name
            np.testing.assert_array_equal(state[name], engine.arrays[name], name)


@pytest.mark.core
@given(st.data())
@examples(60)
def test_shards_are_one_pooler(data):
    pooler = data.draw(poolers(batch_size=data.draw(st.sampled_from([1, 3, 16]))))
    parameters = {name: getattr(pooler, name) for name in DEFAULTS}
    n_inputs, random_state = pooler.n_features_in_, pooler.random_state
    engine = Engine(n_inputs, random_state=random_state, **parameters)
    most = min(4, largest_number_of_shards(parameters, pooler.column_shape_))
    n_shards, step = data.draw(st.integers(1, most)), data.draw(st.sampled_from([2, 100]))
    shards = Shards(n_inputs, n_shards, random_state, parameters)
    engine.settle()  # boost factors are brought up to date at the first use
    check_equal(shards.state(), engine)
    X = data.draw(inputs_for(pooler, 24))
    words = pack(X, pooler.threshold)
    shards.learn(words[:16], step)
    shards.reload()
    shards.learn(words[16:], step)
    check_equal(shards.state(), engine.learn(X[:16]).learn(X[16:]))
    for found, wanted in zip(shards.infer(words), engine.infer(X), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("inhibition", ["global", "gaussian"])
def test_exponentials_beyond_single_precision(inhibition):
    # Keys come from the targets then, not from the boost factors.
    parameters = {
        "column_shape": (130,),
        "inhibition": inhibition,
        "inhibition_radius": 3.0 if inhibition == "gaussian" else None,
        "boosting": "exp",
        "boost_target": "neighbourhood",
        "boost_strength": 5000.0,
    }
    X = np.random.default_rng(0).random((40, 70)) < 0.3
    engine = Engine(70, random_state=5, **parameters).learn(X)
    shards = Shards(70, 3, 5, parameters)
    shards.learn(pack(X, 0.5), 100)
    check_equal(shards.state(), engine)
    shards.reload()
    np.testing.assert_array_equal(shards.infer(pack(X, 0.5))[0], engine.infer(X)[0])


def test_different_tie_breakers_are_found_piece_by_piece(monkeypatch):
    monkeypatch.setattr(draw, "PIECE", 7)
    parameters = {"column_shape": (100,), "boosting": None}
    ties = Coordinator(33, 3, seeds_of(1), **parameters).different_ties()
    whole = SpatialPooler(**parameters, random_state=1).initialize(33)
    np.testing.assert_array_equal(ties, np.unique(whole.tie_breakers_))


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(ValueError, match="n_shards must be at least 1 and at most the number of"):
        Coordinator(10, 6, (0, 0), column_shape=(5,))
    with pytest.raises(ValueError, match="groups, 3; got 4"):
        Coordinator(10, 4, (0, 0), column_shape=(3, 20), inhibition="grouped")
