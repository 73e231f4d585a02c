"""Pages of the experiments in the catalogue."""

from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Any

from fastsp.catalogue import EXPERIMENTS
from fastsp.experiments.experiment import SMALL_SIZE, ExperimentResult
from fastsp.report.page import Origin, Page, render
from fastsp.report.style import own_style

PAGES: dict[str, Callable[[ExperimentResult[Any]], Page]] = {
    name: import_module(f"fastsp.report.{name}").page for name in EXPERIMENTS
}
"""What is special on the page of each experiment; in the file of its name."""


@own_style()
def experiment_report(result: ExperimentResult[Any], command: str, data: str = "") -> str:
    """Return the page of a complete experiment.

    Parameters
    ----------
    result : ExperimentResult
    command : str
        What runs it again.
    data : str, optional
        Where its images come from, if it works on images.
    """
    found = result.found()
    if found is None or len(result.trials) < result.seeds:
        raise ValueError("result must be complete, but its experiment was interrupted.")
    experiment = result.experiment
    page = PAGES[experiment.name](result)
    seeds = [trial.seed for trial in result.trials]
    shown = asdict(result.config) | {
        "seeds": f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else seeds[0]
    }
    if data:
        shown["data"] = data
    return render(
        page,
        Origin(command, shown, result.environment),
        title=experiment.title,
        lead=" ".join([experiment.lead, SMALL_SIZE] if result.is_small else [experiment.lead]),
        found=found,
    )
