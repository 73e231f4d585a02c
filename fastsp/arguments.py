"""Options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Preset(StrEnum):
    """Choices of `--preset`; the names of `fastsp.experiments.PRESETS`."""

    PUBLISHED = "published"
    PUBLISHED_ON = "published-on"
    FAST = "fast"
    BEST_LIKELIHOOD = "best-likelihood"
    BEST_LINEAR = "best-linear"


class Readout(StrEnum):
    """Choices of `--readout`."""

    LIKELIHOOD = "likelihood"
    LINEAR = "linear"
    RIDGE = "ridge"


ReadoutOption = Annotated[
    Readout | None,
    typer.Option("--readout", help="Classifier of the codes.", show_default="the preset's"),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the MNIST files.", show_default="where fastsp finds it"),
]
Split = Annotated[
    str | None,
    typer.Option("--split", help="Which set of several in the folder, such as letters of EMNIST."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
