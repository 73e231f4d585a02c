"""Inference with each layout of the overlap index, and whether the predicted one is the fastest.

Costs differ with the vectors of the processor that kernels are compiled for, so other processors
are tried as well: `NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES= pytest bench/test_layouts.py -s`, and
so with skylake-avx512, nehalem and x86-64.
"""

import time

import pytest
import scipy.sparse

from bench import machine
from bench.configurations import BY_NAME
from bench.contest import WARM_UP
from fastsp.engine.index import LAYOUTS, Costs
from fastsp.kernels.llvm.target import vector_kind
from fastsp.kernels.state import Synapses

MARGIN = 1.10
"""The predicted layout may take so many times as long as the fastest."""


@pytest.mark.parametrize("name", BY_NAME)
def test_layouts(benchmark, effort, name):
    configuration = BY_NAME[name]
    rows = configuration.inputs()
    inputs = scipy.sparse.csr_matrix(rows) if configuration.sparse else rows
    pooler = configuration.build_pooler().initialize(rows.shape[1])
    pooler.partial_fit(inputs[:WARM_UP])
    timed = inputs[: configuration.cycles]
    n_on = float(rows[: configuration.cycles].sum(axis=1).mean())
    synapses = Synapses(pooler.indptr_, pooler.indices_, pooler.permanences_)
    costs = Costs(synapses, rows.shape[1], 0.0, pooler._engine._paired())
    predicted = costs.predict(n_on)
    seconds: dict[str, list[float]] = {layout: [] for layout in LAYOUTS}

    def take_turns() -> None:
        for layout, times in seconds.items():
            # The index is built anew at the first input.
            pooler.set_params(overlap_index=layout).transform(inputs[:1])
            start = time.process_time()
            pooler.transform(timed)
            times.append(time.process_time() - start)

    benchmark.group = "layouts of the overlap index"
    benchmark.pedantic(take_turns, rounds=effort.n_rounds, warmup_rounds=1)
    chosen = min(predicted, key=predicted.__getitem__)
    measured = {layout: 1e6 * min(times) / timed.shape[0] for layout, times in seconds.items()}
    benchmark.extra_info.update(
        {
            "configuration": name,
            "vectors": vector_kind(),
            "predicted_microseconds_of_overlaps": {
                layout: cost / 1e3 for layout, cost in predicted.items()
            },
            "microseconds_per_cycle": measured,
            "chosen": chosen,
            **machine.environment(),
        }
    )
    loss = measured[chosen] / min(measured.values())
    print(
        f"{vector_kind()}, {name}: {chosen} takes {loss:.2f} of the best;",
        *(f"{key} {own:.1f} us" for key, own in measured.items()),
        f"predicted for overlaps {predicted} ns",
    )
    assert loss <= MARGIN
