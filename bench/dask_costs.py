"""What a batch costs a pooler in shards, as a formula; on paper for any cluster.

    python -m bench.dask_costs --column-ns 6 --key-ns 20

prints the table for a thousand workers, with what `bench/test_dask.py` measured on one machine.
"""

import argparse
from dataclasses import dataclass

INPUT_BITS = 16_384


@dataclass(frozen=True)
class Network:
    """Between the process that merges and the workers."""

    latency: float
    """Seconds of one exchange with all workers, whatever is sent"""
    bandwidth: float
    """Bytes a second, in both directions together, of the process that merges"""


@dataclass(frozen=True)
class Work:
    """What processes do, in seconds."""

    column: float
    """A worker, for a column and an input: overlap, boosting, selection, learning"""
    key: float
    """The process that merges, for each candidate of an input"""


@dataclass(frozen=True)
class Shards:
    """A pooler of `n_columns`, `density` of them active, in `n` shards; batches of `batch`."""

    n_columns: int
    n: int
    batch: int
    density: float = 0.02
    inhibition: str = "global"
    n_inputs: int = INPUT_BITS

    @property
    def candidates(self) -> int:
        """Keys that a shard sends for an input."""
        own = -(-self.n_columns // self.n)
        if self.inhibition == "grouped":
            return 0
        if self.inhibition == "global":
            return min(own, round(self.density * self.n_columns))
        return own

    @property
    def bytes(self) -> float:
        """Bytes of one batch that the process that merges sends or receives."""
        key = 8 if self.inhibition == "global" else 4  # with its position, or in its place
        told = self.n * (self.n_inputs / 8 + key * self.candidates)
        winners = 0.0 if self.inhibition == "grouped" else 4 * self.density * self.n_columns
        return self.batch * (told + winners)


def seconds(shards: Shards, network: Network, work: Work) -> dict[str, float]:
    """Return the parts of the time of one batch, which follow each other.

    The exchange, `latency`; its bytes, `bytes`; the largest shard, `columns`; merging, `keys`.
    """
    own = -(-shards.n_columns // shards.n)
    return {
        "latency": network.latency,
        "bytes": shards.bytes / network.bandwidth,
        "columns": shards.batch * own * work.column,
        "keys": shards.batch * shards.n * shards.candidates * work.key,
    }


def least_batch(shards: Shards, network: Network, work: Work, share: float = 0.1) -> float:
    """Return the batch from which on latency takes less than a share of the time."""
    times = seconds(shards, network, work)
    of_input = sum(times[name] for name in ("bytes", "columns", "keys")) / shards.batch
    return network.latency * (1 - share) / share / of_input


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--column-ns", type=float, required=True)
    parser.add_argument("--key-ns", type=float, required=True)
    parser.add_argument("--latency-ms", type=float, default=5.0)
    parser.add_argument("--gigabits", type=float, default=100.0)
    given = parser.parse_args()
    work = Work(given.column_ns * 1e-9, given.key_ns * 1e-9)
    network = Network(given.latency_ms * 1e-3, given.gigabits * 1e9 / 8)
    print("| inhibition | columns | workers | one process, ms | in shards, ms | gain | B |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for inhibition in ("global", "grouped", "local"):
        for n_columns in (10**5, 10**6, 10**7, 10**8):
            for n in (10, 100, 1000):
                shards = Shards(n_columns, n, 1024, inhibition=inhibition)
                alone = n_columns * work.column
                times = seconds(shards, network, work)
                together = sum(times.values()) / shards.batch
                print(
                    f"| {inhibition} | {n_columns:,} | {n:,} | {1e3 * alone:.3g} | "
                    f"{1e3 * together:.3g} | {alone / together:.1f} | "
                    f"{max(1, round(least_batch(shards, network, work))):,} |"
                )


if __name__ == "__main__":
    main()
