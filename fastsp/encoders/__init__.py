"""Encoders: from images, numbers, categories and dates to input bits.

All are scikit-learn transformers, so a `ColumnTransformer` puts them side by side.
"""

from fastsp.encoders.categories import CategoryEncoder
from fastsp.encoders.dates import DateTimeEncoder
from fastsp.encoders.images import BinaryImageEncoder, ImageAugmenter
from fastsp.encoders.numbers import CyclicEncoder, ScalarEncoder
from fastsp.encoders.random_distributed import RandomDistributedEncoder

__all__ = [
    "BinaryImageEncoder",
    "CategoryEncoder",
    "CyclicEncoder",
    "DateTimeEncoder",
    "ImageAugmenter",
    "RandomDistributedEncoder",
    "ScalarEncoder",
]
