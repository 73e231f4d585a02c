"""One pooler in several processes, and several processes on one cache of compiled kernels."""

import multiprocessing
import os
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed

from fastsp import SpatialPooler

ROOT = Path(__file__).parents[2]
X = (np.random.default_rng(0).random((60, 80)) < 0.2).astype(np.uint8)


def trained(n_jobs=None):
    return SpatialPooler((300,), random_state=0, n_jobs=n_jobs).fit(X)


def learn(pooler):
    """Learn once more, many inputs and one; return all of the state that this changes."""
    pooler.partial_fit(X).compute(X[0])
    state = pooler.permanences_, pooler.active_duty_cycles_, pooler.boost_factors_
    return pooler.n_cycles_, *(array.tobytes() for array in state), pooler.transform(X).indices


def same(found, expected):
    assert found[:-1] == expected[:-1]
    np.testing.assert_array_equal(found[-1], expected[-1])


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_gets_what_this_process_gets(backend):
    poolers = [trained(n_jobs=2) for _ in range(4)]
    expected = learn(trained())
    for found in Parallel(n_jobs=2, backend=backend)(delayed(learn)(one) for one in poolers):
        same(found, expected)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_children_go_on_from_where_the_parent_is(method):
    pooler = trained(n_jobs=2)
    pooler.transform(X)  # threads have come and gone
    expected = learn(trained())
    context = multiprocessing.get_context(method)
    with warnings.catch_warnings():
        # Python warns of forks wherever there is another thread, of the test runner's for one.
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(1, context) as children:
            same(children.submit(learn, pooler).result(timeout=120), expected)
    same(learn(pooler), expected)


KERNELS = """
import numpy as np
from fastsp.kernels.inhibition.top import new_selection_scratch, select_top
from fastsp.kernels.order import order_keys
keys, selected = np.empty(100, np.uint32), np.empty(9, np.int32)
order_keys(np.random.default_rng(0).random(100, dtype=np.float32), keys)
print(select_top(keys, 9, 0, new_selection_scratch(100), selected, 0)[0], selected.sum())
print(sum(select_top.stats.cache_hits.values()))
"""


def start(cache):
    return subprocess.Popen(
        [sys.executable, "-c", KERNELS],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_at_once_share_an_empty_cache(tmp_path):
    together = [start(tmp_path) for _ in range(4)]
    answers = {process.communicate()[0].split("\n")[0] for process in together}
    assert [process.returncode for process in together] == [0] * 4
    (answer,) = answers
    assert start(tmp_path).communicate()[0].split("\n")[:2] == [answer, "1"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only to root"
)
def test_a_cache_that_is_read_only_does_no_harm(tmp_path):
    answer = start(tmp_path).communicate()[0].split("\n")[0]
    for folder in [tmp_path, *filter(Path.is_dir, tmp_path.rglob("*"))]:
        folder.chmod(0o555)
    process = start(tmp_path)
    assert process.communicate()[0].split("\n")[0] == answer
    assert process.returncode == 0
