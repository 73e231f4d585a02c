"""One command that measures everything on one core and writes a page: `python -m bench.report`."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if not __package__:  # run as a file
    sys.path[0] = str(Path(__file__).parents[1])

from bench import above_kernel, history, machine
from bench.configurations import BY_NAME, CONFIGURATIONS
from bench.contest import (
    FULL,
    INFERENCE,
    LEARNING,
    QUICK,
    TRAINING,
    Contest,
    Effort,
    Pair,
    prepare,
    state_bytes,
)

_REMOVED = "FASTSP_BENCH_WITHOUT_CORETYPE"
_HEAD = (
    "configuration",
    "potential synapses",
    "bytes each",
    *("learning, cycles/s", "baseline", "ratio", "of the limit"),
    *("inference, cycles/s", "baseline", "ratio", "of the limit"),
    "same columns",
)
_SINGLE_HEAD = (
    "configuration",
    *("learning, µs", "kernel", "above it"),
    *("inference, µs", "kernel", "above it"),
)

_CACHE = 1 << 21
"""Bytes of a core's own cache, the usual second level; more than that is read from further away."""
_COUNTED = (
    "The limit counts the overlaps (for each on-bit the words of 64 columns that can see it, added"
    " seven rows at a time; or a popcount for each column and 64 input bits that it can see; or one"
    " count for each connected column; whichever is the fastest), one pass"
    " over the columns to select and, when learning, the updates of the active columns' synapses,"
    " each at the rate of a small kernel that does nothing else."
)
_LOW = 1 / 3
"""Shares of the limit under this are explained."""


def measure(effort: Effort) -> tuple[str, list[dict[str, Any]]]:
    """Run every contest; return the report, a page of Markdown, and the records behind it."""
    environment = machine.environment()
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    rows = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1))]
    single = [_SINGLE_HEAD, ("---", *["---:"] * (len(_SINGLE_HEAD) - 1))]
    reasons: dict[str, list[str]] = {}
    kept: list[dict[str, Any]] = []
    for configuration in CONFIGURATIONS:
        print(f"{configuration.name}: {configuration.summary}", file=sys.stderr)
        pair = prepare(configuration, effort.n_checked)
        records = [
            Contest(pair, task, effort.seconds).run(effort.n_rounds)
            for task in (LEARNING, INFERENCE)
        ]
        kept += records
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
        calls = [above_kernel.measure(pair, learn, effort) for learn in (True, False)]
        values = [f"{value:.1f}" for call in calls for value in call.values()]
        single.append((configuration.name, *values))
        for record in records:
            if record["share_of_least_time"] < _LOW:
                names = reasons.setdefault(_explain(pair, record["task"]), [])
                names.append(f"{configuration.name} ({record['task']})")
    pair = prepare(BY_NAME["MNIST"], effort.n_checked)
    training = Contest(pair, TRAINING, effort.seconds).run(effort.n_rounds)
    page = "\n".join(
        [
            "# Benchmarks",
            "",
            "fastsp and the same Spatial Pooler in NumPy and SciPy take turns on the same inputs,"
            " on one core. Written by `"
            + " ".join(["python -m bench.report", *sys.argv[1:]])
            + f"` on {today}; [bench/README.md](../bench/README.md) says how to read it.",
            "",
            *(f"- {one.name}: {one.summary}." for one in CONFIGURATIONS),
            "",
            f"fastsp {environment['fastsp']} on {environment['cpu']}, one of"
            f" {environment['cores']} cores; load average {environment['load_average']:.1f} before"
            f" and {machine.environment()['load_average']:.1f} after.",
            ", ".join(
                f"{name} {environment[name.lower()]}"
                for name in ("Python", "NumPy", "Numba", "SciPy")
            )
            + f"; {_coretype()}.",
            "Machine: {row_words:.1f} G words of bit rows added/s, {popcounts:.1f} G words"
            " popcounted/s, {updates:.2f} G gathered updates/s, {copied_bytes:.0f} GB/s"
            " copied.".format(**_machine_units()),
            "",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            "MNIST training, augmentation and encoding included:"
            f" {training['cycles_per_second']:,.0f} cycles/s,"
            f" baseline {training['baseline_cycles_per_second']:,.0f},"
            f" ratio {training['ratio']:.1f}.",
            "",
            "`compute`, one input a call, microseconds: as called from Python, the kernel in it"
            " called in a compiled loop, and the difference between the two.",
            "",
            *(f"| {' | '.join(row)} |" for row in single),
            "",
            _COUNTED,
            *(
                ["", "Where less than a third of it is reached, what is not counted:", ""]
                if reasons
                else []
            ),
            *(f"- {', '.join(names)}: {why}." for why, names in reasons.items()),
        ]
    )
    return page, kept


def _explain(pair: Pair, task: str) -> str:
    """Return what a cycle does beyond what the limit counts."""
    pooler = pair.pooler
    beyond = ["boosted overlaps, the later steps of exact selection"]
    if pooler.inhibition == "gaussian":
        beyond.append("two blurs over the grid of columns")
    if pooler.inhibition == "local":
        beyond.append("comparisons with blocks of the neighbourhood")
    if pooler.inhibition == "grouped":
        beyond.append("a bound for each group of columns")
    if task == LEARNING.name:
        beyond.append("boost factors, duty cycles and flips entered into the index")
    size = state_bytes(pooler)
    if size > _CACHE:
        beyond.append("memory further away, since synapses and index do not fit into 2 MB")
    return "; ".join(beyond)


def _cells(record: dict[str, Any]) -> tuple[str, str, str, str]:
    compared = "ratio" in record
    return (
        f"{record['cycles_per_second']:,.0f}",
        f"{record['baseline_cycles_per_second']:,.0f}" if compared else "-",
        f"{record['ratio']:.1f}" if compared else "-",
        f"{record['share_of_least_time']:.1%}",
    )


def _machine_units() -> dict[str, float]:
    """Return the machine's rates, in 1e9 a second; updates at the shape of configuration MNIST."""
    rates = {
        "row_words": machine.row_words_per_second(),
        "popcounts": machine.popcounted_words_per_second(),
        "updates": machine.updates_per_second(56 * 56, 106, 28 * 28 * 2),
        "copied_bytes": machine.bytes_per_second(),
    }
    return {name: rate / 1e9 for name, rate in rates.items()}


def _coretype() -> str:
    removed = os.environ.get(_REMOVED)
    if removed is None:
        return "OPENBLAS_CORETYPE is not set"
    return f"OPENBLAS_CORETYPE={removed} was set and has been removed, for a fair baseline"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the page there too")
    parser.add_argument(
        "--record", action="store_true", help="append to bench/history.jsonl; nothing uncommitted"
    )
    arguments = parser.parse_args()
    commit = ""
    if arguments.record:
        try:
            commit = history.clean_commit()
        except RuntimeError as error:
            parser.error(str(error))
    coretype = os.environ.pop("OPENBLAS_CORETYPE", None)
    if coretype:
        # Libraries that are loaded already have acted on it: begin again.
        os.environ[_REMOVED] = coretype
        os.execv(sys.executable, sys.orig_argv)
    report, records = measure(QUICK if arguments.quick else FULL)
    print(report)
    if arguments.output:
        arguments.output.write_text(report + "\n", encoding="utf-8")
    if arguments.record:
        date, units = f"{datetime.now(UTC):%Y-%m-%d}", _machine_units()
        history.append(history.Line.of(record, commit, date, units) for record in records)


if __name__ == "__main__":
    main()
