"""Estimators as plain descriptions and arrays, and back: what model files hold.

A description is what JSON knows, in which {kind: ...} stands for what JSON lacks. Only what is
listed here is ever made from one: estimators of fastsp; of scikit-learn those that are arrays and
parameters, and predict and transform in NumPy, where wrong arrays lead to errors and not astray in
memory.
"""

import importlib
import os
import re
from collections import UserList
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_selector
from sklearn.utils.validation import check_is_fitted

from fastsp.archive import ModelFileError, can_be_kept
from fastsp.catalogue import ESTIMATORS as OWN
from fastsp.engine.parameters import check_count
from fastsp.htm.classifier import Classifier as HtmClassifier
from fastsp.htm.kept import Kept
from fastsp.htm.pooler import SpatialPooler as HtmPooler
from fastsp.htm.predictor import Predictor
from fastsp.similarity import OverlapIndex

Arrays = dict[str, NDArray[Any]]

_COMPOSITES = {
    "Pipeline": "sklearn.pipeline",
    "StreamingPipeline": "fastsp.streaming",
    "FeatureUnion": "sklearn.pipeline",
    "ColumnTransformer": "sklearn.compose",
}
_PARTS = {
    name: f"sklearn.{module}"
    for module, names in {
        "preprocessing": (
            "Binarizer FunctionTransformer KBinsDiscretizer LabelBinarizer MaxAbsScaler "
            "MinMaxScaler Normalizer OneHotEncoder OrdinalEncoder PowerTransformer "
            "QuantileTransformer RobustScaler StandardScaler"
        ),
        "impute": "MissingIndicator SimpleImputer",
        "decomposition": "PCA TruncatedSVD",
        "feature_selection": "VarianceThreshold",
        "linear_model": "LinearRegression LogisticRegression Ridge RidgeClassifier",
        "naive_bayes": "BernoulliNB ComplementNB GaussianNB MultinomialNB",
        "svm": "LinearSVC",
    }.items()
    for name in names.split()
}
ESTIMATORS = OWN | _COMPOSITES
"""What a model file can be of; with the modules."""
_KNOWN = ESTIMATORS | _PARTS
_PRIVATE_STATE = {"_one_hot", "_sklearn_output_config"}
"""Of estimators of fastsp, beside what ends with an underscore."""
_TYPES = {kind.__name__: kind for kind in (bool, int, float, str, object)} | {
    f"numpy.{kind.__name__}": kind
    for kind in (
        *(kind for kind in np.sctypeDict.values() if can_be_kept(np.dtype(kind))),
        *(np.str_, np.bytes_, np.object_, np.number, np.integer, np.floating),
    )
}
_DTYPE = re.compile(r"[<>|=]?[biufcmMSUO?]\d{0,6}(\[\w{1,4}\])?")
_KEPT: dict[str, type[Kept | OverlapIndex]] = {
    each.kind: each for each in (HtmPooler, HtmClassifier, Predictor, OverlapIndex)
}
_PCG64 = {"state": 2**128, "inc": 2**128, "has_uint32": 2, "uinteger": 2**32}
"""The state of the generator: names of integers, and what they are below."""


def describe(estimator: BaseEstimator | Kept | OverlapIndex) -> tuple[dict[str, Any], Arrays]:
    """Return a description of a fitted estimator, and the arrays that it names.

    Raises
    ------
    TypeError
        Where the estimator, or something that it holds, is not listed here; it is named.
    NotFittedError
        Where it is not fitted.
    """
    if isinstance(estimator, (Kept, OverlapIndex)):
        return estimator.describe()
    name = type(estimator).__name__
    if name not in ESTIMATORS or type(estimator) is not _find_class(name):
        raise TypeError(f"estimator must be one of {', '.join(ESTIMATORS)}, got {name}")
    check_is_fitted(estimator)
    arrays: Arrays = {}
    return _describe(estimator, "", arrays), arrays


def build(description: dict[str, Any], arrays: Arrays) -> Any:
    """Return what `describe` was given.

    Raises ModelFileError, or an error of any other kind, where the description is none.
    """
    if description["estimator"] in _KEPT:
        return _KEPT[description["estimator"]].restored(description, arrays)
    if description["estimator"] not in ESTIMATORS:
        raise ModelFileError(f"holds an unknown estimator, {description['estimator']!r}")
    estimator = _build(description, arrays)
    check_is_fitted(estimator)
    return estimator


def _find_class(name: str) -> type[BaseEstimator]:
    estimator: type[BaseEstimator] = getattr(importlib.import_module(_KNOWN[name]), name)
    return estimator


def _describe(estimator: BaseEstimator, key: str, arrays: Arrays) -> dict[str, Any]:
    """Return a description of an estimator, fitted or not, whose arrays go to `arrays`."""
    parameters = estimator.get_params(deep=False)
    # A generator object is used up by the time an estimator is fitted.
    if isinstance(parameters.get("random_state"), (np.random.Generator, np.random.RandomState)):
        parameters["random_state"] = None
    if parameters.get("memory") is not None:
        raise TypeError(f"{key}memory must be None to be saved, got {parameters['memory']!r}")
    name = type(estimator).__name__
    # The state is that of a pickle, which is of one moment, whatever other threads do.
    attributes = {
        attribute: value
        for attribute, value in estimator.__getstate__().items()
        if attribute not in parameters and (name not in OWN or _is_state(attribute))
    }
    return {
        "estimator": name,
        "parameters": _pack_all(parameters, key, arrays),
        "attributes": _pack_all(attributes, key, arrays),
    }


def _build(description: dict[str, Any], arrays: Arrays) -> BaseEstimator:
    """Return the estimator, in the state described."""
    name = description["estimator"]
    if name not in _KNOWN:
        raise ModelFileError(f"holds an unknown estimator, {name!r}")
    kind = _find_class(name)
    parameters = _unpack_all(description["parameters"], arrays)
    unknown = sorted(set(parameters) - set(kind._get_param_names()))
    if unknown:
        by = "" if name in OWN else f" of scikit-learn {sklearn.__version__}"
        raise ModelFileError(f"holds parameters that {name}{by} does not have, {unknown}")
    if parameters.get("memory") is not None:  # a folder of pickles
        raise ModelFileError("holds a memory, which is never loaded")
    n_jobs = parameters.get("n_jobs")
    if name not in OWN and isinstance(n_jobs, int):  # each may be a process
        parameters["n_jobs"] = min(n_jobs, os.cpu_count() or 1)
    estimator = kind(**parameters)
    attributes = _unpack_all(description["attributes"], arrays)
    for attribute in attributes:
        if name in OWN and not _is_state(attribute):
            raise ModelFileError(f"holds an attribute that is no state, {attribute!r}")
        if attribute.startswith("__") or callable(getattr(kind, attribute, None)):
            raise ModelFileError(f"holds an attribute that is no state, {attribute!r}")
    fitted = any(attribute.endswith("_") for attribute in attributes)
    if name in OWN and fitted:
        check_count("n_features_in_", attributes.get("n_features_in_"))
    if attributes:
        estimator.__setstate__(attributes)  # warns where scikit-learn was of another version
    if name in OWN and fitted:
        getattr(estimator, "_restore", lambda: None)()
    return estimator


def _is_state(name: str) -> bool:
    return name in _PRIVATE_STATE or (name.endswith("_") and not name.startswith("_"))


def _pack_all(values: dict[str, Any], key: str, arrays: Arrays) -> dict[str, Any]:
    return {name: _pack(value, f"{key}{name}", arrays) for name, value in values.items()}


def _unpack_all(values: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    return {name: _unpack(value, arrays) for name, value in values.items()}


def _pack(value: Any, key: str, arrays: Arrays) -> Any:
    """Return `value` for JSON, in which {kind: ...} stands for what JSON lacks.

    Arrays and NumPy scalars go to `arrays`, under a name that begins with `key`.
    """
    if isinstance(value, (np.ndarray, np.generic)) and can_be_kept(value.dtype):
        return {"array": _keep(np.asarray(value), key, arrays)}
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == object:
        return {"objects": _pack(value.tolist(), key, arrays)}
    if isinstance(value, UserList):
        return _pack(value.data, key, arrays)
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{key}.{place}", arrays) for place, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": _pack_all(value, f"{key}.", arrays)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return _pack_object(value, key, arrays)


def _pack_object(value: Any, key: str, arrays: Arrays) -> Any:
    """Return for JSON what is neither number, text, array nor a collection of them."""
    name = type(value).__name__
    if name in _KNOWN and type(value) is _find_class(name):
        return {"estimator": _describe(value, f"{key}.", arrays)}
    if isinstance(value, slice):
        return {"slice": _pack([value.start, value.stop, value.step], key, arrays)}
    if isinstance(value, type) and value in _TYPES.values():
        return {"type": next(known for known, kind in _TYPES.items() if kind is value)}
    if isinstance(value, np.dtype) and _DTYPE.fullmatch(value.str):
        return {"dtype": value.str}
    if type(value) is make_column_selector:
        return {"selector": _pack_all(vars(value), f"{key}.", arrays)}
    if type(value) is np.random.Generator and type(value.bit_generator) is np.random.PCG64:
        state: Any = value.bit_generator.state
        return {"generator": state["state"] | {k: state[k] for k in ("has_uint32", "uinteger")}}
    if hasattr(value, "to_numpy") and hasattr(
        value, "__len__"
    ):  # names of columns, as an index of pandas
        return _pack(value.to_numpy(), key, arrays)
    if isinstance(value, BaseEstimator):
        raise TypeError(
            f"{key} must be an estimator that is arrays and parameters to be saved, one of "
            f"{', '.join(_KNOWN)}; got {name}"
        )
    raise TypeError(f"{key} must hold arrays, numbers and text to be saved, got {type(value)}")


def _keep(array: NDArray[Any], key: str, arrays: Arrays) -> str:
    """Put an array into `arrays`, under a name like `key` that no other has."""
    name = re.sub(r"[^\w.-]", "_", key, flags=re.ASCII)[:200]
    while name in arrays:
        name += "_"
    arrays[name] = array
    return name


def _unpack(value: Any, arrays: Arrays) -> Any:
    """Return what `_pack` was given."""
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content] if arrays[content].ndim else arrays[content][()]
    if kind == "dict":
        return _unpack_all(content, arrays)
    if kind == "estimator":
        return _build(content, arrays)
    if kind == "type":
        return _TYPES[content]
    if kind == "dtype" and _DTYPE.fullmatch(content):
        return np.dtype(content)
    if kind == "selector":
        return make_column_selector(**_unpack_all(content, arrays))
    if kind == "generator":
        return _generator(content)
    if kind in ("tuple", "objects", "slice"):
        items = _unpack(content, arrays)
        if kind == "tuple":
            return tuple(items)
        if kind == "slice":
            return slice(*items)
        objects = np.empty(len(items), dtype=object)
        objects[:] = items
        return objects
    raise ModelFileError(f"unknown kind of value {kind!r}")


def _generator(state: dict[str, int]) -> np.random.Generator:
    if state.keys() != _PCG64.keys() or not all(
        type(number) is int and 0 <= number < _PCG64[name] for name, number in state.items()
    ):
        raise ModelFileError("holds a random generator in a state that it cannot be in")
    bits = np.random.PCG64(0)
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": state["state"], "inc": state["inc"]},
        "has_uint32": state["has_uint32"],
        "uinteger": state["uinteger"],
    }
    return np.random.Generator(bits)
