"""What a page is sent, as messages: a greeting, pictures, and images to choose from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastsp
from fastsp.datasets import Mnist
from fastsp.demo.exam import FITTED, TRIED
from fastsp.demo.protocol import Message
from fastsp.demo.session import Picture, View
from fastsp.demo.settings import choices
from fastsp.demo.studio import Studio

OF_EACH = 12
"""Test images of each label that the page offers, where there are as many."""
MOST_OFFERED = 240


def hello(studio: Studio, preset: str) -> Message:
    """Return what does not change: shapes, labels, choices, and the images on offer."""
    data, config = studio.data, studio.config
    offered = offer(data)
    fields: dict[str, Any] = {
        "version": fastsp.__version__,
        "studio": studio.name,
        "preset": preset,
        "image_shape": data.image_shape,
        "column_shape": config.column_shape,
        "labels": [int(label) for label in np.unique(data.train_labels)],
        "choices": choices(config),
        "connected_threshold": config.connected_threshold,
        "density": config.density,
        "fitted": min(FITTED, len(data.train_images)),
        "tried": min(TRIED, len(data.test_images)),
    }
    arrays: dict[str, NDArray[Any]] = {
        "gallery": data.test_images[offered].ravel(),
        "gallery_labels": data.test_labels[offered].astype(np.int32),
    }
    return Message("hello", fields, arrays)


def offer(data: Mnist) -> NDArray[np.int64]:
    """Return positions of test images: the first of each label, then the second of each, ..."""
    labels = np.unique(data.test_labels)
    by_label = [np.flatnonzero(data.test_labels == label)[:OF_EACH] for label in labels]
    rounds = [
        [int(positions[turn]) for positions in by_label if turn < len(positions)]
        for turn in range(OF_EACH)
    ]
    return np.array([position for of_turn in rounds for position in of_turn][:MOST_OFFERED])


def note(studio: Studio) -> Message:
    """Return what the page waits for; not in which folder of this machine."""
    return Message("note", {"text": studio.note.partition(";")[0]}, {})


def picture(shown: Picture) -> Message:
    """Return a picture; the arrays of view `i` are called `i.bits` and so on."""
    fields = {
        "running": shown.is_running,
        "failure": shown.failure,
        "selected": shown.selected,
        "views": [_fields(view) for view in shown.views],
    }
    arrays: dict[str, NDArray[Any]] = {}
    for place, view in enumerate(shown.views):
        arrays |= {f"{place}.{name}": array for name, array in _arrays(view).items()}
    return Message("picture", fields, arrays)


def _fields(view: View) -> dict[str, Any]:
    field = view.field
    return {
        "settings": view.settings,
        "cycles": view.cycles,
        "cycles_per_second": view.cycles_per_second,
        "entropy": view.entropy,
        "accuracy": view.accuracy,
        "readout_cycles": view.readout_cycles,
        "stale": view.is_stale,
        "duty_cycle": field and field.duty_cycle,
        "boost_factor": field and field.boost_factor,
    }


def _arrays(view: View) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "bits": view.bits,
        "overlaps": view.overlaps.astype(np.uint16),  # which is how kernels count them
        "boosted": view.boosted,
        "inhibited": view.inhibited,
        "active": view.active,
        "off": view.off,
        "stands_for": view.stands_for,
        "probabilities": view.probabilities.astype(np.float32),
        "curve": view.curve,
    }
    if view.field:
        arrays |= {"inputs": view.field.inputs, "permanences": view.field.permanences}
    return arrays
