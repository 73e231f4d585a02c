"""Model files in, source files out."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline

from fastsp.encoders import BinaryImageEncoder
from fastsp.export.blueprint import blueprint
from fastsp.export.c import c_files
from fastsp.export.javascript import javascript_files
from fastsp.export.names import SUFFIXES, check_name, check_path, name_of
from fastsp.files import replacing
from fastsp.persistence import load
from fastsp.pooler import SpatialPooler


def export(
    estimator: Any, path: str | PathLike[str], to: str = "js", *, name: str | None = None
) -> list[Path]:
    """Write a trained model as source code that does its inference, and nothing else.

    Active columns are those of `transform`, exactly. Labels are those of `predict`, and
    probabilities within 1e-6 of those of `predict_proba`; of a `StreamingRidgeClassifier` scores
    are exported, +1 or so for the label and -1 for others.

    Parameters
    ----------
    estimator : SpatialPooler or Pipeline
        A pipeline holds a pooler; before it there may be a `BinaryImageEncoder`, behind it a
        `MaximumLikelihoodClassifier`, a `SoftmaxClassifier` or a `StreamingRidgeClassifier`.
    path : path
        Of the file to write; its folder is made where there is none. JavaScript ends in ".js",
        ".mjs" or ".cjs". An ".mjs" is an ES module, as is a ".js" where the nearest package.json
        says "type": "module"; any other file is a script that is a CommonJS module as well. Its
        types lie beside it, as ".d.ts". C ends in ".c", or ".cpp" and the like, and its header lies
        beside it.
    to : {"js", "c"}
        JavaScript, for browsers and Node.js; or C99 that is C++11 as well, for any compiler.
    name : str, optional
        What the model is called in the code: the global variable of a script, the beginning of all
        names in C. By default the name of the file, made an identifier that is nobody else's.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    TypeError
        If the model, or a step of it, is of a kind that is not exported.
    ValueError
        If `to`, `path` or `name` is not as described or belongs to the language, as `undefined` and
        `math.c` do, labels are none of the language's, or codes would not be exactly the pooler's:
        with local inhibition; with boost factors that single precision does not hold; with Gaussian
        inhibition along an axis of more than 256 columns that is blurred on a coarser grid, or of
        more than 2,048.
    NotFittedError
        If it is not fitted.
    OSError
        If a file cannot be written.
    """
    if to not in SUFFIXES:
        raise ValueError(f"to must be one of {', '.join(map(repr, SUFFIXES))}; got {to!r}")
    path = Path(path)
    check_path(path, to)
    name = name_of(path, to) if name is None else name
    check_name(name, to)
    write = javascript_files if to == "js" else c_files
    files = write(blueprint(estimator), name, path)
    path.parent.mkdir(parents=True, exist_ok=True)
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
