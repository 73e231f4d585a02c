"""How speed and memory go with size: `python -m bench.growth` writes a page and its picture.

Random inputs and pools, one core but for the threads; learning and inference many inputs a call.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import scipy.sparse
from matplotlib import __version__ as matplotlib_version
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from bench import machine
from bench.contest import state_bytes
from fastsp import SpatialPooler

N_INPUTS, SHARE_ON = 16_384, 0.02
N_ROWS = 4096
MEMORY = 20 << 30
"""Bytes that a pooler may take while it is drawn."""
DRAWING = 32
"""Bytes per potential synapse that drawing a pooler takes at its peak, about."""
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True)
class Point:
    """A pooler's size, and what was measured with it."""

    size: float
    """What grows: columns, synapses per column, density or threads."""
    learning: float
    """Cycles per second; 0 where not measured."""
    inference: float
    bytes_each: float
    """Bytes of all arrays per potential synapse."""
    setup: float
    """Seconds to draw the pooler and build its index."""
    layout: str


@dataclass(frozen=True)
class Series:
    """One size grows, the others stay."""

    title: str
    size: str
    given: str
    points: list[Point]


def inputs() -> scipy.sparse.csr_matrix:
    """Return random inputs as a CSR matrix, (N_ROWS, N_INPUTS), all with as many on-bits."""
    random = np.random.default_rng(0)
    n_on = round(SHARE_ON * N_INPUTS)
    rows = [np.sort(random.choice(N_INPUTS, n_on, replace=False)) for _ in range(N_ROWS)]
    indices = np.concatenate(rows).astype(np.int32)
    indptr = np.arange(N_ROWS + 1, dtype=np.int32) * n_on
    ones = np.ones(indices.size, np.uint8)
    return scipy.sparse.csr_matrix((ones, indices, indptr), shape=(N_ROWS, N_INPUTS))


def rate(
    act: Callable[[scipy.sparse.csr_matrix], object],
    rows: scipy.sparse.csr_matrix,
    seconds: float,
) -> float:
    """Return cycles per second, the median of the calls in about `seconds`.

    Untimed ones come before, twice as many cycles in each until one takes a tenth of that time:
    then the calls themselves cost little, and learning is past its first cycles.
    """
    n, position = 2, 0

    def call() -> float:
        nonlocal position
        if position + n > N_ROWS:
            position = 0
        part = rows[position : position + n]
        position += n
        start = time.perf_counter()
        act(part)
        return time.perf_counter() - start

    call()
    while call() < seconds / 10 and n < N_ROWS:
        n *= 2
    deadline = time.perf_counter() + seconds
    times = [call()]
    while time.perf_counter() < deadline:
        times.append(call())
    return n / median(times)


def measure(
    size: float,
    rows: scipy.sparse.csr_matrix,
    seconds: float,
    n_columns: int = 4096,
    n_potential: int = 256,
    density: float = 0.02,
) -> Point:
    """Draw a pooler and measure it."""
    gc.collect()
    pooler = SpatialPooler((n_columns,), n_potential=n_potential, density=density, random_state=0)
    start = time.perf_counter()
    pooler.initialize(N_INPUTS)
    pooler.compute(rows[0].toarray().ravel(), learn=False)
    setup = time.perf_counter() - start
    learning = rate(pooler.partial_fit, rows, seconds)
    inference = rate(pooler.transform, rows, seconds)
    return Point(
        size,
        learning,
        inference,
        state_bytes(pooler) / pooler.indices_.size,
        setup,
        layout_of(pooler),
    )


def layout_of(pooler: SpatialPooler) -> str:
    """Return the name of the layout of the overlap index in use."""
    return str(pooler._engine._binding.pooler.overlap_index.layout)


def compile_kernels(rows: scipy.sparse.csr_matrix) -> None:
    """Compile for both types of column number, so that no clock meets it."""
    for n_columns in (64, 70_000):
        pooler = SpatialPooler((n_columns,), n_potential=1, random_state=0)
        pooler.partial_fit(rows[:2]).transform(rows[:2])
        pooler.compute(rows[0].toarray().ravel(), learn=False)


def measure_threads(rows: scipy.sparse.csr_matrix, seconds: float) -> Iterator[Point]:
    """Measure inference with one thread, two, four, up to the cores there are."""
    pooler = SpatialPooler((4096,), n_potential=256, random_state=0).initialize(N_INPUTS)
    pooler.partial_fit(rows[:200])
    rates: dict[int, list[float]] = {}
    cores = machine.environment()["cores"]
    counts = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= max(2, cores)]
    deadline = time.perf_counter() + 2 * len(counts) * seconds
    pooler.transform(rows)
    while time.perf_counter() < deadline or not rates:
        for n in counts:  # in turn, so that all meet the same machine
            pooler.set_params(n_jobs=n)
            pooler.transform(rows[:2])
            start = time.perf_counter()
            pooler.transform(rows)
            rates.setdefault(n, []).append(N_ROWS / (time.perf_counter() - start))
    for n in counts:
        yield Point(n, 0.0, median(rates[n]), 0.0, 0.0, "")


def grow(seconds: float, quick: bool) -> list[Series]:
    """Measure everything; each rate takes about `seconds`, and one call at the least."""
    rows = inputs()
    compile_kernels(rows)
    of_columns = [1_000, 4_000, 16_000, 64_000, 250_000, 1_000_000]
    of_synapses = [32, 64, 128, 256, 512, 1024]
    densities = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
    if quick:
        of_columns, of_synapses, densities = of_columns[:4], of_synapses[::2], densities[::2]
    fitting = [n for n in of_columns if n * 256 * DRAWING <= MEMORY]
    return [
        Series(
            "Columns",
            "columns",
            "256 synapses each, density 0.02",
            [_told(n, measure(n, rows, seconds, n_columns=n)) for n in fitting],
        ),
        Series(
            "Synapses per column",
            "potential synapses per column",
            "4,096 columns, density 0.02",
            [_told(n, measure(n, rows, seconds, n_potential=n)) for n in of_synapses],
        ),
        Series(
            "Density",
            "density (share of columns active)",
            "4,096 columns, 256 synapses each",
            [_told(s, measure(s, rows, seconds, density=s)) for s in densities],
        ),
        Series(
            "Threads",
            "threads (n_jobs)",
            "`transform`, 4,096 columns, 256 synapses each, density 0.02",
            list(measure_threads(rows, seconds)),
        ),
    ]


def _told(size: float, point: Point) -> Point:
    print(f"{size:,g}: {point}", file=sys.stderr)
    return point


def draw(series: list[Series]) -> Figure:
    """Draw speed, and memory where columns or synapses grow."""
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    grid = figure.subplots(2, 3)
    columns, synapses, density, threads = series
    places = {0: columns, 1: synapses, 2: density}
    for place, one in places.items():
        axes = grid[0, place]
        sizes = [point.size for point in one.points]
        for name, marker, colour in (("inference", "o", BLUE), ("learning", "s", ORANGE)):
            rates = [getattr(point, name) for point in one.points]
            axes.plot(sizes, rates, marker + "-", color=colour, markersize=5, label=name)
        axes.set(title=one.given, xlabel=one.size, ylabel="cycles per second")
        _log(axes, sizes)
    grid[0, 0].legend(frameon=False, loc="best")
    for place, one in ((0, columns), (1, synapses)):
        axes = grid[1, place]
        sizes = [point.size for point in one.points]
        axes.plot(sizes, [p.bytes_each for p in one.points], "o-", color=GREEN, markersize=5)
        axes.axhline(16, color="#777777", linestyle=":", label="16 bytes")
        axes.set(xlabel=one.size, ylabel="bytes per potential synapse")
        _log(axes, sizes, y=False)
        axes.set_ylim(0, None)
        axes.legend(frameon=False, loc="best")
    axes = grid[1, 2]
    sizes = [point.size for point in threads.points]
    rates = [point.inference for point in threads.points]
    axes.plot(sizes, rates, "o-", color=BLUE, markersize=5, label="inference")
    axes.plot(
        sizes, [rates[0] * n for n in sizes], ":", color="#777777", label="proportional to threads"
    )
    axes.set(xlabel=threads.size, ylabel="cycles per second", xticks=sizes)
    axes.set_ylim(0, None)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.legend(frameon=False, loc="lower right")
    return figure


def _log(axes: Axes, sizes: list[float], y: bool = True) -> None:
    """Make the axes logarithmic, with plain numbers on them, and the sizes measured as ticks."""
    axes.set_xscale("log")
    axes.set_xticks(sizes, [_short(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    if y:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#dddddd", which="major")
    axes.set_axisbelow(True)


def _short(value: float) -> str:
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit and value % (unit / 10) == 0:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def page(series: list[Series], seconds: float, before: float, command: str) -> str:
    """Return the page, Markdown."""
    environment = machine.environment()
    lines = [
        "# How speed and memory grow",
        "",
        f"Written, with its picture, by `{command}` on {datetime.now(UTC):%Y-%m-%d}. Each input has"
        f" {N_INPUTS:,} bits of which {round(SHARE_ON * N_INPUTS)} are on; each column has random"
        " potential synapses anywhere among them; global inhibition, logarithmic boosting, all"
        " other parameters at their defaults. One core, but for the table of threads. A rate is"
        f" the median of the calls in about {seconds:g} s, after others that are not timed.",
        "",
        f"fastsp {environment['fastsp']} on {environment['cpu']},"
        f" {environment['cores']} cores; {environment['platform']}; Python"
        f" {environment['python']}, NumPy {environment['numpy']}, Numba {environment['numba']},"
        f" SciPy {environment['scipy']}, matplotlib {matplotlib_version}. Load average"
        f" {before:.1f} before and {os.getloadavg()[0]:.1f} after"
        + (
            ": others used the machine at the same time, so rates are lower than on a quiet one."
            if max(before, os.getloadavg()[0]) > 1.2
            else "."
        ),
        "",
        "![Cycles per second and bytes per potential synapse against size](growth.png)",
        "",
        "The layout of the overlap index is the one that"
        " `fastsp.engine.index.Costs` promises to be faster. Set-up is drawing the pooler and"
        " building its index. Bytes are those of all arrays the pooler holds, the index included.",
    ]
    for one in series[:3]:
        lines += [
            "",
            f"## {one.title}",
            "",
            one.given[0].upper() + one.given[1:] + ".",
            "",
            f"| {one.size} | learning, cycles/s | inference, cycles/s | bytes per potential synapse"
            " | set-up, s | layout |",
            "| ---: | ---: | ---: | ---: | ---: | --- |",
            *(
                f"| {p.size:,g} | {_rate(p.learning)} | {_rate(p.inference)} | {p.bytes_each:.1f}"
                f" | {p.setup:.2f} | {p.layout} |".replace("1e+06", "1,000,000")
                for p in one.points
            ),
        ]
    threads = series[3]
    first = threads.points[0].inference
    lines += [
        "",
        f"## {threads.title}",
        "",
        threads.given + ".",
        "",
        "| threads | inference, cycles/s | of one thread |",
        "| ---: | ---: | ---: |",
        *(
            f"| {p.size:g} | {_rate(p.inference)} | {p.inference / first:.2f} |"
            for p in threads.points
        ),
    ]
    return "\n".join(lines) + "\n"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """Read the command line, measure, write `docs/growth.md` and its picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sizes, shorter turns")
    parser.add_argument("--output", type=Path, default=DOCS, metavar="FOLDER")
    arguments = parser.parse_args()
    before = os.getloadavg()[0]
    seconds = 0.3 if arguments.quick else 2.0
    series = grow(seconds, arguments.quick)
    command = " ".join(["python -m bench.growth", *sys.argv[1:]])
    (arguments.output / "growth.md").write_text(
        page(series, seconds, before, command), encoding="utf-8"
    )
    draw(series).savefig(arguments.output / "growth.png", dpi=110)


if __name__ == "__main__":
    main()
