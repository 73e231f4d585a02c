"""`initialize`: drawing pools and permanences and building the overlap index."""

import pytest

from bench import machine
from bench.configurations import CONFIGURATIONS
from bench.contest import state_bytes


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_initialize(benchmark, effort, configuration):
    n_inputs = configuration.inputs().shape[1]
    pooler = configuration.build_pooler()
    benchmark.group = "set-up"
    benchmark.pedantic(pooler.initialize, args=(n_inputs,), rounds=effort.n_rounds, warmup_rounds=1)
    n_synapses = pooler.indices_.size
    benchmark.extra_info.update(
        {
            "configuration": configuration.name,
            "potential_synapses": n_synapses,
            "bytes_per_potential_synapse": state_bytes(pooler) / n_synapses,
            **machine.environment(),
        }
    )
    if benchmark.stats:  # none where benchmarks are disabled
        benchmark.extra_info["potential_synapses_per_second"] = (
            n_synapses / benchmark.stats.stats.median
        )
