"""Figures of any pooler over images.

Where input and columns are shown together, both span the same frame, so that positions align.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fastsp.experiments.mnist.training import column_duty_cycles
from fastsp.pooler import SpatialPooler
from fastsp.report.style import BLUE, GREY, ORANGE, panels, show_images, show_map, without_ticks

_COMPETED = {"gaussian": "locally inhibited\n(local standard deviations)"}
"""Title of the last map, by the kind of inhibition."""


def boosting_functions(density: float, strength: float) -> Figure:
    """Draw boost factor against activation frequency for logarithmic and exponential boosting.

    Parameters
    ----------
    density : float
        Wanted share of active columns; both functions are 1 there.
    strength : float
        Of the exponential function.
    """
    frequency = np.geomspace(1e-6, 1.0, 2_000)
    figure, axes = panels((7, 4))
    axes.plot(frequency, np.log(frequency) / np.log(density), color=BLUE, label="logarithmic")
    axes.plot(
        frequency,
        np.exp(strength * (density - frequency)),
        color=ORANGE,
        linestyle="--",
        label=f"exponential, strength {strength:g}",
    )
    axes.axvline(density, color=GREY, linestyle=":", label=f"wanted density {density:g}")
    axes.plot(density, 1.0, "o", color="black", markersize=4)
    axes.set(
        xlim=(0, 1),
        ylim=(0, 3),
        xlabel="activation frequency (share of cycles)",
        ylabel="boost factor (dimensionless)",
    )
    axes.annotate(
        "no upper bound as the frequency goes to 0",
        xy=(0.001, 2.93),
        xytext=(0.08, 2.75),
        arrowprops={"arrowstyle": "->", "color": BLUE},
        color=BLUE,
    )
    axes.legend(frameon=False, loc="center right")
    return figure


def pipeline(pooler: SpatialPooler, images: NDArray[np.uint8], inputs: NDArray[np.uint8]) -> Figure:
    """Draw the stages from input to active columns, one row per image.

    Parameters
    ----------
    pooler : SpatialPooler
        With columns in two dimensions, or in groups at places in two dimensions.
    images : ndarray of uint8, shape (n, height, width)
    inputs : ndarray of uint8, shape (n, n_features)
        The same images as input bits.
    """
    height, width = images.shape[1:]
    traces = [pooler.trace(x) for x in inputs]
    stages: dict[str, list[NDArray[Any]]] = {
        "raw overlap\n(synapses)": [t.overlaps for t in traces],
        "boosted\n(synapses × boost factor)": [t.boosted for t in traces],
        _COMPETED.get(pooler.inhibition, "competing\n(as boosted)"): [t.inhibited for t in traces],
    }
    size = (11, 1.2 + 2.05 * len(images))
    figure, grid = panels(
        size, len(images), 5, "compressed", squeeze=False, sharex=True, sharey=True
    )
    show_images(grid[:, 0], images)
    for place, (title, values) in enumerate(stages.items(), start=1):
        together = np.concatenate(values)
        low, high = float(np.percentile(together, 0.5)), float(together.max())
        for axes, value in zip(grid[:, place], values, strict=True):
            shown = show_map(axes, _as_map(value, pooler), (height, width), vmin=low, vmax=high)
        below = grid[-1, place].inset_axes((0, -0.5, 1, 0.07))
        figure.colorbar(shown, cax=below, orientation="horizontal", extend="min")
        grid[0, place].set_title(title, fontsize=10)
    for axes, image, trace in zip(grid[:, 4], images, traces, strict=True):
        show_active(axes, image, trace.active, pooler)
    grid[0, 0].set_title("input\n(pixels)", fontsize=10)
    grid[0, 4].set_title(f"active columns\n({len(traces[0].active)} over the input)", fontsize=10)
    for axes in grid[:, 0]:
        axes.set_ylabel("row (pixels)")
    for axes in grid[-1]:
        axes.set_xlabel("column (pixels)")
    return figure


def inverse(pooler: SpatialPooler, images: NDArray[np.uint8], inputs: NDArray[np.uint8]) -> Figure:
    """Draw images and below each the input bits that its active columns stand for.

    A row for each channel of the input: see `SpatialPooler.inverse_transform`.

    Parameters
    ----------
    pooler : SpatialPooler
        With inputs of shape (height, width) or (height, width, channels).
    images : ndarray of uint8, shape (n, height, width)
    inputs : ndarray of uint8, shape (n, n_features)
        The same images as input bits.
    """
    values = pooler.inverse_transform(pooler.transform(inputs))
    maps = values.reshape(len(images), *images.shape[1:], -1)
    names = _channel_names(maps.shape[3])
    size = (1.2 + 1.55 * len(images), 0.4 + 1.6 * (1 + len(names)))
    figure, grid = panels(size, 1 + len(names), len(images), squeeze=False)
    show_images(grid[0], images)
    largest = float(values.max())
    for channel, row in enumerate(grid[1:]):
        for axes, own in zip(row, maps, strict=True):
            shown = show_map(axes, own[:, :, channel], own.shape[:2], vmin=0, vmax=largest)
    without_ticks(grid, ("input", *names))
    figure.colorbar(shown, ax=grid[1:], label="mean permanence", shrink=0.9)
    return figure


def _channel_names(n_channels: int) -> tuple[str, ...]:
    if n_channels == 1:
        return ("input bits",)
    if n_channels == 2:
        return ("ON bits", "OFF bits")
    return tuple(f"channel {channel}" for channel in range(n_channels))


def images_and_codes(
    poolers: Mapping[str, SpatialPooler], images: NDArray[np.uint8], inputs: NDArray[np.uint8]
) -> Figure:
    """Draw images, and below each the columns that are active for it, a row for each pooler.

    Parameters
    ----------
    poolers : dict of SpatialPooler
        By the label of the row.
    images : ndarray of uint8, shape (n, height, width)
    inputs : ndarray of uint8, shape (n, n_features)
        The same images as input bits.
    """
    size = (0.5 + 1.55 * len(images), 1.8 + 1.7 * len(poolers))
    figure, grid = panels(size, 1 + len(poolers), len(images), squeeze=False)
    show_images(grid[0], images)
    for row, pooler in zip(grid[1:], poolers.values(), strict=True):
        # Not `compute`, whose kernel would be compiled for this alone.
        for axes, image, code in zip(row, images, pooler.transform(inputs), strict=True):
            show_active(axes, image, code.indices, pooler)
    without_ticks(grid, ("input", *poolers))
    return figure


def duty_cycles(pooler: SpatialPooler) -> Figure:
    """Draw the active duty cycles of all columns as a histogram and as a map."""
    cycles = column_duty_cycles(pooler)
    figure, (left, right) = panels((9, 3.8), 1, 2, width_ratios=(1.25, 1))
    left.hist(cycles, bins=60, color=BLUE)
    left.axvline(
        pooler.density, color=ORANGE, linestyle="--", label=f"wanted density {pooler.density:g}"
    )
    left.set(xlabel="active duty cycle (share of cycles)", ylabel="columns", xlim=(0, None))
    left.xaxis.set_major_locator(MaxNLocator(5))
    left.legend(frameon=False)
    grid = _as_map(cycles, pooler)
    shown = show_map(right, grid, grid.shape)
    right.set(xlabel="column of the grid", ylabel="row of the grid")
    figure.colorbar(shown, ax=right, label="active duty cycle (share of cycles)")
    return figure


def receptive_fields(pooler: SpatialPooler, columns: Sequence[int]) -> Figure:
    """Draw the potential synapses of some columns: permanences on ON bits above, on OFF bits below.

    Grey places hold no potential synapse; a dot marks a connected one. Of several segments, the
    one that represented its column most often lately is drawn.

    Parameters
    ----------
    pooler : SpatialPooler
        With inputs of shape (height, width) or (height, width, channels).
    columns : sequence of int
    """
    n = _n_segments(pooler)
    best = [int(np.argmax(pooler.active_duty_cycles_[n * c : n * (c + 1)])) for c in columns]
    names = [
        f"column {c}" if n == 1 else f"column {c},\nsegment {segment}"
        for c, segment in zip(columns, best, strict=True)
    ]
    rows = [n * c + segment for c, segment in zip(columns, best, strict=True)]
    return _fields(pooler, dict(zip(rows, names, strict=True)))


def segments(pooler: SpatialPooler, column: int, most: int = 8) -> Figure:
    """Draw the potential synapses of each segment of a column, as `receptive_fields` does.

    Parameters
    ----------
    pooler : SpatialPooler
        As for `receptive_fields`.
    column : int
    most : int
        Number of segments drawn: those that represented the column most often lately.
    """
    n = _n_segments(pooler)
    cycles = pooler.active_duty_cycles_[n * column : n * (column + 1)]
    shares = cycles / cycles.sum()
    order = np.argsort(-shares, kind="stable")[:most].tolist()
    return _fields(
        pooler,
        {
            n * column + segment: f"segment {segment}:\n{100 * shares[segment]:.0f} %"
            for segment in order
        },
    )


def _n_segments(pooler: SpatialPooler) -> int:
    """Return how many segments each column has as it was drawn."""
    return int(len(pooler.active_duty_cycles_) // math.prod(pooler.column_shape_))


def _fields(pooler: SpatialPooler, titles: Mapping[int, str]) -> Figure:
    """Draw the potential synapses of some segments, (row, title), one beside the other."""
    height, width, *rest = pooler.input_shape_
    n_channels = rest[0] if rest else 1
    size = (0.9 + 1.7 * len(titles), 0.7 + 1.75 * n_channels)
    figure, grid = panels(size, n_channels, len(titles), squeeze=False)
    pools = [slice(*pooler.indptr_[[row, row + 1]]) for row in titles]
    places = [np.divmod(pooler.indices_[pool] // n_channels, width) for pool in pools]
    reach = 1 + max(max(np.ptp(rows), np.ptp(across)) for rows, across in places) / 2
    for place, (pool, title) in enumerate(zip(pools, titles.values(), strict=True)):
        field = np.full((height, width, n_channels), np.nan)
        field.flat[pooler.indices_[pool]] = pooler.permanences_[pool]
        y, x = ((along.min() + along.max() + 1) / 2 for along in places[place])
        for channel, axes in enumerate(grid[:, place]):
            axes.set_facecolor("#d9d9d9")
            shown = show_map(axes, field[:, :, channel], (height, width), vmin=0, vmax=1)
            connected = np.argwhere(field[:, :, channel] >= pooler.connected_threshold) + 0.5
            axes.plot(connected[:, 1], connected[:, 0], ".", color="black", markersize=3)
            axes.set(xlim=(x - reach, x + reach), ylim=(y + reach, y - reach))
            axes.tick_params(labelsize=8)
        grid[0, place].set_title(title, fontsize=10)
    for axes, name in zip(grid[:, 0], _channel_names(n_channels), strict=True):
        axes.set_ylabel(f"{name}\nrow (pixels)")
    figure.supxlabel("column (pixels)", fontsize=10)
    bar = figure.colorbar(shown, ax=grid, label="permanence", shrink=0.9)
    bar.ax.axhline(pooler.connected_threshold, color=ORANGE)
    return figure


def show_active(
    axes: Axes, image: NDArray[np.uint8], columns: NDArray[np.int32], pooler: SpatialPooler
) -> None:
    """Draw the active columns as dots over a faint image."""
    height, width = image.shape
    columns_on = np.zeros(math.prod(pooler.column_shape_), dtype=bool)
    columns_on[columns] = True
    active = _as_map(columns_on, pooler)
    axes.imshow(image, cmap="gray_r", extent=(0, width, height, 0), vmin=0, vmax=255 * 3)
    rows, across = np.nonzero(active)
    axes.plot(
        (across + 0.5) * width / active.shape[1],
        (rows + 0.5) * height / active.shape[0],
        "s",
        color=ORANGE,
        markersize=2.2,
        markeredgewidth=0,
    )


def _as_map(values: NDArray[Any], pooler: SpatialPooler) -> NDArray[Any]:
    """Lay out one value of each column in two dimensions; groups become tiles at their places.

    Where a tile is larger than a group, the rest of it is False or not a number.
    """
    shape = pooler.column_shape_
    if len(shape) != 3:
        return values.reshape(shape)
    height = math.isqrt(shape[2])
    width = -(-shape[2] // height)
    padded = np.full((*shape[:2], height * width), False if values.dtype == np.bool_ else np.nan)
    padded[:, :, : shape[2]] = values.reshape(shape)
    tiles = padded.reshape(*shape[:2], height, width).swapaxes(1, 2)
    return tiles.reshape(shape[0] * height, shape[1] * width)
