"""Page of the experiment `faults`."""

from collections.abc import Callable

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.faults import HALF, FaultsConfig
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.plots import faults as plots
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[FaultsConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    moments = (config.at_fault - 1, config.at_fault, -1)
    maps, patch = result.trials[0].pictures, config.patch_mask()

    def three(curve: Spread, of: Callable[[Spread], str] = number) -> tuple[str, ...]:
        return tuple(of(curve[moment]) for moment in moments)

    half = summary[HALF]["robustness"].mean[list(moments)]
    covered = summary[next(iter(config.patches))]["coverage"].mean[list(moments)]
    return Page(
        headline=(
            Fact(
                "Half of the columns die",
                " → ".join(f"{value:.2f}" for value in half),
                "noise robustness before, right after, at the end",
            ),
            Fact(
                f"A patch of columns dies, radius {config.near}",
                " → ".join(f"{value:.2f}" for value in covered),
                "connected synapses under the patch, as a ratio to elsewhere",
            ),
        ),
        tables=(
            Table(
                "Before the fault, right after it, and at the end",
                ("what dies", "robustness", "after", "end", "entropy", "after", "end"),
                tuple(
                    (arm, *three(measures["robustness"]), *three(measures["entropy"], percent))
                    for arm, measures in summary.items()
                ),
                "Mean over the seeds, least to greatest in brackets. Robustness: overlap with the "
                "codes of noisy inputs, averaged over all shares of on-bits moved. Entropy of how "
                "often each living column is active over the test inputs, as a share of its "
                "maximum.",
            ),
            Table(
                "Connected synapses under the patch",
                ("what dies", "before", "after", "end", "centres before", "centres, end"),
                tuple(
                    (
                        arm,
                        *three(summary[arm]["coverage"]),
                        *(number(summary[arm]["towards"][moment]) for moment in (0, 1)),
                    )
                    for arm in config.patches
                ),
                "Of living columns, per input bit, as a ratio to the input bits elsewhere. "
                "Centres: how much nearer to the middle of the patch than the column itself the "
                "centre of its receptive field lies, in input bits, mean over the columns within "
                "three of the patch.",
            ),
        ),
        figures=(
            Drawing.of(
                plots.faults_over_epochs(config.epochs_measured, config.fault, summary),
                "Through the fault",
                "The dotted line is the fault. Half of the columns die in a pooler without a "
                "topology, which learns 100 random SDRs; the others learn bars drawn anew for "
                "every epoch. Bands go from the least to the greatest seed.",
            ),
            Drawing.of(
                plots.receptive_field_centres(maps, patch),
                "Centres of receptive fields",
                "Mean place of the connected inputs of each living column, first seed. The square "
                "is the patch that dies.",
            ),
            Drawing.of(
                plots.synapses_by_place(maps, patch),
                "Connected synapses at each input bit",
                "Of living columns, first seed. A row has one scale.",
            ),
        ),
    )
