"""Run experiments in full size and draw the figures of docs/experiments.md.

python docs/experiments.py properties faults

Each experiment runs with the seeds 0 to 4, as `fastsp experiment NAME --seeds 5` does. The figures
go into docs/experiments. What was found, and the tables, are printed as Markdown: the page is
written by hand, and takes its numbers from there. `--quick` tries the program in a small size and
writes into the current folder.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fastsp.datasets import load_mnist
from fastsp.experiments import EXPERIMENTS, run_experiment
from fastsp.report.experiment import PAGES
from fastsp.report.page import Table
from fastsp.report.style import own_style

FIGURES = {
    "similarity": {"": 1},
    "faults": {"": 0, "-fields": 1},
    "ablate": {"-with": 1, "-without": 2, "-activity": 3},
}
"""Which figures of a page the documentation shows, by what their files' names end in; of pages that
are not named here, the first."""


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
        page = PAGES[name](result)
        for which, place in FIGURES.get(name, {"": 0}).items():
            page.figures[place].figure.savefig(folder / f"{name}{which}.png", dpi=144)
        print(f"## {name}\n", *(result.found() or ()), sep="\n", end="\n\n")
        print(*map(as_markdown, page.tables), sep="\n\n", end="\n\n")
        print(f"{result.seconds:,.0f} seconds on {result.environment.cpu}\n")


def as_markdown(table: Table) -> str:
    """Return a table of a report in Markdown, with its title and note."""
    rows = (table.header, ["---"] * len(table.header), *table.rows)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"{table.title}:", "", *lines, "", table.note])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main([name for name in arguments if name != "--quick"], "--quick" in arguments)
