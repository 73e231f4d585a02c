"""A model as a header and a source of C99: the data as constant arrays, the inference in loops."""

import re
import textwrap
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp import __version__
from fastsp.export.blueprint import Blueprint, Readout

_INTEGERS: dict[type[Any], str] = {np.uint16: "uint16_t", np.uint32: "uint32_t"}


def c_files(model: Blueprint, name: str, path: Path) -> dict[Path, str]:
    """Return the texts of the header and of the source; all that they define begins with `name`."""
    header_path = path.with_suffix(".h")
    header, source = (_template(f"model.{suffix}") for suffix in ("h", "c"))
    sizes = "\n".join(f"#define MODEL_{key} {value}" for key, value in _sizes(model).items())
    labels = model.readout.labels if model.readout else []

    def named(text: str) -> str:
        text = re.sub(r"\bMODEL_", f"{name.upper()}_", text)
        return re.sub(r"\bmodel_", f"{name}_", text)

    # File and labels come last: they are nobody's names.
    source = named(source.replace("/* data */", _data(model)))
    source = source.replace("@header@", header_path.name)
    return {
        header_path: named(header.replace("/* sizes */", sizes)),
        path: source.replace("@labels@", ", ".join(map(_text, labels))),
    }


def _template(name: str) -> str:
    return (files("fastsp.export") / name).read_text("utf-8").replace("@version@", __version__)


def _sizes(model: Blueprint) -> dict[str, int]:
    n_groups = model.n_columns // model.group_size
    sizes = {
        "N_INPUTS": model.n_inputs,
        "N_COLUMNS": model.n_columns,
        "N_SEGMENTS": model.n_segments,
        "GROUP_SIZE": model.group_size,
        "N_ACTIVE": model.n_active,
        "MAX_ACTIVE": model.n_active * n_groups,
        "N_LABELS": len(model.readout.labels) if model.readout else 0,
        "CHANNELS": model.channels,
        "OVERLAP_STEP": model.overlap_step,
        "IS_SHARED": int(model.connected_counts.size > 0),
        "IS_GAUSSIAN": int(model.is_gaussian),
        "IS_MEAN": int(model.readout is not None and model.readout.is_mean),
        "IS_RIDGE": int(model.readout is not None and model.readout.is_ridge),
    }
    if model.channels:
        sizes["N_PIXELS"] = model.n_inputs // model.channels
    if model.is_gaussian:
        sizes |= {"ROOM": model.room, "N_STEPS": len(model.blur)}
    return sizes


def _data(model: Blueprint) -> str:
    narrow = np.uint16 if model.n_inputs <= 2**16 else np.uint32
    # An array has at least one element.
    positions = model.indices if model.indices.size else np.zeros(1, np.int64)
    parts = [
        "/* Where the connected synapses of each row begin, and the input bits of all. */",
        _array("starts", model.indptr, np.uint32),
        _array("positions", positions, narrow),
        "/* The smallest overlap with which a row may win; 65535 where its column is off. */",
        _array("thresholds", model.thresholds, np.uint16),
        _floats("boost_factors", model.boost_factors),
        _floats("tie_breakers", model.tie_breakers),
    ]
    if model.connected_counts.size:
        parts.append(_array("connected_counts", model.connected_counts, np.uint16))
    if model.tie_keys.size:
        parts.append(_array("tie_keys", model.tie_keys, np.uint32))
    if model.is_gaussian:
        parts.append(_blur(model))
    if model.readout:
        parts.append(_readout(model.readout))
    return "\n".join(parts)


def _blur(model: Blueprint) -> str:
    weights = "\n".join(
        _floats(f"weights_{i}", step.weights.ravel()) for i, step in enumerate(model.blur)
    )
    steps = []
    for i, step in enumerate(model.blur):
        m, n = step.weights.shape
        steps.append(f"{{{step.outer}, {m}, {n}, {step.inner}, model_weights_{i}}}")
    all_steps = ", ".join(steps) or "{0, 0, 0, 0, 0}"
    return (
        f"{weights}\n"
        "typedef struct {\n"
        "    int outer, m, n, inner;\n"
        "    const float *weights;\n"
        "} model_product;\n"
        f"static const model_product model_blur_steps[] = {{{all_steps}}};"
    )


def _readout(readout: Readout) -> str:
    rows = ",\n".join(
        "{" + ", ".join(map(_double, row)) + "}" for row in readout.of_active.tolist()
    )
    n_labels = len(readout.labels)
    terms = ", ".join(map(_double, readout.of_label.tolist()))
    return (
        f"const char *const model_labels[{n_labels}] = {{@labels@}};\n"
        f"static const double model_of_label[{n_labels}] = {{{terms}}};\n"
        f"static const double model_of_active[][{n_labels}] = {{\n{rows}\n}};"
    )


def _text(label: Any) -> str:
    """Return a label as a literal: in UTF-8, as octal numbers where it is not plain ASCII."""
    text = str(label)
    if "\0" in text or re.search("[\ud800-\udfff]", text):
        raise ValueError(f"labels must be valid Unicode without zeros for C; got {label!r}")
    plain = set(range(32, 127)) - set(b'"?\\')
    escaped = (chr(b) if b in plain else f"\\{b:03o}" for b in text.encode("utf-8"))
    return f'"{"".join(escaped)}"'


def _double(value: float) -> str:
    """Return a number as a literal that is exactly it."""
    return repr(value) if np.isfinite(value) else ("-" if value < 0 else "") + "HUGE_VAL"


def _float(value: float) -> str:
    text = f"{value:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _floats(name: str, values: NDArray[np.float32]) -> str:
    return _lines(f"static const float model_{name}[]", map(_float, values.tolist()))


def _array(name: str, values: NDArray[Any], dtype: type[Any]) -> str:
    return _lines(f"static const {_INTEGERS[dtype]} model_{name}[]", map(str, values.tolist()))


def _lines(declaration: str, literals: Any) -> str:
    body = "\n".join(textwrap.wrap(", ".join(literals), 100, break_long_words=False))
    return f"{declaration} = {{\n{body}\n}};"
