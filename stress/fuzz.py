"""Hostile model files, image files and sparse matrices: `python -m stress.fuzz`.

Whole files are mutated, whose checksums and sizes are right but whose contents lie: values out of
bounds or twice in a pool, arrays of other lengths and types, headers that say something else; and
files cut short or with bytes changed. Each must be refused with the one error of its kind, or give
a model that works: one that loads is then used, for inference and for learning. In the same way the
arrays of sparse matrices are changed, and given to poolers and classifiers. What crashes the
process ends the run, and the number of the last file says which it was.

`--keep FILE` keeps a corpus, a ZIP archive, with the smallest file of every kind: of every outcome
and every message. The tests replay tests/corpus.zip.
"""

import argparse
import gzip
import io
import json
import re
import struct
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy.sparse
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fastsp
from fastsp.classifiers.base import SdrClassifier
from fastsp.datasets import read_idx
from fastsp.persistence import ModelFileError

N_FEATURES = 60
_NUMBERS = (0, -1, 1, 2, 63, 64, 65, 255, 2**16, 2**31 - 1, -(2**31), 2**63 - 1)
_REALS = (0.0, -1.0, 0.5, 1e300, -1e300, 1e-320, np.nan, np.inf, -np.inf)
_WORDS = (None, True, "", "local", "lists", [], {}, [0], [3, 20], 0, -1, 7, 10**9, 0.5, -2.5, 1e300)


def models() -> list[Any]:
    """Return small estimators of many kinds, all fitted."""
    X = (np.random.default_rng(0).random((60, N_FEATURES)) < 0.3).astype(np.uint8)
    y = np.arange(60) % 3
    shared = {"input_shape": (6, 10), "density": 0.1, "random_state": 0}
    near = {"receptive_field": "box", "potential_radius": 3} | shared
    poolers = [
        fastsp.SpatialPooler((20,), density=0.1, random_state=0),
        fastsp.SpatialPooler((3, 10), **near, inhibition="gaussian", overlap_index="rows"),
        fastsp.SpatialPooler((3, 10), **near, inhibition="local", overlap_index="lists"),
        fastsp.SpatialPooler((2, 2, 20), **near, inhibition="grouped", overlap_index="words"),
        fastsp.SpatialPooler((3, 10), **near, segments=3, overlap="share"),
        fastsp.SpatialPooler(
            (20,), **shared, boosting="exp", boost_target="neighbourhood", weak_column_share=0.3
        ),
    ]
    fitted = [pooler.fit(X).switch_off(columns=[2], inputs=[5]) for pooler in poolers]
    readouts = (
        fastsp.MaximumLikelihoodClassifier(),
        fastsp.SoftmaxClassifier(average=True),
        fastsp.StreamingRidgeClassifier(),
    )
    return fitted + [readout.fit(X, y) for readout in readouts] + _whole_models(X[:, :6], y)


def _whole_models(X: Any, y: Any) -> list[Any]:
    """Return fitted encoders, and pipelines of them with poolers, for few features."""
    numbers = X + np.random.default_rng(0).random(X.shape)
    encoders = [
        fastsp.ScalarEncoder(n_bits=20, n_on=3),
        fastsp.CyclicEncoder(n_bits=20, n_on=3),
        fastsp.RandomDistributedEncoder(n_bits=20, n_on=3, random_state=0),
        fastsp.DateTimeEncoder(("day", "month"), n_bits=20, n_on=3),
        fastsp.CategoryEncoder(2, handle_unknown="ignore"),
        fastsp.BinaryImageEncoder(),
        fastsp.ImageAugmenter(image_shape=(2, 3), random_state=0),
    ]
    columns = ColumnTransformer(
        [
            ("one", fastsp.ScalarEncoder(n_bits=20, n_on=3), [0, 1]),
            ("two", OneHotEncoder(handle_unknown="ignore"), slice(2, 4)),
            ("three", fastsp.CategoryEncoder(2, handle_unknown="ignore"), [4]),
        ]
    )
    union = FeatureUnion(
        [(name, fastsp.SpatialPooler((20,), density=0.1, random_state=0)) for name in "ab"]
    )
    wholes = [
        make_pipeline(columns, union, LogisticRegression()),
        make_pipeline(StandardScaler(), union, fastsp.MaximumLikelihoodClassifier("bernoulli")),
    ]
    return [model.fit(numbers.round(1), y) for model in encoders + wholes]


def _mutate_array(array: Any, random: np.random.Generator) -> Any:
    """Return an array that is another in some way."""
    kind = random.integers(9)
    if kind >= 7 and array.ndim == 1 and array.size > 1:
        return _mutate_order(array, random)
    if kind == 0:
        return array[: random.integers(len(array) + 1)] if array.ndim else array
    if kind == 1:
        return np.concatenate([array, array]) if array.ndim else array
    if kind == 2:
        return array.astype(random.choice(["f4", "f8", "i4", "i8", "u2", "?", "c16", "U3"]))
    if kind == 3:
        return array.reshape((random.choice(["C", "F"]) == "C" and (1, -1)) or (-1, 1))
    if kind == 4:
        return np.asfortranarray(array[::-1]) if array.ndim else array
    changed = array.copy()
    if changed.size and changed.dtype.kind in "iuf":
        values = _REALS if changed.dtype.kind == "f" else _NUMBERS
        for _ in range(random.integers(1, 4)):
            with np.errstate(all="ignore"):
                value = np.array(values[random.integers(len(values))]).astype(changed.dtype)
            changed.flat[random.integers(changed.size)] = value
    return changed


def _mutate_order(array: Any, random: np.random.Generator) -> Any:
    """Return the values of an array, some of them again in place of others, or elsewhere."""
    changed = array.copy()
    begin, end = np.sort(random.integers(array.size + 1, size=2))
    part = changed[begin:end]
    if part.size:
        part[:] = part[random.integers(part.size)] if random.random() < 0.5 else part[::-1].copy()
    return changed


def _mutate_header(header: Any, random: np.random.Generator) -> None:
    """Change, or take out, one entry of a header in place."""
    place = header
    while True:
        keys = list(place)
        if not keys:
            return
        key = keys[random.integers(len(keys))]
        if not isinstance(place[key], dict) or random.random() < 0.05:
            break
        place = place[key]
    if random.random() < 0.2:
        del place[key]
    else:
        place[key] = _WORDS[random.integers(len(_WORDS))]


def mutate_model(content: bytes, random: np.random.Generator) -> bytes:
    """Return a model file, of which one to three things were changed."""
    if random.random() < 0.2:
        return mutate_bytes(content, random)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(random.integers(1, 4)):
        name = list(members)[random.integers(len(members))]
        if name.endswith(".json"):
            header = json.loads(members[name])
            _mutate_header(header, random)
            members[name] = json.dumps(header).encode()
        else:
            out = io.BytesIO()
            try:
                array = np.load(io.BytesIO(members[name]))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    np.save(out, _mutate_array(array, random))
            except (ValueError, TypeError):
                continue
            members[name] = out.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def mutate_bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file that is cut, longer, or has other bytes."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 6)):
        if changed:
            changed[random.integers(len(changed))] = random.integers(256)
    kind = random.integers(4)
    if kind == 0:
        return bytes(changed[: random.integers(len(changed) + 1)])
    return bytes(changed) + (bytes(random.integers(64)) if kind == 1 else b"")


def mutate_matrix(X: Any, random: np.random.Generator) -> Any:
    """Return a CSR matrix, one or two of whose arrays were changed, or its shape."""
    changed = scipy.sparse.csr_matrix(X)
    for _ in range(random.integers(1, 3)):
        name = ("data", "indices", "indptr", "_shape")[random.integers(4)]
        if name == "_shape":
            size = _NUMBERS[random.integers(len(_NUMBERS))]
            changed._shape = (size, X.shape[1]) if random.random() < 0.5 else (X.shape[0], size)
        else:
            with np.errstate(all="ignore"):
                setattr(changed, name, _mutate_array(getattr(changed, name), random))
    return changed


def use(model: Any) -> None:
    """Let a model that was loaded work, on inputs as its own header has them."""
    n = model.n_features_in_
    if not isinstance(n, int) or not 0 < n <= 10_000 or not _is_small(model):
        return
    X = (np.random.default_rng(1).random((6, n)) < 0.3).astype(np.uint8)
    if isinstance(model, fastsp.SpatialPooler):
        model.transform(X)
        model.compute(X[0], learn=False)
        model.partial_fit(X)
        model.compute(X[0])
    elif isinstance(model, SdrClassifier):
        model.predict(X)
        model.partial_fit(X, np.resize(model.classes_, len(X)))
    else:
        numbers = X + np.random.default_rng(2).random(X.shape).round(1)
        with joblib.parallel_config("sequential"):
            (model.transform if hasattr(model, "transform") else model.predict)(numbers)
        if isinstance(model, fastsp.ImageAugmenter):
            model.augment(X)


def _is_small(model: Any) -> bool:
    """Return whether no parameter asks for more memory, or time, than a try is worth."""
    numbers = [value for value in model.get_params().values() if isinstance(value, int)]
    return all(abs(number) <= 10_000 for number in numbers) or not hasattr(model, "n_bits")


def idx_files() -> list[bytes]:
    """Return image and label files, plain and compressed."""
    images = struct.pack(">4I", 0x803, 5, 7, 7) + bytes(range(245))
    labels = struct.pack(">2I", 0x801, 9) + bytes(range(9))
    return [images, labels, gzip.compress(images), gzip.compress(labels)]


def run(
    n: int,
    seed: int,
    tell: Callable[[int], None] = lambda i: None,
    kinds: dict[str, bytes] | None = None,
) -> Counter[str]:
    """Try `n` files and matrices; return how many were refused, worked, or were refused when used.

    Raises whatever a file leads to that is no error of its kind. The smallest file of each kind is
    kept in `kinds`.
    """
    random = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        contents = []
        for model in models():
            fastsp.save(model, path)
            contents.append(path.read_bytes())
        images = idx_files()
        users, X = models()[:8], scipy.sparse.csr_matrix(np.eye(N_FEATURES, dtype=np.uint8))
        for i in range(n):
            tell(i)
            if i % 8 == 5:
                user = users[random.integers(len(users))]
                outcomes[try_matrix(user, mutate_matrix(X, random))] += 1
                continue
            if i % 4 == 3:
                content = mutate_bytes(images[random.integers(len(images))], random)
            else:
                content = mutate_model(contents[random.integers(len(contents))], random)
            path.write_bytes(content)
            outcome, message = (try_images if i % 4 == 3 else try_model)(path)
            outcomes[outcome] += 1
            if kinds is not None and _is_own(content):
                kind = _kind(outcome, message)
                kinds[kind] = min(kinds.get(kind, content), content, key=len)
    return outcomes


def _kind(outcome: str, message: str) -> str:
    """Return a name for all files with this outcome and a message that begins with these words."""
    words = re.findall("[a-z_]{3,}", re.sub(r"'[^']*'|got .*|^.*?: ", "", message).lower())
    telling = [word for word in words if not set(word) <= set("abcdefx")]
    return " - ".join([outcome, " ".join(telling[:7])]).rstrip(" -")


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def try_images(path: Path) -> tuple[str, str]:
    """Read a file of images or labels; return the outcome, and the error's message."""
    try:
        read_idx(path)
    except ValueError as error:
        return "images refused", str(error)
    return "images read", ""


def try_model(path: Path) -> tuple[str, str]:
    """Load a model and use it; return the outcome, and the error's message."""
    try:
        with _quiet():
            model = fastsp.load(path)
    except ModelFileError as error:
        return "model refused", str(error)
    try:
        with _quiet():
            use(model)
    except (ValueError, TypeError) as error:
        return "model refused when used", str(error)
    except Exception as error:
        # What scikit-learn makes of attributes that lie is its own.
        if not isinstance(model, _OF_SCIKIT_LEARN):
            raise
        return "model refused when used", f"{type(error).__name__}: {error}"
    return "model worked", ""


_OF_SCIKIT_LEARN = (ColumnTransformer, FeatureUnion, Pipeline, fastsp.CategoryEncoder)


def try_matrix(model: Any, X: Any) -> str:
    """Give a sparse matrix to a pooler or classifier; return the outcome."""
    y = np.arange(N_FEATURES) % 3
    methods = [model.partial_fit] + [
        getattr(model, name) for name in ("transform", "predict") if hasattr(model, name)
    ]
    try:
        with _quiet():
            for method in methods:
                method(X, y) if method == model.partial_fit else method(X)
    except (ValueError, TypeError):
        return "matrix refused"
    return "matrix taken"


def read_corpus(file: Path) -> dict[str, bytes]:
    """Return the files of a corpus by their kinds; none where there is none."""
    if not file.exists():
        return {}
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _is_own(content: bytes) -> bool:
    """Return whether what becomes of a file is up to fastsp, whatever scikit-learn there is."""
    return b"_sklearn_version" not in content


def _sort_anew(kept: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of a corpus by the kinds that they are of by now."""
    kinds: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for before, content in kept.items():
            if not _is_own(content):
                continue
            path.write_bytes(content)
            kind = _kind(*(try_images if before.startswith("images") else try_model)(path))
            kinds[kind] = min(kinds.get(kind, content), content, key=len)
    return kinds


def _write_corpus(file: Path, kinds: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, content in sorted(kinds.items()):
            information = zipfile.ZipInfo(kind)  # without the time, equal corpora are equal files
            information.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(information, content)


def main() -> None:
    """Read the command line, run, print the outcomes."""
    parser = argparse.ArgumentParser(prog="python -m stress.fuzz", description=__doc__)
    parser.add_argument("--n", type=int, default=20_000, help="files to try")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="corpus to add to")
    arguments = parser.parse_args()
    last = Path(tempfile.gettempdir()) / "fastsp-fuzz-last"
    kinds = _sort_anew(read_corpus(arguments.keep)) if arguments.keep else {}
    outcomes = run(arguments.n, arguments.seed, lambda i: (last.write_text(str(i)), None)[1], kinds)
    last.unlink()
    if arguments.keep:
        _write_corpus(arguments.keep, kinds)
    total = sum(outcomes.values())
    print(f"{total} files: " + ", ".join(f"{count} {name}" for name, count in outcomes.items()))


if __name__ == "__main__":
    main()
