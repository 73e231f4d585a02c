"""How the codes change when the inputs are replaced half way.

After Cui, Ahmad and Hawkins 2017, "The HTM Spatial Pooler", doi:10.3389/fncom.2017.00111: a pooler
that has learned one set of inputs goes on with another. Its parameters are those of
`fastsp.experiments.properties`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.experiments.experiment import Experiment, Summary, Trial, arm, streams
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.properties import BOOSTING, INPUTS, PAPER, Record, Simulation
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import agreement, exceeds, number, percent
from fastsp.metrics import stability

FIRST, SECOND, _, LAST = INPUTS
CHANGES = {
    "others like them": (FIRST, FIRST),
    "SDRs of 2 %": (FIRST, SECOND),
    "crosses": (FIRST, LAST),
}
"""Kinds of inputs before and after the change, by the name of the second set."""
RECOVERED = 0.95
"""Share of the robustness before the change at which it counts as recovered."""


@dataclass(frozen=True)
class AdaptationConfig(Simulation):
    """Parameters of the experiment `adaptation`: those of all simulations, and two more.

    Attributes
    ----------
    epochs, change : int
        All epochs, and those before the inputs change.
    """

    epochs: int = 120
    change: int = 50

    @property
    def epochs_measured(self) -> NDArray[np.int64]:
        """(epochs + 2,) epochs learned at each measurement; two measurements at the change."""
        return np.concatenate([np.arange(self.change + 1), np.arange(self.change, self.epochs + 1)])


def run(config: AdaptationConfig, seed: int, digits: None, progress: Progress) -> Trial:
    """Learn one set of inputs, then another, with boosting and without."""
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    tell = counter(progress, "epochs", len(CHANGES) * len(BOOSTING) * config.epochs)
    for place, (change, kinds) in enumerate(CHANGES.items()):
        before, after = (
            config.draw(kind, streams(seed, 0, place, part)) for part, kind in enumerate(kinds)
        )
        for boosting in BOOSTING:
            pooler = config.build_pooler(boosting == BOOSTING[0], seed)
            record, order = Record(config.noise), streams(seed, 1, place)
            record.learn(pooler, before, config.change, order, tell)
            remembered = pooler.transform(before)
            record.learn(pooler, after, config.epochs - config.change, order, tell)
            curves = record.curves()
            measures[arm(change, boosting)] = curves | {
                "overlap_at_change": record.measured[config.change + 1]["overlap"],
                "overlap_before": record.measured[config.change]["overlap"],
                "overlap_after": record.measured[-1]["overlap"],
                "recovery": _recovery(curves["robustness"], config.change),
                "kept": np.array(stability(remembered, pooler.transform(before))),
            }
    return Trial(seed, measures)


def _recovery(robustness: NDArray[np.float64], change: int) -> NDArray[np.float64]:
    """Return epochs from the change until robustness has recovered; nan if it never does."""
    recovered = robustness[change + 1 :] >= RECOVERED * robustness[change]
    return np.array(float(recovered.argmax()) if recovered.any() else np.nan)


def falls_and_recovers(config: AdaptationConfig, curve: Spread) -> bool:
    """Whether a measure falls at the change, in all seeds, and rises again after it."""
    before, at, after = (curve[place] for place in (config.change, config.change + 1, -1))
    return exceeds(before, at) and exceeds(after, at)


def found(config: AdaptationConfig, summary: Summary) -> tuple[str, str]:
    """Return how far robustness fell at the change and how soon it recovered."""
    same = next(iter(CHANGES))
    measures = summary[arm(same, BOOSTING[0])]
    robust, change = measures["robustness"], config.change
    boosted = [summary[arm(name, BOOSTING[0])] for name in CHANGES]
    recovery = measures["recovery"]
    if np.isfinite(recovery.mean):
        epochs = number(recovery, "{:.0f}")
        soon = f"and was back at {100 * RECOVERED:.0f} % of that after {epochs} epochs"
    else:
        soon = f"and was not in every seed back at {100 * RECOVERED:.0f} % of that by the end"
    stable = all(bool(m["stability"][-1].least > 0.9) for m in boosted)
    entropy = [falls_and_recovers(config, m["entropy"]) for m in boosted]
    return (
        f"When random SDRs were replaced by others after {change} epochs, noise robustness fell "
        f"from {number(robust[change])} to {number(robust[change + 1])} {soon}, while the codes "
        f"of the first inputs kept {percent(measures['kept'], 0)} of their columns to the end and "
        f"entropy came to {percent(measures['entropy'][-1])} of its maximum, without boosting to "
        f"{percent(summary[arm(same, BOOSTING[1])]['entropy'][-1])}.",
        f"The codes {'became' if stable else 'did not become'} stable again after every kind of "
        "change. "
        + agreement(
            {
                "robustness that falls at a change of inputs and recovers": all(
                    falls_and_recovers(config, m["robustness"]) for m in boosted
                ),
                "entropy that does the same": all(entropy),
            },
            PAPER,
        )
        + " Compared with the caption of its figure 3, where both recover completely after a "
        "change from random SDRs to others.",
    )


EXPERIMENT = Experiment(
    name="adaptation",
    title="Inputs that change half way",
    lead="A pooler learns 100 random SDRs of 2 to 20 % for 50 epochs, and then 100 other inputs: "
    "others like them, SDRs of 2 %, or crosses. The codes of the inputs that it is learning are "
    "measured all along, with learning switched off.",
    full=AdaptationConfig(),
    quick=AdaptationConfig(
        n_inputs=12, side=12, n_columns=100, bar_length=5, noise_levels=5, epochs=4, change=2
    ),
    run=run,
    found=found,
)
