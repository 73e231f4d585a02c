"""Pages of the experiments in the catalogue."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastsp.experiments.experiment import ExperimentResult
from fastsp.plots.style import own_style
from fastsp.report import (
    ablate,
    adaptation,
    classifiers,
    faults,
    properties,
    similarity,
    tune,
)
from fastsp.report.page import Page, render

PAGES: dict[str, Callable[[ExperimentResult[Any]], Page]] = {
    "properties": properties.page,
    "adaptation": adaptation.page,
    "classifiers": classifiers.page,
    "similarity": similarity.page,
    "faults": faults.page,
    "tune": tune.page,
    "ablate": ablate.page,
}
"""By name of the experiment, what is special on its page."""


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
    small = (
        " Not in full size: it shows that all runs." if result.config == experiment.quick else ""
    )
    return render(
        title=experiment.title,
        lead=experiment.lead + small,
        found=found,
        headline=page.headline,
        tables=page.tables,
        figures=page.figures,
        command=command,
        config=asdict(result.config)
        | {"seeds": f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else seeds[0]}
        | ({"data": data} if data else {}),
        environment=result.environment,
    )
