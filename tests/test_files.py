"""Files replaced as a whole: what becomes of permissions, links, long names and failures."""

import os
import stat
import sys

import numpy as np
import pytest

from fastsp import MaximumLikelihoodClassifier, load, save
from fastsp.console import write_json, write_text
from fastsp.files import replacing

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")
MODEL = MaximumLikelihoodClassifier().fit(np.eye(3), [0, 1, 1])
WRITERS = [
    lambda path: save(MODEL, path),
    lambda path: write_text(path, "text"),
    lambda path: write_json(path, {"a": 1}),
]


@posix
@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_permissions_of_a_replaced_file_stay(tmp_path, write, mode):
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_size > 0


@posix
def test_while_it_is_written_no_one_can_read_it_who_could_not_before(tmp_path):
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o600)
    with replacing(path) as file:
        (written,) = (each for each in tmp_path.iterdir() if each != path)
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
        file.write(b"new")


@posix
@pytest.mark.parametrize("write", WRITERS)
def test_of_a_symbolic_link_the_file_it_points_to_is_replaced(tmp_path, write):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").symlink_to("elsewhere")
    link, target = tmp_path / "link", tmp_path / "elsewhere" / "target"
    link.symlink_to("folder/target")
    for _ in range(2):  # not there yet, and there
        write(link)
        assert link.is_symlink()
        assert target.stat().st_size > 0
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["x" * 250, "\u00e9" * 125])
def test_a_name_may_be_as_long_as_names_may_be(tmp_path, write, name):
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("write", WRITERS)
def test_errors_name_the_file_that_was_asked_for(tmp_path, write, monkeypatch):
    missing = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write(missing)
    assert caught.value.filename == str(missing)

    def refuse(source, target):
        raise PermissionError(13, "Permission denied", str(source), None, str(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError) as caught:
        write(tmp_path / "file")
    assert str(caught.value) == f"[Errno 13] Permission denied: '{tmp_path / 'file'}'"
    assert not list(tmp_path.iterdir())


def test_an_error_while_it_is_written_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write():
        with replacing(path) as file:
            file.write(b"half")
            raise KeyError("amid")

    with pytest.raises(KeyError, match="amid"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_no_regular_file_is_not_replaced(tmp_path, write):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        write(folder)
    with pytest.raises(OSError, match="regular"):
        write(os.devnull)
    assert list(tmp_path.iterdir()) == [folder]


@posix
def test_a_model_behind_a_link_goes_on(tmp_path):
    (tmp_path / "newest.fastsp").symlink_to("model-7.fastsp")
    save(MODEL, tmp_path / "newest.fastsp")
    assert load(tmp_path / "model-7.fastsp").class_count_.tolist() == [1, 2]
