"""Run experiments in full size and draw the figures of docs/experiments.md.

python docs/experiments.py properties faults

Each experiment runs with the seeds 0 to 4, as `fastsp experiment NAME --seeds 5` does. The figures
go into docs/experiments. What was found, and the tables, are printed as Markdown: the page is
written by hand, and takes its numbers from there. `--quick` tries the program in a small size and
writes into the current folder.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from fastsp.datasets import load_mnist
from fastsp.experiments import (
    EXPERIMENTS,
    ablate,
    adaptation,
    classifiers,
    noise,
    properties,
    run_experiment,
    stability,
)
from fastsp.experiments import similarity as similar
from fastsp.experiments.experiment import arm
from fastsp.experiments.pareto import front_of
from fastsp.plots import (
    activity_maps,
    faults,
    noise_overlaps,
    properties_over_epochs,
    samples,
    tune,
)
from fastsp.plots.classifiers import accuracy_and_costs
from fastsp.plots.continual import accuracy_seen
from fastsp.plots.noise import accuracy_under_noise
from fastsp.plots.pareto import accuracy_against_seconds
from fastsp.plots.properties import by_kind
from fastsp.plots.similarity import view_overlaps
from fastsp.plots.stability import stability_over_rounds
from fastsp.plots.style import own_style
from fastsp.report.experiment import PAGES
from fastsp.report.page import Table

Draw = Callable[[Any, Any, Any], Figure]

FIGURES: dict[str, Draw] = {
    "properties": lambda config, summary, pictures: noise_overlaps(
        config.noise, by_kind(summary, list(properties.INPUTS))
    ),
    "adaptation": lambda config, summary, pictures: properties_over_epochs(
        config.epochs_measured,
        by_kind(summary, list(adaptation.CHANGES)),
        {config.change: "the inputs change"},
    ),
    "classifiers": lambda config, summary, pictures: accuracy_and_costs(
        summary, classifiers.CLASSIFIERS, classifiers.CODES
    ),
    "similarity": lambda config, summary, pictures: view_overlaps(
        summary, similar.BINS, similar.ROTATIONS, similar.SHIFTS
    ),
    "faults": lambda config, summary, pictures: faults.faults_over_epochs(
        config.epochs_measured, config.fault, summary
    ),
    "faults-fields": lambda config, summary, pictures: faults.receptive_field_centres(
        pictures, config.patch_mask()
    ),
    "tune": lambda config, summary, pictures: tune.search(
        pictures["values"], pictures["importances"]
    ),
    "ablate-with": lambda config, summary, pictures: draw_samples(pictures, ablate.LOCAL),
    "ablate-without": lambda config, summary, pictures: draw_samples(pictures, ablate.EVERYWHERE),
    "ablate-activity": lambda config, summary, pictures: activity_maps(
        {name: pictures["activity"][name] for name in ablate.COMPARED}, config.pooler.column_shape
    ),
    "continual": lambda config, summary, pictures: accuracy_seen(summary),
    "stability": lambda config, summary, pictures: stability_over_rounds(
        summary, list(config.sets), stability.CONTROLS
    ),
    "noise": lambda config, summary, pictures: accuracy_under_noise(
        config.noise, summary, noise.CODES, list(noise.READOUTS)
    ),
    "pareto": lambda config, summary, pictures: accuracy_against_seconds(
        summary, config.poolers, front_of(summary)
    ),
}
"""By name of the file: (config, summary, pictures of the first seed) -> figure."""


def draw_samples(pictures: Any, variant: str) -> Figure:
    """Draw inputs and outputs of a pooler of on-bits, as published."""
    pooler = pictures["poolers"][arm(variant, ablate.ON)]
    return samples(pooler, pictures["images"], pictures["inputs"])


@own_style()
def main(names: Iterable[str], quick: bool = False) -> None:
    """Run the experiments one after another."""
    folder = Path() if quick else Path(__file__).with_name("experiments")
    for name in names:
        experiment = EXPERIMENTS[name]
        result = run_experiment(
            experiment,
            experiment.quick if quick else experiment.full,
            range(5),
            load_mnist() if experiment.needs_digits else None,
        )
        for file, draw in FIGURES.items():
            if file.partition("-")[0] == name:
                figure = draw(result.config, result.summary(), result.trials[0].pictures)
                figure.savefig(folder / f"{file}.png", dpi=144)
        print(f"## {name}\n", *(result.found() or ()), sep="\n", end="\n\n")
        print(*map(as_markdown, PAGES[name](result).tables), sep="\n\n", end="\n\n")
        print(f"{result.seconds:,.0f} seconds on {result.environment.cpu}\n")


def as_markdown(table: Table) -> str:
    """Return a table of a report in Markdown, with its title and note."""
    rows = (table.header, ["---"] * len(table.header), *table.rows)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"{table.title}:", "", *lines, "", table.note])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main([name for name in arguments if name != "--quick"], "--quick" in arguments)
