"""Snapshots of training on disk, from which a later process resumes.

A snapshot is a model file of the pooler whose notes hold the rest: the position in the stream, the
state of the augmenter's random generator, the checkpoints measured, and the parameters and data it
belongs to. A file is replaced as a whole, so the newest snapshot is always readable.
"""

import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastsp.engine.events import LOGGER
from fastsp.persistence import load_with_notes, save
from fastsp.pooler import SpatialPooler

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True)
class Snapshots:
    """Where snapshots of an experiment are kept, and how often they are made.

    Parameters
    ----------
    folder : path
        Created if needed; holds a file for each training of the experiment.
    every : int
        Learning cycles between snapshots. They are made at the end of a chunk and after the last
        cycle, and never change how inputs are cut into chunks, so no result depends on them.
    resume : bool
        Resume from the snapshots in `folder`, or begin where there are none. If False, there must
        be none.

    Raises
    ------
    ValueError
        If `every` is below 1, or there are snapshots already and `resume` is False.
    """

    folder: Path
    every: int = 10_000
    resume: bool = False

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1, got {self.every}")
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.resume and self.kept():
            raise ValueError(
                f"{self.folder} holds the checkpoint of another run: resume it, or choose another "
                "folder"
            )
        # Files that a killed process left half written; not while another process is writing.
        with _held(self.folder, alone=True) as nobody_writes:
            for left_over in self.folder.glob(".*.fastsp.*") if nobody_writes else ():
                with suppress(OSError):
                    left_over.unlink()

    def kept(self) -> list[Path]:
        """Return the snapshots that there are."""
        return sorted(self.folder.glob("training*.fastsp"))

    def is_due(self, saved: int, cycles: int, last: int) -> bool:
        """Whether a snapshot is due after `cycles`, where the newest is of `saved` cycles."""
        return cycles > saved and (cycles == last or cycles // self.every > saved // self.every)

    def save(self, name: str, pooler: SpatialPooler, notes: Mapping[str, Any]) -> None:
        """Replace the snapshot of the training called `name`.

        If that fails, for example because the disk is full, the previous one is kept, the logger
        "fastsp" warns, and training goes on.
        """
        try:
            with _held(self.folder):
                save(pooler, self._path(name), notes=notes)
        except OSError as error:
            LOGGER.warning("no snapshot after %d cycles: %s", pooler.n_cycles_, error)

    def load(self, name: str, belongs_to: Mapping[str, Any]) -> tuple[SpatialPooler, Any] | None:
        """Return pooler and notes of the newest snapshot, or None where there is none.

        Raises
        ------
        ValueError
            If it is damaged, or belongs to other parameters or data; the difference is named.
        """
        path = self._path(name)
        if not path.exists():
            return None
        pooler, notes = load_with_notes(path)
        wanted = json.loads(json.dumps(belongs_to))
        found = notes.get("belongs_to") if isinstance(notes, dict) else None
        if not isinstance(found, dict):
            raise ValueError(f"{path}: no snapshot of a training")
        for key in sorted(wanted.keys() | found.keys()):
            if wanted.get(key) != found.get(key):
                raise ValueError(
                    f"{path} was made with {key}={found.get(key)!r}; got {wanted.get(key)!r}"
                )
        return pooler, notes

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.fastsp"


def fingerprints(data: Any) -> dict[str, Any]:
    """Return checksums of the training images and labels of a data set, and the image shape."""
    return {
        "training images": zlib.crc32(np.ascontiguousarray(data.train_images).data),
        "training labels": zlib.crc32(np.ascontiguousarray(data.train_labels).data),
        "image_shape": list(data.image_shape),
    }


@contextmanager
def _held(folder: Path, alone: bool = False) -> Iterator[bool]:
    """Lock a folder, and yield whether the lock was obtained.

    Writers share the lock. With `alone` it is exclusive, and not obtained while anybody writes.
    """
    if sys.platform == "win32":  # where open files cannot be removed anyway
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        held = True
    except OSError:  # held by others, or the file system has no locks
        held = False
    try:
        yield held
    finally:
        os.close(descriptor)
