"""Figures: drawn without global state, with labels, and showing what they say."""

import io
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from fastsp.experiments import (
    EXPERIMENTS,
    AblateConfig,
    run_experiment,
    run_mnist_seeds,
)
from fastsp.report import mnist_report
from fastsp.report import poolers as plots
from fastsp.report.ablate import ablation
from fastsp.report.mnist import confusion_matrix, learning_curve
from tests.tiny_experiments import TINY


def sample(digits, result):
    chosen = digits.test_images[:3]
    inputs = result.config.build_encoder(chosen).transform(chosen)
    return chosen.reshape(-1, *digits.image_shape), inputs


@pytest.fixture(scope="module")
def samples(digits, result):
    return sample(digits, result)


def on_bits(samples):
    """Return images and inputs without off-bits."""
    images, inputs = samples
    return images, inputs[:, ::2]


@pytest.fixture(scope="module")
def figures(digits, result, samples):
    ablated = run_experiment(
        EXPERIMENTS["ablate"], AblateConfig(replace(TINY, cycles=20)), range(2), digits
    )
    readout = result.readout
    return {
        "boosting_functions": plots.boosting_functions(0.02, 3.0),
        "pipeline": plots.pipeline(result.pooler, *samples),
        "images_and_codes": plots.images_and_codes(
            {
                "local inhibition": result.with_local_inhibition,
                "no local inhibition": result.without_local_inhibition,
            },
            *on_bits(samples),
        ),
        "inverse": plots.inverse(result.pooler, *samples),
        "duty_cycles": plots.duty_cycles(result.pooler),
        "receptive_fields": plots.receptive_fields(result.pooler, [0, 100, 255]),
        "confusion_matrix": confusion_matrix(readout.classifier.classes_, readout.confusion),
        "learning_curve": learning_curve(result.training.curve),
        "ablation": ablation(ablated),
    }


def test_columns_in_groups_are_drawn_as_tiles_at_their_places(digits, samples):
    grouped = TINY.build_pooler(digits.image_shape)
    grouped.set_params(column_shape=(4, 3, 7), inhibition="grouped", density=0.3, n_potential=9)
    grouped.fit(samples[1])
    for figure in (plots.pipeline(grouped, *samples), plots.duty_cycles(grouped)):
        figure.savefig(io.BytesIO(), format="svg")
    first = plots.pipeline(grouped, *samples).axes
    images = [axes.images[0].get_array() for axes in first[:4]]
    # Seven columns in tiles of two by four.
    assert images[1].shape == (8, 12)
    overlaps = grouped.trace(samples[1][0]).overlaps.reshape(4, 3, 7)
    np.testing.assert_array_equal(images[1][2:4, 4:8].ravel()[:7], overlaps[1, 1])


@pytest.fixture(scope="module")
def with_segments(digits):
    return run_mnist_seeds(replace(TINY, segments=3), 2, digits)


def test_of_several_segments_the_one_most_used_is_drawn(with_segments):
    pooler = with_segments.first.pooler
    column = 100
    best = int(np.argmax(pooler.active_duty_cycles_[300:303]))
    figure = plots.receptive_fields(pooler, [0, column])
    assert f"column 100,\nsegment {best}" in texts(figure)
    shown = figure.axes[1].images[0].get_array()
    row = slice(*pooler.indptr_[[300 + best, 301 + best]])
    on_bits = pooler.indices_[row][pooler.indices_[row] % 2 == 0] // 2
    assert np.flatnonzero(~np.ma.getmaskarray(np.ma.masked_invalid(shown))).tolist() == (
        on_bits.tolist()
    )


def test_segments_of_a_column_are_drawn_by_their_share_of_its_activity(with_segments):
    figure = plots.segments(with_segments.first.pooler, 100)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    shares = [int(title.split("\n")[1].rstrip("%")) for title in titles]
    assert len(titles) == 3
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=2)


@pytest.mark.slow
def test_a_report_of_segments_and_seeds(digits, with_segments):
    page = mnist_report(with_segments, digits, "fastsp mnist --segments 3 --seeds 2")
    assert "Segments of one column" in page
    assert "Over seeds 0 to 1" in page
    assert "added by learning" in page
    plots.pipeline(with_segments.first.pooler, *sample(digits, with_segments.first))


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_every_figure_can_be_drawn(figures):
    for name, figure in figures.items():
        image = io.BytesIO()
        figure.savefig(image, format="svg")
        assert image.getvalue().count(b"<path") > 10, name


def test_no_global_state(figures):
    assert figures
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("boosting_functions", ["boost factor", "activation frequency", "wanted density 0.02"]),
        ("pipeline", ["raw overlap", "boosted", "locally inhibited", "active columns"]),
        ("images_and_codes", ["input", "no local inhibition"]),
        ("inverse", ["input", "ON bits", "OFF bits", "mean permanence"]),
        ("duty_cycles", ["active duty cycle (share of cycles)", "columns"]),
        ("receptive_fields", ["permanence", "ON bits", "OFF bits", "column 100"]),
        ("confusion_matrix", ["predicted digit"]),
        ("learning_curve", ["learning cycles", "validation", "untrained"]),
        ("ablation", ["variance / mean", "global inhibition", "untrained"]),
    ],
)
def test_labels(figures, name, wanted):
    for words in wanted:
        assert words in texts(figures[name])


def test_boosting_functions_meet_at_the_wanted_density():
    axes = plots.boosting_functions(0.1, 2.0).axes[0]
    for line in axes.lines[:2]:
        frequency, factor = line.get_data()
        assert np.interp(0.1, frequency, factor) == pytest.approx(1.0, abs=1e-3)


def test_places_align_in_the_pipeline(figures):
    stages = [axes for axes in figures["pipeline"].axes if axes.images]
    extents = {tuple(axes.images[0].get_extent()) for axes in stages[: 3 * 5]}
    assert extents == {(0, 12, 12, 0)}


def test_active_columns_lie_over_their_place(figures, result, samples):
    _, inputs = on_bits(samples)
    dots = figures["images_and_codes"].axes[3].lines[0]
    rows, columns = np.divmod(result.with_local_inhibition.compute(inputs[0], learn=False), 16)
    np.testing.assert_allclose(dots.get_xdata(), (columns + 0.5) * 12 / 16)
    np.testing.assert_allclose(dots.get_ydata(), (rows + 0.5) * 12 / 16)


def test_cut_axes_are_marked(figures):
    for name in ("learning_curve", "ablation"):
        for axes in figures[name].axes:
            low = (axes.get_ylim() if name == "learning_curve" else axes.get_xlim())[0]
            marked = "does not start at 0" in texts(axes)
            assert marked == (low > 0)


def test_confusion_matrix_shows_every_count():
    figure = confusion_matrix(np.array([0, 1]), np.array([[5, 2], [0, 7]]))
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert shown == ["5", "2", "0", "7"]
