"""A page: facts, tables and figures in, HTML out."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import NamedTuple

from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from fastsp.experiments.environment import Environment
from fastsp.experiments.experiment import Summary
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent

MEANS = "Mean over the seeds, least to greatest in brackets."
BANDS = "Bands go from the least to the greatest seed."

finely = partial(percent, digits=2)
"""A share in hundredths of a per cent."""
whole = partial(number, form="{:.0f}")
"""A number without digits after the point."""


def megabytes(n_bytes: Spread) -> str:
    """Return bytes in millions."""
    return number(Spread(*(value / 1e6 for value in n_bytes)), "{:.1f}")


@dataclass(frozen=True)
class Fact:
    """A number at the head of the page."""

    label: str
    value: str
    note: str


class Column(NamedTuple):
    """A column of a table of arms: a measure, at one place where it is a curve, and its format."""

    header: str
    measure: str
    form: Callable[[Spread], str] = percent
    place: int | None = None


@dataclass(frozen=True)
class Table:
    """A table of text; the first cell of a row is its name."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str

    @classmethod
    def of(
        cls, summary: Summary, title: str, named: str, columns: Sequence[Column], note: str
    ) -> "Table":
        """Return a table with a row for each arm, whose column of names is `named`."""

        def cell(measures: Mapping[str, Spread], column: Column) -> str:
            spread = measures[column.measure]
            return column.form(spread if column.place is None else spread[column.place])

        return cls(
            title,
            (named, *(column.header for column in columns)),
            tuple(
                (name, *(cell(measures, column) for column in columns))
                for name, measures in summary.items()
            ),
            note,
        )


@dataclass(frozen=True)
class Drawing:
    """A figure with its title and caption."""

    figure: Figure
    title: str
    caption: str

    @property
    def source(self) -> str:
        """The figure as SVG in a data URI."""
        image = io.BytesIO()
        self.figure.savefig(image, format="svg", metadata={"Date": None})
        return f"data:image/svg+xml;base64,{base64.b64encode(image.getvalue()).decode('ascii')}"

    @property
    def width(self) -> int:
        """Its size in pixels."""
        return round(self.figure.get_figwidth() * 96)


@dataclass(frozen=True)
class Page:
    """What is special on the page of an experiment."""

    headline: Sequence[Fact]
    tables: Sequence[Table]
    figures: Sequence[Drawing]


@dataclass(frozen=True)
class Origin:
    """How a page was made, and is made again."""

    command: str
    config: Mapping[str, object]
    environment: Environment


def _flat(config: Mapping[str, object]) -> dict[str, object]:
    """Return a nested configuration as one level, with keys such as pooler.cycles."""
    flat: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": content for inner, content in _flat(value).items()}
        else:
            flat[key] = value
    return flat


def render(page: Page, origin: Origin, *, title: str, lead: str, found: Sequence[str] = ()) -> str:
    """Return HTML: findings, headline, tables and figures, then how to run it again."""
    templates = Templates(
        loader=PackageLoader("fastsp"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("report.html").render(
        vars(page),
        title=title,
        lead=lead,
        found=found,
        command=origin.command,
        config=_flat(origin.config),
        environment=asdict(origin.environment),
    )
