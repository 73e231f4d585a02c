"""Model files in, source files out."""

import re
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline

from fastsp.encoders import BinaryImageEncoder
from fastsp.export.blueprint import blueprint
from fastsp.export.c import c_files
from fastsp.export.javascript import javascript_file
from fastsp.files import replacing
from fastsp.persistence import load
from fastsp.pooler import SpatialPooler

LANGUAGES = ("js", "c")


def export(
    estimator: Any, path: str | PathLike[str], to: str = "js", *, name: str | None = None
) -> list[Path]:
    """Write a trained model as source code that does its inference, and nothing else.

    Active columns are those of `transform`, exactly. Labels are those of `predict`, and
    probabilities within 1e-6 of those of `predict_proba`.

    Parameters
    ----------
    estimator : SpatialPooler or Pipeline
        A pipeline holds a pooler; before it there may be a `BinaryImageEncoder`, behind it a
        `MaximumLikelihoodClassifier` or a `SoftmaxClassifier`.
    path : path
        Of the file to write. For C there are two: it ends in ".c", and the header lies beside it.
    to : {"js", "c"}
        JavaScript, for browsers and Node.js; or C99, for any compiler.
    name : str, optional
        What the model is called in the code: the global variable in JavaScript, the beginning of
        all names in C. By default the name of the file, made an identifier.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    TypeError
        If the model, or a step of it, is of a kind that is not exported.
    ValueError
        If `to` or `name` is not as described, or if codes would not be exactly those of the pooler:
        with local inhibition; with boost factors that single precision does not hold; with Gaussian
        inhibition along an axis of more than 256 columns that is blurred on a coarser grid, or of
        more than 2,048.
    NotFittedError
        If it is not fitted.
    OSError
        If a file cannot be written.
    """
    if to not in LANGUAGES:
        raise ValueError(f"to must be one of {', '.join(map(repr, LANGUAGES))}; got {to!r}")
    path = Path(path)
    if name is None:
        name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
        name = f"_{name}" if not name or name[0].isdigit() else name
    if not re.fullmatch(r"[A-Za-z_]\w*", name, flags=re.ASCII):
        raise ValueError(f"name must be an identifier of ASCII letters; got {name!r}")
    model = blueprint(estimator)
    header = path.with_suffix(".h")
    files = {path: javascript_file(model, name)} if to == "js" else {}
    if to == "c":
        if header == path:
            raise ValueError(f"path must not end in .h, which is the header; got {str(path)!r}")
        files = dict(zip((header, path), c_files(model, name, header.name), strict=True))
    for file, text in files.items():
        with replacing(file) as output:
            output.write(text.encode("utf-8"))
    return list(files)


def load_results(path: str | PathLike[str]) -> Any:
    """Load a model file, or the pipeline that `fastsp mnist` left in a folder.

    The pipeline is the encoder of its images, the pooler, and the readout.

    Raises
    ------
    ModelFileError, OSError
        As `fastsp.load`.
    ValueError
        If the pooler in the folder is not one over images.
    """
    path = Path(path)
    if not path.is_dir():
        return load(path)
    pooler, classifier = load(path / "pooler.fastsp"), load(path / "classifier.fastsp")
    shape: tuple[int, ...] = pooler.input_shape_ if isinstance(pooler, SpatialPooler) else ()
    if len(shape) not in (2, 3) or shape[2:] not in ((), (2,)):
        raise ValueError(f"{path} must hold a pooler over images; its inputs have shape {shape}")
    encoder = BinaryImageEncoder("on_off" if len(shape) == 3 else "on")
    encoder.fit(np.zeros((1, shape[0] * shape[1]), np.uint8))
    pipeline: Pipeline = make_pipeline(encoder, pooler, classifier)
    return pipeline
