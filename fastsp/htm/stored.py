"""Poolers kept: what of them is saved and pickled, and whether two are the same."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.htm_rule import HtmEngine
from fastsp.htm.checks import check_jobs
from fastsp.htm.kept import Kept
from fastsp.htm.settings import Settings

_FIXED = ("potentialRadius", "potentialPct", "spVerbosity")


class Stored(Settings, Kept):
    """What is kept of a pooler; `SpatialPooler` says how it is used."""

    kind = "htm.SpatialPooler"
    _n_jobs: int | None
    _overlaps: NDArray[np.uint16]
    """Of the last cycle"""
    _factors: NDArray[np.float32] | None
    """Boost factors of the last cycle, None without boosting"""

    def _use(self, engine: HtmEngine) -> None:
        self._engine, self._edits = engine, {}
        self._overlaps = np.zeros(engine.n_columns, np.uint16)
        self._factors = None

    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Kept`."""
        arrays: dict[str, NDArray[Any]] = {}
        numbers: dict[str, Any] = {}
        for name, value in self.__getstate__()["engine"].items():
            (arrays if isinstance(value, np.ndarray) else numbers)[name] = value
        return {"estimator": self.kind, "fixed": self._fixed, "numbers": numbers}, arrays

    @classmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """See `Kept`."""
        pooler = cls.__new__(cls)
        pooler.__setstate__(
            {"engine": header["numbers"] | arrays, "fixed": header["fixed"], "n_jobs": None}
        )
        return pooler

    def _become(self, other: Self) -> None:
        self._fixed = other._fixed
        self._use(other._engine)

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
