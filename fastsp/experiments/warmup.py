"""Compilation ahead of time: every kernel once, through the public classes."""

from itertools import product

import numpy as np

from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.pooler import SpatialPooler


def warm_up() -> None:
    """Run small poolers of every kind on small images, so that all kernels are compiled.

    Numba keeps compiled kernels on disk, so later processes load them instead.
    """
    images = np.random.default_rng(0).integers(0, 256, (4, 64), dtype=np.uint8)
    augmented = ImageAugmenter(random_state=0).augment(images)
    for channels, channel_shape in (("on", ()), ("on_off", (2,))):
        bits = BinaryImageEncoder(channels=channels).fit_transform(augmented)
        for inhibition, boosting, receptive_field in product(
            ("gaussian", "global"), ("log", "exp", None), ("gaussian", "box", "global")
        ):
            pooler = SpatialPooler(
                column_shape=(8, 8),
                input_shape=(8, 8, *channel_shape),
                receptive_field=receptive_field,
                potential_radius=None if receptive_field == "global" else 2,
                density=0.1,
                inhibition=inhibition,
                inhibition_radius=2,
                boosting=boosting,
                random_state=0,
            )
            pooler.partial_fit(bits).transform(bits)
            pooler.compute(bits[0], learn=True)
            pooler.compute(bits[0], learn=False)
            pooler.trace(bits[0])
