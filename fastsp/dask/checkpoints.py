"""Snapshots of a pooler in shards: a folder that all workers and the client can reach.

Each shard writes a file of its own. A snapshot counts as soon as `snapshot.json`, which names its
files, is replaced as a whole; only then are the files of the one before deleted.
"""

import json
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from fastsp.dask.actors import Actors
from fastsp.files import replacing

_MANIFEST = "snapshot.json"


class Snapshot(NamedTuple):
    """What a snapshot says of its pooler."""

    name: str
    n_cycles: int
    n_shards: int
    n_inputs: int
    seeds: tuple[int, int]
    parameters: dict[str, Any]

    def files(self, folder: Path) -> list[str]:
        """Return the file of each shard."""
        return [str(folder / f"{self.name}-{i}.shard") for i in range(self.n_shards)]


def new_name(n_cycles: int) -> str:
    """Return a name that no other snapshot has."""
    return f"{n_cycles}-{secrets.token_hex(4)}"


def write(folder: Path, snapshot: Snapshot, shards: Actors) -> None:
    """Let all shards write their files, then make this the snapshot of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = snapshot.files(folder)
    shards.call("save", files)
    with replacing(folder / _MANIFEST) as file:
        file.write(json.dumps(snapshot._asdict(), indent=1, default=_plain).encode())
    for old in folder.glob("*.shard"):
        if str(old) not in files:
            old.unlink(missing_ok=True)


def read(folder: Path) -> Snapshot:
    """Return the snapshot of a folder; FileNotFoundError where there is none."""
    kept = json.loads((folder / _MANIFEST).read_text())
    kept["seeds"] = tuple(kept["seeds"])
    kept["parameters"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in kept["parameters"].items()
    }
    return Snapshot(**kept)


def _plain(value: Any) -> Any:
    return value.item()  # NumPy's numbers
