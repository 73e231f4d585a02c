"""Compilation ahead of time, through the public classes: of one model's kernels, or of all.

A kernel is compiled for the kinds that it serves, not for combinations of them. So for all of them
it is enough to meet each value of each parameter once. A new parameter gets a line here; a test
names kernels that are not reached.
"""

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from fastsp.classifiers import SoftmaxClassifier, StreamingRidgeClassifier
from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.engine.parameters import CHOICES
from fastsp.htm import SDR
from fastsp.htm import SpatialPooler as HtmPooler
from fastsp.pooler import SpatialPooler
from fastsp.similarity import SMALLEST_SHARE, OverlapIndex

BASE: dict[str, Any] = {
    "column_shape": (8, 8, 4),
    "input_shape": (8, 8, 2),
    "receptive_field": "gaussian",
    "potential_radius": 2,
    "inhibition_radius": 2,
    "density": 0.25,
    "random_state": 0,
}
"""Parameters of all poolers."""

FLAT: dict[str, Any] = {"column_shape": (8, 8)}

EVERYWHERE: dict[str, Any] = {"receptive_field": "global", "potential_radius": None}

VARIANTS: tuple[dict[str, Any], ...] = (
    *({"overlap_index": layout} for layout in CHOICES["overlap_index"]),
    *({"receptive_field": "box", **FLAT, "inhibition": kind} for kind in ("gaussian", "local")),
    {**EVERYWHERE, "inhibition": "grouped"},
    {"boosting": "log", "inhibition": "gaussian", **FLAT},
    {"boosting": "exp", "inhibition": "grouped"},
    {"boosting": None, "segments": 2},
    {"boosting": "exp", "boost_target": "neighbourhood", "inhibition": "gaussian", **FLAT},
    {"boosting": "exp", "boost_target": "neighbourhood", "inhibition": "local", **FLAT},
    {"column_shape": (300,), **EVERYWHERE, "inhibition": "gaussian", "inhibition_radius": 20},
    {"overlap": "share"},
    {"batch_size": 2},
    {"weak_column_share": 0.5},
    {"weak_column_share": 0.5, "inhibition": "gaussian", **FLAT},
    {"weak_column_share": 0.5, "inhibition": "local", **FLAT},
    {"weak_column_share": 0.5, "segments": 2},
)
"""Parameters in which the poolers differ."""

CLASSIC: tuple[dict[str, Any], ...] = (
    {"globalInhibition": True, "stimulusThreshold": 2, "localAreaDensity": 0.5},
    {"boostStrength": 1.0, "stimulusThreshold": 2},
)
"""By what poolers of `fastsp.htm` differ."""

LARGE: dict[str, Any] = {
    "column_shape": (512,),
    "potential_fraction": 0.5,
    "density": 0.5,
    "batch_size": 32,
    "n_jobs": 2,
    "random_state": 0,
}
"""A pooler large enough to use several threads."""


def warm_up(model: Any = None) -> None:
    """Compile what a model needs: a pooler, fitted or not, or a pipeline around one; or everything.

    The model is not changed. For everything, small poolers of every kind run on small images. Numba
    keeps compiled kernels on disk, so later processes load them instead.
    """
    if isinstance(model, HtmPooler):
        copy.deepcopy(model).compute(SDR(model.getInputDimensions()).randomize(0.1, 1), True)
    elif model is not None:
        for pooler in _poolers_in(model):
            _warm_one(pooler)
    else:
        _warm_all()


def _warm_all() -> None:
    random = np.random.default_rng(0)
    bits = _encode(random.integers(0, 256, (4, 64), dtype=np.uint8))
    for variant in VARIANTS:
        codes = _use(SpatialPooler(**BASE | variant), bits)
    SoftmaxClassifier(epochs=1).fit(codes, [0, 1, 0, 1]).predict(codes)
    index = OverlapIndex(codes, n_jobs=2)
    index.query(codes)
    index.query(np.ones((2 * SMALLEST_SHARE, index.n_columns)))
    index.remove([0])
    for samples in (bits, csr_array(np.eye(4, 24))):
        ridge = StreamingRidgeClassifier().fit(samples, [0, 1, 0, 1])
        ridge.merge(ridge)
    many = (random.random((80, 4096)) < 0.5).astype(np.uint8)
    for layout in CHOICES["overlap_index"]:
        SpatialPooler(**LARGE | {"overlap_index": layout}).partial_fit(many).transform(many)
    for variant in CLASSIC:
        pooler = HtmPooler(64, 512, 64, n_jobs=2, minPctOverlapDutyCycle=0.5, **variant)
        pooler.compute(SDR(64).randomize(0.5, 1), True)
        pooler.compute_many(bits[:, :64], learn=False)
        HtmPooler(4096, 512, 4096, n_jobs=2, **variant).compute_many(many)


def _poolers_in(model: Any) -> Iterator[SpatialPooler]:
    """Yield the poolers that are a model, or steps of a pipeline."""
    if isinstance(model, SpatialPooler):
        yield model
    for _, step in getattr(model, "steps", ()):
        yield from _poolers_in(step)


def _warm_one(pooler: SpatialPooler) -> None:
    """Let copies of a pooler learn and infer, alone, and with as many threads as it has.

    From many and from few on-bits, for which layouts of the overlap index differ.
    """
    fitted = hasattr(pooler, "n_features_in_")
    n_inputs = pooler.n_features_in_ if fitted else math.prod(pooler.input_shape or (784,))
    for share in (0.5, 0.1, 0.02):
        own, random = copy.deepcopy(pooler), np.random.default_rng(0)
        bits = (random.random((2, n_inputs)) < share).astype(np.uint8)
        for n_jobs in {1, own.n_jobs}:
            own.set_params(n_jobs=n_jobs).partial_fit(bits).transform(bits)
        own.compute(bits[0], learn=False)
        own.compute(bits[0])


def _encode(images: Any) -> Any:
    """Return input bits of images, after running every kernel of images."""
    for kind in (np.float64, np.int64):
        BinaryImageEncoder().fit_transform(images.astype(kind))
    augmented = ImageAugmenter(random_state=0).augment(images)
    BinaryImageEncoder(channels="on").fit_transform(augmented)
    return BinaryImageEncoder(channels="on_off").fit_transform(augmented)


def _use(pooler: SpatialPooler, bits: Any) -> Any:
    """Call every method that learns or transforms; return codes."""
    pooler.partial_fit(bits)
    pooler.partial_fit(csr_array(bits))
    read_only = bits.copy()
    read_only.flags.writeable = False
    pooler.transform(read_only)
    pooler.transform(csr_array(bits))
    for one in (bits[0], read_only[0], bits[0] > 0, bits[0].astype(float)):
        pooler.compute(one, learn=True)
        pooler.compute(one, learn=False)
    pooler.trace(bits[0])
    return pooler.transform(bits)
