"""Training that outlives its process, and files that outlive a full disk."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastsp import SpatialPooler, load, persistence, save
from fastsp.__main__ import main
from fastsp.experiments import Interrupted, MnistConfig, Snapshots, run_mnist
from fastsp.persistence import load_with_notes
from stress.kill import TIMED
from tests.tiny_mnist import make_digits

ROOT = Path(__file__).parents[2]
CONFIG = MnistConfig(
    cycles=200, chunk=20, column_shape=(12, 12), potential_radius=2, n_potential=16, checkpoints=2
)
X = (np.random.default_rng(0).random((200, 60)) < 0.2).astype(np.uint8)


def state_of(pooler):
    state = pooler.__getstate__()
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    return {key: value.tobytes() for key, value in arrays.items()} | {"n": pooler.n_cycles_}


def same(result, other):
    metrics = [
        {name: value for name, value in one.metrics().items() if name not in TIMED}
        for one in (result, other)
    ]
    assert metrics[0] == metrics[1]
    assert state_of(result.pooler) == state_of(other.pooler)
    for which in ("with_local_inhibition", "without_local_inhibition"):
        assert state_of(getattr(result, which)) == state_of(getattr(other, which))


@pytest.fixture(scope="module")
def undisturbed(digits):
    return run_mnist(CONFIG, digits)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_training_ends_as_if_nothing_had_happened():
    done = subprocess.run(
        [sys.executable, "-m", "stress.kill", "--n=8"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "0 runs ended differently" in done.stdout


@pytest.mark.parametrize("calls", [3, 11, 20, 26, 42, 45])
def test_ctrl_c_at_any_call_and_resumed(tmp_path, digits, undisturbed, calls):
    left = calls

    def interrupt(phase, done, total):
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run_mnist(CONFIG, digits, interrupt, Snapshots(tmp_path, 1000))
    learned = caught.value.result.training.cycles
    if 0 < learned < 200:
        assert load(tmp_path / "training.fastsp").n_cycles_ == learned
    resumed = run_mnist(CONFIG, digits, snapshots=Snapshots(tmp_path, resume=True))
    same(resumed, undisturbed)


def test_a_full_disk_does_not_end_the_training(tmp_path, digits, undisturbed, monkeypatch, caplog):
    synchronise, left = os.fsync, 2

    def fill(descriptor):
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", fill)
    result = run_mnist(CONFIG, digits, snapshots=Snapshots(tmp_path, 50))
    same(result, undisturbed)
    (path,) = tmp_path.iterdir()
    assert load(path).n_cycles_ < 200
    assert f"No space left on device: '{path}'" in caplog.text
    monkeypatch.undo()
    resumed = run_mnist(CONFIG, digits, snapshots=Snapshots(tmp_path, 50, resume=True))
    same(result, resumed)


def test_snapshots_belong_to_one_configuration(tmp_path):
    run_mnist(CONFIG, make_digits(), snapshots=Snapshots(tmp_path))
    with pytest.raises(ValueError, match="checkpoint of another run"):
        Snapshots(tmp_path)
    snapshots = Snapshots(tmp_path, resume=True)
    with pytest.raises(ValueError, match=r"made with density=0\.02; got 0\.05"):
        run_mnist(replace(CONFIG, density=0.05), make_digits(), snapshots=snapshots)
    with pytest.raises(ValueError, match="training images"):
        run_mnist(CONFIG, make_digits(n_train=180), snapshots=snapshots)
    digits = make_digits()
    other_labels = replace(digits, train_labels=digits.train_labels[::-1].copy())
    with pytest.raises(ValueError, match="made with training labels="):
        run_mnist(CONFIG, other_labels, snapshots=snapshots)
    with pytest.raises(ValueError, match=r"made with image_shape=\[12, 12\]; got \[9, 16\]"):
        run_mnist(CONFIG, replace(digits, image_shape=(9, 16)), snapshots=snapshots)
    run_mnist(replace(CONFIG, n_jobs=2), make_digits(), snapshots=snapshots)
    with pytest.raises(ValueError, match="every must be at least 1"):
        Snapshots(tmp_path, 0)


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / ".training.fastsp.0123abcd").write_bytes(b"half")
    Snapshots(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_no_checkpoint_is_in_nobodys_way(tmp_path):
    save(SpatialPooler((9,)).fit(X), tmp_path / "pooler.fastsp")
    Snapshots(tmp_path)


def test_what_another_process_is_writing_is_left_alone(tmp_path, monkeypatch, caplog):
    synchronise = os.fsync

    def begin_another(descriptor):
        Snapshots(tmp_path, resume=True)
        synchronise(descriptor)

    (tmp_path / ".training.fastsp.0123abcd").write_bytes(b"half")
    snapshots = Snapshots(tmp_path)
    monkeypatch.setattr(os, "fsync", begin_another)
    snapshots.save("training", SpatialPooler((9,)).fit(X), {})
    assert caplog.text == ""
    assert [file.name for file in tmp_path.iterdir()] == ["training.fastsp"]


def test_a_damaged_snapshot_is_told(tmp_path):
    (tmp_path / "training.fastsp").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"training\.fastsp: not a fastsp model"):
        run_mnist(CONFIG, make_digits(), snapshots=Snapshots(tmp_path, resume=True))
    save(SpatialPooler((9,)).fit(X), tmp_path / "training.fastsp")
    with pytest.raises(ValueError, match="no snapshot"):
        run_mnist(CONFIG, make_digits(), snapshots=Snapshots(tmp_path, resume=True))


def test_the_command_line_resumes(no_drawing, data, tmp_path, capsys):
    kept = tmp_path / "kept"
    arguments = ["mnist", "--cycles=50", "--inhibition=global", f"--data={data}", "--quiet"]
    arguments += [f"--output={tmp_path / 'out'}"]
    assert main([*arguments, "--resume"]) == 2
    assert "--checkpoint" in capsys.readouterr().err
    assert main([*arguments, f"--checkpoint={kept}", "--every=10"]) == 0
    assert load(kept / "training.fastsp").n_cycles_ == 50
    first = (tmp_path / "out" / "pooler.fastsp").read_bytes()
    assert main([*arguments, f"--checkpoint={kept}"]) == 2
    assert "checkpoint of another run" in capsys.readouterr().err
    assert main([*arguments, f"--checkpoint={kept}", "--resume"]) == 0
    assert (tmp_path / "out" / "pooler.fastsp").read_bytes() == first


def test_training_that_finds_nothing_to_resume_says_so(no_drawing, data, tmp_path, capsys):
    kept = tmp_path / "typo"
    arguments = ["mnist", "--cycles=20", "--inhibition=global", f"--data={data}"]
    arguments += [f"--output={tmp_path / 'out'}", f"--checkpoint={kept}", "--resume"]
    assert main(arguments) == 0
    told = capsys.readouterr().err
    assert f"fastsp: {kept} holds no checkpoint: training begins anew" in told
    assert main(arguments) == 0
    told = capsys.readouterr().err
    assert "begins anew" not in told
    assert "earlier run" not in told
    assert main([*arguments[:-2], f"--checkpoint={kept}2", "--resume", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_notes_are_kept_with_a_model(tmp_path):
    pooler = SpatialPooler((50,)).fit(X)
    save(pooler, tmp_path / "model", notes={"a": [1, 2**100, None]})
    loaded, notes = load_with_notes(tmp_path / "model")
    assert notes == {"a": [1, 2**100, None]}
    assert state_of(loaded) == state_of(pooler)
    save(pooler, tmp_path / "model")
    assert load_with_notes(tmp_path / "model")[1] is None


@pytest.mark.parametrize("room", [0, 100, 2000, 5000])
def test_a_full_disk_costs_neither_the_old_file_nor_the_pooler(tmp_path, monkeypatch, room):
    path = tmp_path / "model"
    pooler = SpatialPooler((50,), random_state=0).fit(X)
    save(pooler, path)
    before = path.read_bytes()
    pooler.partial_fit(X)
    expected = state_of(pooler)
    opened = Path.open

    class Full:
        """A file on a disk with room for so many bytes."""

        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self._file.close()

        def write(self, content):
            if self._file.tell() + len(content) > room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._file.write(content)

    monkeypatch.setattr(persistence.Path, "open", lambda *given: Full(opened(*given)))
    with pytest.raises(OSError, match="No space left"):
        save(pooler, path)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    assert path.read_bytes() == before
    assert load(path).n_cycles_ == 200
    assert state_of(pooler) == expected
    save(pooler.partial_fit(X), path)
    assert load(path).n_cycles_ == 600


CODE = """
import sys
import numpy as np
from fastsp import load, save
X = (np.random.default_rng(0).random((200, 60)) < 0.2).astype(np.uint8)
for path in sys.argv[1:]:
    save(load(path).partial_fit(X[120:]), path)
"""
KINDS = [
    dict(boosting=boosting, inhibition=inhibition, **more)
    for inhibition in ("global", "gaussian", "local", "grouped")
    for boosting, more in (
        ("log", {}),
        (None, {"batch_size": 8, "overlap": "share"}),
        ("exp", {"boost_target": "neighbourhood", "weak_column_share": 0.3}),
        ("exp", {"segments": 3}),
    )
    if inhibition != "local" or "segments" not in more
]


def test_another_process_goes_on_bit_for_bit(tmp_path):
    paths, expected = [], []
    for number, kind in enumerate(KINDS):
        radius = 2.0 if kind["inhibition"] in ("gaussian", "local") else None
        pooler = SpatialPooler((8, 10), inhibition_radius=radius, random_state=1, **kind)
        pooler.set_params(duty_cycle_period=30).fit(X[:120]).switch_off([3], [4])
        paths.append(tmp_path / str(number))
        save(pooler, paths[-1])
        expected.append(state_of(pooler.partial_fit(X[120:])))
    subprocess.run([sys.executable, "-c", CODE, *map(str, paths)], cwd=ROOT, check=True)
    for path, state in zip(paths, expected, strict=True):
        assert state_of(load(path)) == state


def test_a_golden_file_of_the_present_format_loads():
    pooler, notes = load_with_notes(ROOT / "tests" / "golden" / "pooler-1.fastsp")
    assert pooler.n_cycles_ == notes["n_cycles"]
    assert pooler.permanences_.astype(float).sum() == notes["permanences"]
    assert pooler.transform(X[:20]).indices.tolist() == notes["codes"]
    assert pooler.partial_fit(X).n_cycles_ == notes["n_cycles"] + 200
