"""Whatever is done to an SDR in any order, its views agree; what is refused changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sdrs import NUMBERS, Log, assert_views_agree, bits_of

from fastsp.htm import SDR


@st.composite
def shapes(draw):
    return draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))


def picked(data, size):
    return sorted(data.draw(st.sets(st.integers(0, size - 1))))


@settings(deadline=None, max_examples=300)
@given(shapes(), st.data())
def test_views_agree_after_any_sequence(dimensions, data):
    size = int(np.prod(dimensions))
    sdr, bits, seen = SDR(dimensions), np.zeros(size, int), []
    log = Log()
    sdr._watch(log)

    def other():
        new = SDR(dimensions)
        new.sparse = picked(data, size)
        return new

    def assign_dense():
        kind = data.draw(st.sampled_from(NUMBERS))
        values = data.draw(arrays.arrays("u1", dimensions, elements=st.sampled_from([0, 0, 1, 5])))
        values = values.astype(kind)
        sdr.dense = values
        return values.ravel() != 0  # as bytes, too

    def assign_sparse():
        sdr.sparse = on = picked(data, size)
        return np.isin(np.arange(size), on)

    def assign_coordinates():
        on = np.array(picked(data, size), int)
        sdr.coordinates = np.unravel_index(on, dimensions)
        return np.isin(np.arange(size), on)

    def take():
        on = np.array(picked(data, size), np.int32)
        sdr._take(on)
        return np.isin(np.arange(size), on)

    def write_and_assign_back():
        changed = sdr.dense
        changed[...] = new = data.draw(arrays.arrays("u1", dimensions, elements=st.integers(0, 1)))
        sdr.dense = changed
        return new.ravel()

    def randomize():
        sparsity, seed = data.draw(st.floats(0, 1)), data.draw(st.integers(0, 9))
        sdr.randomize(sparsity, seed)
        assert sdr.getSum() == np.floor(sparsity * size + 0.5)
        return sdr.dense.ravel().copy()

    def add_noise():
        fraction = data.draw(st.floats(0, min(1, (size - bits.sum()) / max(1, bits.sum() + 1))))
        sdr.addNoise(fraction)
        assert sdr.getSum() == bits.sum()
        assert (bits & sdr.dense.ravel()).sum() == bits.sum() - np.floor(
            fraction * bits.sum() + 0.5
        )
        return sdr.dense.ravel().copy()

    def kill_cells():
        sdr.killCells(data.draw(st.floats(0, 1)))
        assert (sdr.dense.ravel() <= bits).all()
        return sdr.dense.ravel().copy()

    def join():
        a, b = other(), other()
        operation, wanted = data.draw(
            st.sampled_from(
                [
                    (sdr.union, bits | a.dense.ravel() | b.dense.ravel()),
                    (sdr.intersection, bits & a.dense.ravel() & b.dense.ravel()),
                ]
            )
        )
        operation([a, sdr, b])
        return wanted

    def concatenate():
        axis = data.draw(st.integers(0, len(dimensions) - 1))
        whole = other()
        parts = []
        for part in np.split(whole.dense, dimensions[axis], axis=axis):
            parts.append(SDR(part.shape))
            parts[-1].dense = part
        if len(parts) < 2:
            return None
        sdr.concatenate(parts, axis)
        return whole.dense.ravel()

    def set_sdr():
        new = other()
        sdr.setSDR(new)
        return new.dense.ravel()

    def zero():
        sdr.zero()
        return np.zeros(size, int)

    def read():
        getattr(sdr, data.draw(st.sampled_from(["dense", "sparse", "coordinates"])))

    def hostile():
        view = data.draw(st.sampled_from(["dense", "sparse", "coordinates"]))
        with pytest.raises((ValueError, TypeError), match=view):
            setattr(sdr, view, data.draw(st.sampled_from(["refused", [[0.5]] * (size + 1), None])))

    def reshape():
        dimensions[:] = data.draw(st.permutations(dimensions))
        sdr.reshape(dimensions)

    steps = [
        assign_dense,
        assign_sparse,
        assign_coordinates,
        take,
        write_and_assign_back,
        randomize,
        add_noise,
        kill_cells,
        join,
        concatenate,
        set_sdr,
        zero,
        read,
        hostile,
        reshape,
    ]
    for _ in range(data.draw(st.integers(1, 6))):
        after = data.draw(st.sampled_from(steps))()
        if after is not None:
            bits = np.asarray(after).astype(int)
            seen.append(np.flatnonzero(bits).tolist())
        if data.draw(st.booleans()):
            assert_views_agree(sdr, dimensions, bits)
    assert_views_agree(sdr, dimensions, bits)
    assert log.seen == seen


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(["dense", "sparse", "coordinates"]),
    st.one_of(
        st.none(),
        st.text(max_size=3),
        st.integers(),
        st.lists(st.one_of(st.integers(), st.floats(), st.booleans(), st.none()), max_size=6),
        st.lists(st.lists(st.integers(-1, 4), max_size=3), max_size=3),
        arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(max_dims=2, max_side=6)),
    ),
)
def test_anything_is_taken_or_refused_whole(view, value):
    sdr = SDR((2, 3)).randomize(0.5, 1)
    before = bits_of(sdr)
    message = view
    try:
        setattr(sdr, view, value)
    except (ValueError, TypeError) as error:
        message = str(error)
        assert_views_agree(sdr, [2, 3], before)
    assert message.startswith(view)
    assert_views_agree(sdr, [2, 3], bits_of(sdr))
