"""Inference with each layout of the overlap index, and whether the predicted one is the fastest."""

import time
from statistics import median

import pytest
import scipy.sparse

from bench import machine
from bench.configurations import BY_NAME
from bench.contest import WARM_UP
from fastsp.engine.index import LAYOUTS, Costs
from fastsp.kernels.state import Synapses

MARGIN = 1.15
"""The predicted layout may take so many times as long as the fastest."""


@pytest.mark.parametrize("name", ["A", "B", "C", "D", "MNIST"])
def test_layouts(benchmark, effort, name):
    configuration = BY_NAME[name]
    rows = configuration.inputs()
    inputs = scipy.sparse.csr_matrix(rows) if configuration.sparse else rows
    pooler = configuration.build_pooler().initialize(rows.shape[1])
    pooler.partial_fit(inputs[:WARM_UP])
    timed = inputs[: configuration.cycles]
    n_on = float(rows[: configuration.cycles].sum(axis=1).mean())
    synapses = Synapses(pooler.indptr_, pooler.indices_, pooler.permanences_)
    predicted = Costs(synapses, rows.shape[1], n_adapted=0.0).predict(n_on)
    seconds: dict[str, list[float]] = {layout: [] for layout in LAYOUTS}

    def take_turns() -> None:
        for layout, times in seconds.items():
            # The index is built anew at the first input.
            pooler.set_params(overlap_index=layout).transform(inputs[:1])
            start = time.perf_counter()
            pooler.transform(timed)
            times.append(time.perf_counter() - start)

    benchmark.group = "layouts of the overlap index"
    benchmark.pedantic(take_turns, rounds=effort.n_rounds, warmup_rounds=1)
    chosen = min(predicted, key=predicted.__getitem__)
    measured = {layout: 1e6 * median(times) / timed.shape[0] for layout, times in seconds.items()}
    benchmark.extra_info.update(
        {
            "configuration": name,
            "predicted_microseconds_of_overlaps": {
                layout: cost / 1e3 for layout, cost in predicted.items()
            },
            "microseconds_per_cycle": measured,
            "chosen": chosen,
            **machine.environment(),
        }
    )
    print(f"{name}: measured {measured} us, predicted for overlaps {predicted} ns, {chosen}")
    assert measured[chosen] <= MARGIN * min(measured.values())
