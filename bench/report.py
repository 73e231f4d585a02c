"""One command that measures everything on one core and prints it: `python -m bench.report`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

if not __package__:  # run as a file
    sys.path[0] = str(Path(__file__).parents[1])

from bench import machine
from bench.configurations import BY_NAME, CONFIGURATIONS
from bench.contest import FULL, INFERENCE, LEARNING, QUICK, TRAINING, Contest, Effort, prepare

_REMOVED = "FASTSP_BENCH_WITHOUT_CORETYPE"
_HEAD = (
    "configuration",
    "potential synapses",
    "bytes each",
    *("learning, cycles/s", "baseline", "ratio", "of the limit"),
    *("inference, cycles/s", "baseline", "ratio", "of the limit"),
    "same columns",
)


def measure(effort: Effort) -> str:
    """Run every contest and return the report."""
    environment = machine.environment()
    rows = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1))]
    for configuration in CONFIGURATIONS:
        print(f"{configuration.name}: {configuration.summary}", file=sys.stderr)
        pair = prepare(configuration, effort.n_checked)
        records = [
            Contest(pair, task, effort.seconds).run(effort.n_rounds)
            for task in (LEARNING, INFERENCE)
        ]
        first = records[0]
        rows.append(
            (
                configuration.name,
                f"{first['potential_synapses']:,}",
                f"{first['bytes_per_potential_synapse']:.1f}",
                *(cell for record in records for cell in _cells(record)),
                f"{first['same_columns']:.3%}" if "same_columns" in first else "-",
            )
        )
    pair = prepare(BY_NAME["MNIST"], effort.n_checked)
    training = Contest(pair, TRAINING, effort.seconds).run(effort.n_rounds)
    return "\n".join(
        [
            f"fastsp {environment['fastsp']} on {environment['cpu']}, one of"
            f" {environment['cores']} cores; load average {environment['load_average']:.1f} before"
            f" and {machine.environment()['load_average']:.1f} after.",
            ", ".join(
                f"{name} {environment[name]}"
                for name in ("python", "numpy", "numba", "scipy", "threading_layer")
            )
            + f"; {_coretype()}.",
            f"Machine: {machine.words_per_second() / 1e9:.1f} G popcounted words/s,"
            f" {_updates_per_second() / 1e9:.2f} G gathered updates/s,"
            f" {machine.bytes_per_second() / 1e9:.0f} GB/s copied.",
            "",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            "MNIST training, augmentation and encoding included:"
            f" {training['cycles_per_second']:,.0f} cycles/s,"
            f" baseline {training['baseline_cycles_per_second']:,.0f},"
            f" ratio {training['ratio']:.1f}",
        ]
    )


def _cells(record: dict[str, Any]) -> tuple[str, str, str, str]:
    compared = "ratio" in record
    return (
        f"{record['cycles_per_second']:,.0f}",
        f"{record['baseline_cycles_per_second']:,.0f}" if compared else "-",
        f"{record['ratio']:.1f}" if compared else "-",
        f"{record['share_of_least_time']:.1%}",
    )


def _updates_per_second() -> float:
    """Return the machine's rate at the shape of configuration MNIST."""
    return machine.updates_per_second(56 * 56, 106, 28 * 28 * 2)


def _coretype() -> str:
    removed = os.environ.get(_REMOVED)
    if removed is None:
        return "OPENBLAS_CORETYPE is not set"
    return f"OPENBLAS_CORETYPE={removed} was set and has been removed, for a fair baseline"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report there too")
    arguments = parser.parse_args()
    coretype = os.environ.pop("OPENBLAS_CORETYPE", None)
    if coretype is not None:
        # Libraries that are loaded already have acted on it: begin again.
        os.environ[_REMOVED] = coretype
        os.execv(sys.executable, sys.orig_argv)
    report = measure(QUICK if arguments.quick else FULL)
    print(report)
    if arguments.output:
        arguments.output.write_text(report + "\n")


if __name__ == "__main__":
    main()
