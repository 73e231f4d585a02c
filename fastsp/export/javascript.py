"""A model as one file of JavaScript: the data packed, the inference in plain loops."""

import base64
import json
import math
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp import __version__
from fastsp.export.blueprint import Blueprint


def javascript_file(model: Blueprint, name: str) -> str:
    """Return the text of a script that defines `name`, and is a CommonJS module as well."""
    readout = model.readout
    numbers: dict[str, Any] = {
        "channels": model.channels,
        "inputShape": model.input_shape,
        "columnShape": model.column_shape,
        "nSegments": model.n_segments,
        "groupSize": model.group_size,
        "nActive": model.n_active,
        "threshold": model.threshold,
        "overlapStep": model.overlap_step,
        "isGaussian": model.is_gaussian,
    }
    arrays = {
        "synapses": pack_rows(model.indptr, model.indices),
        "connectedCounts": model.connected_counts.astype("<u2"),
        "thresholds": model.thresholds.astype("<u2"),
        "boostFactors": model.boost_factors.astype("<f4"),
        "tieBreakers": model.tie_breakers.astype("<f4"),
        "tieKeys": model.tie_keys.astype("<u4"),
    }
    data = numbers | {key: _text(array) for key, array in arrays.items()}
    data["blur"] = [
        {
            "outer": step.outer,
            "inner": step.inner,
            "rows": len(step.weights),
            "weights": _text(step.weights.astype("<f4")),
        }
        for step in model.blur
    ]
    data["readout"] = None
    if readout is not None:
        data["readout"] = {
            "labels": [_label(label) for label in readout.labels],
            "isMean": readout.is_mean,
            "ofLabel": _text(readout.of_label.astype("<f8")),
            "ofActive": _text(readout.of_active.astype("<f8")),
        }
    lines = ",\n".join(f"    {key}: {json.dumps(value)}" for key, value in data.items())
    template = (files("fastsp.export") / "model.js").read_text("utf-8")
    return (
        template.replace("@version@", __version__)
        .replace("@name@", name)
        .replace("/* data */", f"\n{lines},\n  ")
    )


def _label(label: Any) -> Any:
    """Return a label as JSON knows it; numbers that it does not know as text."""
    return str(label) if isinstance(label, float) and not math.isfinite(label) else label


def _text(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def pack_rows(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Pack rows of ascending positions into bytes.

    Of each row the number of positions, the first, and the distance of each to the one before; each
    number in as many bytes as it needs, seven bits in each, the least significant first, and the
    highest bit set in all but the last.
    """
    numbers = np.diff(indices, prepend=0)
    begins = indptr[:-1][np.diff(indptr) > 0]
    numbers[begins] = indices[begins]
    numbers = np.insert(numbers, indptr[:-1], np.diff(indptr))
    limits = 1 << 7 * np.arange(1, 5)
    n_bytes = 1 + np.searchsorted(limits, numbers, side="right")
    places = np.cumsum(n_bytes) - n_bytes
    packed = np.zeros(n_bytes.sum(), np.uint8)
    for i in range(5):
        longer = n_bytes > i
        more = np.where(n_bytes[longer] > i + 1, 128, 0)
        packed[places[longer] + i] = (numbers[longer] >> 7 * i) & 127 | more
    return packed
