"""Files replaced as a whole or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write to that takes the place of `path` when all went well.

    It is written beside its place under a short name, ".new.fastsp." and eight more letters,
    synchronised with the disk, and then renamed: at any moment `path` is the old file or the whole
    new one. Permissions, and the owner where that is allowed, are those of the file that is
    replaced. Of a symbolic link the file that it points to is replaced.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError
        Where the file cannot be written, or is no regular one, with the name `path`; what was there
        is still there.
    """
    # Links are followed to the end: the new name stands where the file does.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        number = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(number, "Not a regular file", str(path))
    temporary = target.with_name(f".new.fastsp.{secrets.token_hex(4)}")
    replaced = target.stat() if target.exists() else None
    try:
        if replaced:
            temporary.touch(0o600, exist_ok=False)  # what is open once stays readable
        with temporary.open("wb" if replaced else "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replaced:
            with suppress(OSError, AttributeError):  # Windows has no owners of this kind
                os.chown(temporary, replaced.st_uid, replaced.st_gid)
            temporary.chmod(stat.S_IMODE(replaced.st_mode))
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        # A full disk does not say what it has no room for, and of the other name nobody knows.
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Have the new name outlive a loss of power, where folders can be synchronised."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
