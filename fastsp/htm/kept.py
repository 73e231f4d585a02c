"""Models kept under the names of htm.core, in the files of fastsp."""

import base64
import io
from abc import ABC, abstractmethod
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from fastsp.archive import ModelFileError, read_archive, write_archive, write_to
from fastsp.htm.checks import RefusedValueError

FORMATS = ("BINARY", "PORTABLE", "JSON", "XML")
"""Names of formats in htm.core. All of them mean the one format of fastsp."""


class Kept(ABC):
    """A model that can be saved and loaded.

    Its files are those of `fastsp.save`, which `fastsp.load` reads, whatever format is named.
    """

    kind: ClassVar[str]
    """What model files call it"""

    def saveToFile(self, file: str | PathLike[str], fmt: str = "BINARY") -> None:
        """Save the model, in one step.

        Parameters
        ----------
        file : path
        fmt : "BINARY", "PORTABLE", "JSON" or "XML"
            Has no effect: there is one format.

        Raises
        ------
        ValueError
            Where `fmt` is none of these.
        OSError
            Where the file cannot be written; what was there before is still there.
        """
        _check_format(fmt)
        write_archive(file, *self.describe())

    def loadFromFile(self, file: str | PathLike[str], fmt: str = "BINARY") -> None:
        """Become the model in a file that `saveToFile` or `fastsp.save` wrote; parameters as there.

        Raises
        ------
        fastsp.ModelFileError
            A ValueError: where the file is none of these, or is damaged. Nothing changes then.
        OSError
            Where the file cannot be opened.
        """
        _check_format(fmt)
        with Path(file).open("rb", buffering=0) as opened:
            self._load(opened, str(file))

    def writeToString(self) -> str:
        """Return what `saveToFile` writes, as text (base64)."""
        file = io.BytesIO()
        write_to(file, *self.describe())
        return base64.b64encode(file.getvalue()).decode("ascii")

    def loadFromString(self, string: str | bytes) -> None:
        """Become the model that `writeToString` wrote; errors as of `loadFromFile`.

        The bytes of a file will do as well.
        """
        if not isinstance(string, (str, bytes)):
            raise TypeError(f"string must be text or bytes, got {type(string).__name__}")
        try:
            content = base64.b64decode(string, validate=True) if isinstance(string, str) else string
        except ValueError:
            content = b""  # no model either
        self._load(io.BytesIO(content), "string")

    @abstractmethod
    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return a header and arrays for a model file; `restored` takes them."""

    @classmethod
    @abstractmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the model that `describe` described.

        Raises an error of any kind where it did not.
        """

    @abstractmethod
    def _become(self, other: Self) -> None:
        """Take over the state of another, which is not used any more."""

    def _load(self, file: Any, name: str) -> None:
        try:
            header, arrays = read_archive(file)
            if header["estimator"] != self.kind:
                raise ModelFileError(f"holds a {header['estimator']}, load it with fastsp.load")
            loaded = type(self).restored(header, arrays)
        except Exception as error:
            raise ModelFileError(
                f"{name}: no {self.kind} that fastsp saved, or damaged ({error}). Files of "
                "htm.core are read by that alone; fastsp.htm.from_htm_core takes a model from it"
            ) from error
        self._become(loaded)


def _check_format(fmt: Any) -> None:
    if fmt not in FORMATS:
        raise RefusedValueError(f"fmt must be one of {', '.join(FORMATS)}, got {fmt!r}")
