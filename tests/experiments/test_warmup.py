"""Warming up: afterwards nothing that users do is compiled."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys, tempfile
import numpy as np
from numba.core.dispatcher import Dispatcher
from scipy.sparse import csr_matrix

def kernels(of):
    return {
        f"{value.py_func.__module__}.{value.py_func.__name__}": value
        for name, module in list(sys.modules.items()) if of(name)
        for value in vars(module).values() if isinstance(value, Dispatcher)
    }

def signatures():
    all_of_them = kernels(lambda name: name.startswith("fastsp.kernels"))
    return {f"{name}{signature}" for name, kernel in all_of_them.items()
            for signature in kernel.signatures}

from fastsp.experiments.warmup import warm_up
warm_up()
compiled = signatures()
# What kernels alone call is within these, and may have come out of the cache with them.
called = kernels(lambda name: name.startswith("fastsp.") and "kernels" not in name)
assert len(called) > 10
left_out = {name for name, kernel in called.items() if not kernel.signatures}
assert not left_out, left_out

from fastsp import *
from fastsp import load, save
random = np.random.default_rng(1)
images = random.integers(0, 256, (30, 100), dtype=np.uint8)
bits = BinaryImageEncoder().fit_transform(ImageAugmenter(random_state=0).augment(images))
labels = np.arange(30) % 3
for how in (
    dict(boosting="log", n_jobs=2),
    dict(inhibition="gaussian", inhibition_radius=2, weak_column_share=0.1),
    dict(inhibition="local", inhibition_radius=2, boosting="exp"),
    dict(segments=3, batch_size=4, overlap="share"),
    dict(inhibition="grouped", boosting=None),
):
    pooler = SpatialPooler((10, 30), random_state=0, **how).fit(bits)
    pooler.partial_fit(csr_matrix(bits)).partial_fit(bits.astype(float)).partial_fit(bits > 0)
    codes = pooler.switch_off([3], [5]).transform(csr_matrix(bits))
    pooler.transform(np.asfortranarray(bits))
    pooler.compute(bits[0]), pooler.compute(bits[0] > 0, learn=False), pooler.trace(bits[1])
    with tempfile.TemporaryDirectory() as folder:
        save(pooler, f"{folder}/model")
        load(f"{folder}/model").partial_fit(bits)
    SoftmaxClassifier().fit(codes, labels).predict(codes)
    SoftmaxClassifier(average=True).partial_fit(codes.toarray(), labels, [0, 1, 2])
    index = OverlapIndex(codes, n_jobs=2)
    index.remove([0])
    index.query(codes.toarray(), 2), index.query(csr_matrix(np.ones((5000, 300))), 3)
    with tempfile.TemporaryDirectory() as folder:
        save(index, f"{folder}/model")
        load(f"{folder}/model").query(codes)
    MaximumLikelihoodClassifier().fit(codes, labels).predict(codes)
    ridge = StreamingRidgeClassifier().fit(bits, labels, 1 + labels)
    ridge.partial_fit(csr_matrix(bits), labels).partial_fit(0.5 * bits, labels).predict(bits)
    other = StreamingRidgeClassifier().fit(codes, labels)
    StreamingRidgeClassifier().fit(codes, labels).merge(other)
large = (random.random((40, 5000)) < 0.5).astype(np.uint8)
SpatialPooler((600,), density=0.4, batch_size=40, n_jobs=2, random_state=0).fit(large)
from fastsp import htm
for is_global in (True, False):
    for boost in (0.0, 2.0):
        sp = htm.SpatialPooler(200, 300, 20, 0.5, is_global, boostStrength=boost, n_jobs=2,
                               stimulusThreshold=3, minPctOverlapDutyCycle=0.3)
        for learn in (True, False):
            sp.compute(htm.SDR(200).randomize(0.2, 1), learn)
            sp.compute_many(csr_matrix(bits), learn)
            sp.compute_many(bits, learn)
        sp.loadFromString(sp.writeToString())
large = htm.SpatialPooler(5000, 600, 5000, 0.5, True, 0.4, n_jobs=2).compute_many(large)
assert signatures() == compiled, signatures() - compiled
"""


@pytest.mark.slow
def test_after_warming_up_nothing_is_compiled():
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
