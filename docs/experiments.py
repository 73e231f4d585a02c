"""Write docs/experiments.md from what `fastsp experiment NAME --seeds 5` has written.

for name in properties adaptation classifiers similarity faults tune ablate; do
    fastsp experiment $name --seeds 5
done
python docs/experiments.py .
"""

import base64
import json
import re
import sys
from pathlib import Path

from fastsp.experiments import EXPERIMENTS
from fastsp.experiments.spread import Spread

DOCS = Path(__file__).parent
SHOWN = {"properties": (1,), "faults": (1, 2), "similarity": (2,)}
"""Figures of a report that are shown here, counted from 1; by default the first."""

HEAD = """# Experiments

`fastsp experiment NAME` runs an experiment and writes `metrics.json` and `report.html`, a page with
tables and figures that stands alone, into the folder `fastsp-NAME`. `--seed` and `--seeds` say with
which seeds, `--quick` runs a small size that shows only that all runs, `--output` names another
folder. The sentences below are computed from the numbers, over as many seeds as the command says;
brackets go from the least to the greatest seed. [experiments.py](experiments.py) writes this
page.
"""


def main(folder: str) -> None:
    """Read the folders fastsp-NAME in `folder`; keep their main figures beside the page."""
    figures = DOCS / "experiments"
    figures.mkdir(exist_ok=True)
    parts = [HEAD]
    for name, experiment in EXPERIMENTS.items():
        output = Path(folder) / f"fastsp-{name}"
        head = f"## {name}: {experiment.title}\n\n{experiment.lead}\n"
        if not (output / "report.html").exists():
            command = f"```sh\nfastsp experiment {name}\n```\n"
            parts += [head, command, "Not run in full size for this page.\n"]
            continue
        metrics = json.loads((output / "metrics.json").read_text())
        report = (output / "report.html").read_text()
        summary = {
            arm: {measure: Spread.from_json(values) for measure, values in measures.items()}
            for arm, measures in metrics["summary"].items()
        }
        seeds = len(metrics["trials"])
        environment = metrics["environment"]
        parts.append(
            f"{head}\n```sh\nfastsp experiment {name} --seeds {seeds}\n```\n\n"
            f"{' '.join(experiment.found(experiment.full, summary))}\n"
        )
        drawn = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]*)" alt="([^"]*)"', report)
        for number in SHOWN.get(name, (1,)):
            encoded, title = drawn[number - 1]
            file = figures / f"{name}-{number}.svg"
            file.write_bytes(base64.b64decode(encoded))
            parts.append(f"![{title}](experiments/{file.name})\n")
        for label, words in metrics.get("details", {}).items():
            block = f"\n\n```text\n{words.strip()}\n```" if "\n" in words else f" {words}."
            parts.append(f"{label.capitalize()} with the first seed:{block}\n")
        if seeds < 5:
            parts.append("Of fewer than five seeds: how far they lie apart remains to be shown.\n")
        parts.append(
            f"{metrics['seconds']:,.0f} seconds for {seeds} seed{'s' if seeds > 1 else ''}, on one "
            f"core of {environment['cpu']} that others were using as well.\n"
        )
    (DOCS / "experiments.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
