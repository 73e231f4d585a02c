"""The first state of a pooler: permanences and tie-breakers, and the classic choices about them."""

import numpy as np
import pytest

from fastsp import SpatialPooler
from fastsp.engine import Engine

X = (np.random.default_rng(0).random((50, 300)) < 0.1).astype(np.uint8)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_the_wanted_share_of_synapses_is_drawn_connected(share, threshold):
    pooler = SpatialPooler(
        (200,), connected_threshold=threshold, initial_connected=share, random_state=0
    ).initialize(300)
    permanences = pooler.permanences_
    assert permanences.dtype == np.float32
    assert permanences.min() >= 0
    assert permanences.max() <= 1
    connected = permanences >= np.float32(threshold)
    assert connected.mean() == pytest.approx(share, abs=0.0 if share in (0, 1) else 0.01)
    # Uniform on either side of the threshold.
    for part, low, high in ((connected, threshold, 1.0), (~connected, 0.0, threshold)):
        if part.any():
            quarters = np.quantile(permanences[part], [0.25, 0.5, 0.75])
            wanted = low + (high - low) * np.array([0.25, 0.5, 0.75])
            np.testing.assert_allclose(quarters, wanted, atol=0.02)


def test_half_connected_about_the_middle_is_what_is_drawn_by_itself_in_another_order():
    plain = SpatialPooler((20,), random_state=0).initialize(300)
    half = SpatialPooler((20,), initial_connected=0.5, random_state=0).initialize(300)
    np.testing.assert_array_equal(plain.indices_, half.indices_)
    np.testing.assert_array_equal(plain.tie_breakers_, half.tie_breakers_)
    assert (half.permanences_ >= 0.5).mean() == (plain.permanences_ < 0.5).mean()


def test_the_share_that_is_drawn_waits_for_the_next_draw(tmp_path):
    pooler = SpatialPooler((20,), initial_connected=0.0, random_state=0).fit(X)
    before = pooler.permanences_.copy()
    pooler.set_params(initial_connected=1.0).transform(X)
    np.testing.assert_array_equal(pooler.permanences_, before)
    pooler.initialize(300)
    assert (pooler.permanences_ >= 0.5).all()


def test_the_engine_draws_the_same():
    pooler = SpatialPooler((20,), initial_connected=0.3, random_state=0).initialize(300)
    engine = Engine(300, column_shape=20, initial_connected=0.3, random_state=0)
    np.testing.assert_array_equal(pooler.permanences_, engine.permanences)


@pytest.mark.parametrize("inhibition", ["global", "local"])
@pytest.mark.parametrize("boosting", [None, "exp"])
def test_positions_order_equal_columns_where_tie_breakers_say_so(inhibition, boosting):
    n = 400
    pooler = SpatialPooler(
        (n,),
        inhibition=inhibition,
        inhibition_radius=n if inhibition == "local" else None,
        boosting=boosting,
        density=0.05,
        potential_fraction=1.0,
        random_state=0,
    ).initialize(300)
    pooler.permanences_ = np.ones(300 * n, np.float32)  # all overlaps are equal
    pooler.tie_breakers_ = np.zeros(n, np.float32)
    assert pooler.compute(X[0], learn=False).tolist() == list(range(20))
    pooler.tie_breakers_ = (np.arange(n) / n * 0.01).astype(np.float32)
    assert pooler.compute(X[0], learn=False).tolist() == list(range(n - 20, n))
