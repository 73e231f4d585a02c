"""Poolers kept: as files, as bytes and as pickles, and whether two are the same."""

import io
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.archive import ModelFileError, read_archive, write_archive, write_to
from fastsp.engine.htm_rule import HtmEngine
from fastsp.htm.checks import check_jobs
from fastsp.htm.settings import Settings

KIND = "htm.SpatialPooler"
"""What model files call a pooler."""
_FIXED = ("potentialRadius", "potentialPct", "spVerbosity")


class Stored(Settings):
    """What is kept of a pooler; `SpatialPooler` says how it is used."""

    _n_jobs: int | None
    _overlaps: NDArray[np.uint16]
    """Of the last cycle"""
    _factors: NDArray[np.float32] | None
    """Boost factors of the last cycle, None without boosting"""

    def saveToFile(self, path: str | PathLike[str]) -> None:
        """Save the pooler, in one step; `fastsp.load` reads the file, too.

        Raises
        ------
        OSError
            Where the file cannot be written; what was there before is still there.
        """
        write_archive(path, *self.describe())

    def loadFromFile(self, path: str | PathLike[str]) -> None:
        """Become the pooler in a file that `saveToFile` or `fastsp.save` wrote.

        Raises
        ------
        fastsp.ModelFileError
            A ValueError: where the file is none of these, or is damaged. Nothing changes then.
        OSError
            Where the file cannot be opened.
        """
        with Path(path).open("rb", buffering=0) as file:
            self._load(file, str(path))

    def writeToString(self) -> bytes:
        """Return what `saveToFile` writes, as bytes."""
        file = io.BytesIO()
        write_to(file, *self.describe())
        return file.getvalue()

    def loadFromString(self, string: bytes) -> None:
        """Become the pooler that `writeToString` wrote; errors as of `loadFromFile`."""
        if not isinstance(string, bytes):
            raise TypeError(f"string must be bytes, got {type(string).__name__}")
        self._load(io.BytesIO(string), "string")

    def _use(self, engine: HtmEngine) -> None:
        self._engine, self._edits = engine, {}
        self._overlaps = np.zeros(engine.n_columns, np.uint16)
        self._factors = None

    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return a header and arrays for a model file; `restored` takes them."""
        arrays: dict[str, NDArray[Any]] = {}
        numbers: dict[str, Any] = {}
        for name, value in self.__getstate__()["engine"].items():
            (arrays if isinstance(value, np.ndarray) else numbers)[name] = value
        return {"estimator": KIND, "fixed": self._fixed, "numbers": numbers}, arrays

    @classmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the pooler that `describe` described.

        Raises an error of any kind where it did not.
        """
        pooler = cls.__new__(cls)
        pooler.__setstate__(
            {"engine": header["numbers"] | arrays, "fixed": header["fixed"], "n_jobs": None}
        )
        return pooler

    def _load(self, file: Any, name: str) -> None:
        try:
            header, arrays = read_archive(file)
            if header["estimator"] != KIND:
                raise ModelFileError(f"holds a {header['estimator']}, load it with fastsp.load")
            loaded = type(self).restored(header, arrays)
        except Exception as error:
            raise ModelFileError(
                f"{name}: not a pooler that fastsp saved, or damaged ({error}). Files of htm.core "
                "are read by that alone; fastsp.htm.from_htm_core takes a pooler from it"
            ) from error
        self._fixed = loaded._fixed
        self._use(loaded._engine)

    def __getstate__(self) -> dict[str, Any]:
        self._flush()
        state = self._engine.__getstate__()
        return {"engine": state, "fixed": dict(self._fixed), "n_jobs": self._n_jobs}

    def __setstate__(self, state: dict[str, Any]) -> None:
        of_engine = dict(state["engine"])
        parameters = of_engine.pop("parameters")
        for name in ("column_shape", "input_shape"):  # JSON has no tuples
            parameters = parameters | {name: tuple(parameters[name])}
        engine = HtmEngine.restored(parameters, of_engine)
        engine.settle()
        self._fixed = {name: state["fixed"][name] for name in _FIXED}
        self._n_jobs = check_jobs(state["n_jobs"])
        self._use(engine)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stored):
            return NotImplemented
        mine, others = self.__getstate__(), other.__getstate__()
        if mine["fixed"] != others["fixed"]:
            return False
        mine, others = mine["engine"], others["engine"]
        return all(np.array_equal(mine[name], others[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]
