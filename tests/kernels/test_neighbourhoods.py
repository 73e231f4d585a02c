"""Sums and maxima over boxes of columns, against plain loops."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from fastsp.engine.topology import boxes
from fastsp.kernels.neighbourhoods import max_boxes, sum_boxes


@pytest.mark.core
@examples(150)
@given(st.data())
def test_sums_and_maxima_over_boxes(data):
    shape = data.draw(
        st.lists(st.integers(1, 30), min_size=1, max_size=3).filter(lambda s: np.prod(s) < 500)
    )
    reaches = data.draw(st.lists(st.integers(0, 32), min_size=len(shape), max_size=len(shape)))
    wrap = data.draw(st.booleans())
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    values = random.random(np.prod(shape)) ** data.draw(st.sampled_from([1, 20]))
    around = boxes(tuple(shape), tuple(reaches), wrap)
    near = [naive.neighbours(c, shape, reaches, wrap) for c in range(values.size)]
    out, work = np.empty(values.size), np.empty((3, around.room))
    sum_boxes(around, values, work, out)
    np.testing.assert_allclose(out, [values[b].sum() for b in near], rtol=1e-9, atol=1e-12)
    assert around.sizes.tolist() == [len(b) for b in near]
    max_boxes(around, values, work, out)
    assert out.tolist() == [values[b].max() for b in near]
