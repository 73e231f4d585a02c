"""A model as one file of JavaScript, its data packed, and what TypeScript wants to know of it."""

import base64
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp import __version__
from fastsp.export.blueprint import Blueprint

MEMBERS = (
    "inputShape",
    "columnShape",
    "labels",
    "encode",
    "overlaps",
    "boosted",
    "inhibited",
    "activeColumns",
    "trace",
    "classify",
)
SAFE = 2**53
"""Integers from here on are not all numbers of JavaScript."""
_SCRIPT = {
    "@load@": "A script element defines `@name@`. In Node.js: const model = require(...).",
    "@begin@": "(function (root) {",
    "@end@": """
  const taken = Object.prototype.hasOwnProperty.call(root, "@name@") ? root.@name@ : undefined;
  if (typeof module === "object" && module.exports) module.exports = model;
  else if (taken === undefined || (taken && taken.activeColumns)) root.@name@ = model;
  else throw new Error("there is another @name@ already: export the model by another name");
})(typeof globalThis === "object" ? globalThis : this);
""",
}
_MODULE = {
    "@load@": "An ES module: import model from ..., or import { trace } from ...",
    "@begin@": "const model = (function () {",
    "@end@": f"""  return model;
}})();

export default model;
export const {{ {", ".join(MEMBERS)} }} = model;
""",
}
_TYPES = {
    False: "export = model;\nexport as namespace @name@;\n",
    True: "export default model;\n"
    + "".join(f"export import {member} = model.{member};\n" for member in MEMBERS),
}


def is_module(path: Path) -> bool:
    """Return whether a file of JavaScript is an ES module: by its suffix, or as Node.js finds out.

    Files that end in ".js" are what the nearest package.json says, CommonJS where it says nothing.
    """
    if (suffix := path.suffix.lower()) != ".js":
        return suffix == ".mjs"
    for folder in path.resolve().parents:
        try:
            package = json.loads((folder / "package.json").read_text("utf-8"))
        except OSError:
            continue
        except ValueError:
            return False
        return isinstance(package, dict) and package.get("type") == "module"
    return False


def javascript_files(model: Blueprint, name: str, path: Path) -> dict[Path, str]:
    """Return the texts of a script that defines `name`, or of an ES module, and of its types."""
    of_module = is_module(path)
    types = path.with_suffix(path.suffix.lower().replace("js", "ts").replace(".", ".d.", 1))
    return {path: _code(model, name, of_module), types: _types(model, name, of_module)}


def _filled(template: str, parts: dict[str, str], name: str) -> str:
    text = (files("fastsp.export") / template).read_text("utf-8")
    for key, part in parts.items():
        text = text.replace(key, part.strip("\n"))
    return text.replace("@version@", __version__).replace("@name@", name)


def _types(model: Blueprint, name: str, of_module: bool) -> str:
    labels = model.readout.labels if model.readout else []
    kinds = {type(label) for label in map(_label, labels)}
    names = {bool: "boolean", int: "number", float: "number", str: "string"}
    label = " | ".join(sorted({names[kind] for kind in kinds})) or "never"
    terms = "scores" if model.readout and model.readout.is_ridge else "probabilities"
    parts = {"@label@": label, "@terms@": terms, "@exports@": _TYPES[of_module]}
    return _filled("model.d.ts", parts, name)


def _code(model: Blueprint, name: str, of_module: bool) -> str:
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
            "isRidge": readout.is_ridge,
            "ofLabel": _text(readout.of_label.astype("<f8")),
            "ofActive": _text(readout.of_active.astype("<f8")),
        }
    lines = ",\n".join(f"    {key}: {_json(value)}" for key, value in data.items())
    text = _filled("model.js", _MODULE if of_module else _SCRIPT, name)
    return text.replace("/* data */", f"\n{lines},\n  ")


def _json(value: Any) -> str:
    """Return JSON in which nothing ends or comments out the script of a page."""
    return json.dumps(value).replace("<", "\\u003c")


def _label(label: Any) -> Any:
    """Return a label as JavaScript knows it exactly: numbers that it does not have as text."""
    is_number = math.isfinite(label) if isinstance(label, float) else True
    is_exact = is_number and (not isinstance(label, int) or -SAFE < label < SAFE)
    return label if is_exact else str(label)


def _text(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii").rstrip("=")


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
