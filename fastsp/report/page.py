"""A page: facts, tables and figures in, HTML out."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from fastsp.experiments.environment import Environment


@dataclass(frozen=True)
class Fact:
    """A number at the head of the page."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Table:
    """A table of text; the first cell of a row is its name."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True)
class Drawing:
    """A figure with its caption; `source` is a data URI, `width` its size in pixels."""

    title: str
    caption: str
    source: str
    width: int

    @classmethod
    def of(cls, figure: Figure, title: str, caption: str) -> "Drawing":
        """Render a matplotlib figure as SVG."""
        image = io.BytesIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
        encoded = base64.b64encode(image.getvalue()).decode("ascii")
        width = round(figure.get_figwidth() * 96)
        return cls(title, caption, f"data:image/svg+xml;base64,{encoded}", width)


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
        title=title,
        lead=lead,
        found=found,
        headline=page.headline,
        tables=page.tables,
        figures=page.figures,
        command=origin.command,
        config=_flat(origin.config),
        environment=asdict(origin.environment),
    )
