"""The search for parameters: continued, comparable, and on training images only."""

from dataclasses import replace

import numpy as np
import pytest

from fastsp.__main__ import main
from fastsp.experiments import EXPERIMENTS, Interrupted, MnistConfig, run_experiment, tune
from fastsp.experiments.tune import BEST, in_words
from tests.tiny_mnist import make_digits


def test_where_a_study_is_kept_does_not_tell_sizes_apart():
    experiment = EXPERIMENTS["tune"]
    assert replace(experiment.quick, study="study.db") == experiment.quick != experiment.full


def tune_with(study, trials):
    experiment = EXPERIMENTS["tune"]
    config = replace(experiment.quick, study=study, trials=trials)
    return run_experiment(experiment, config, [0], make_digits())


def trials_of(study):
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{study}" if "://" not in study else study)
    trials = optuna.load_study(study_name="fastsp", storage=storage).trials
    storage.remove_session()
    storage.engine.dispose()
    return trials


def test_a_search_is_taken_up_again(tmp_path):
    study = f"sqlite:///{tmp_path / 'study.db'}"  # the same as its path
    tune_with(str(tmp_path / "study.db"), 3)
    result = tune_with(study, 5)
    trials = trials_of(study)
    assert len(trials) == 5
    assert len({trial.params["smoothing"] for trial in trials}) == 5  # none drawn twice
    base = result.config.pooler
    assert trials[0].params["smoothing"] == base.smoothing  # begins with what there is
    assert len(result.trials[0].pictures["values"]) <= 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda config, digits: (replace(config, cycles=101), digits), "cycles=100"),
        (lambda config, digits: (replace(config, held_out=20), digits), "held_out=10000"),
        (
            lambda config, digits: (
                replace(config, pooler=replace(config.pooler, density=0.1)),
                digits,
            ),
            "density=0.05",
        ),
        (
            lambda config, digits: (
                config,
                replace(digits, train_labels=digits.train_labels[::-1].copy()),
            ),
            "training labels",
        ),
        (
            lambda config, digits: (
                config,
                replace(digits, train_images=digits.train_images[::-1].copy()),
            ),
            "training images",
        ),
    ],
)
def test_trials_that_cannot_be_compared_are_not_mixed(tmp_path, change, named):
    study = str(tmp_path / "study.db")
    tune_with(study, 2)
    experiment = EXPERIMENTS["tune"]
    config, digits = change(replace(experiment.quick, study=study, trials=3), make_digits())
    with pytest.raises(ValueError, match=f"study holds trials with {named}"):
        run_experiment(experiment, config, [0], digits)


def test_a_search_begins_with_the_parameters_so_far_though_it_was_interrupted(
    tmp_path, monkeypatch
):
    study, measure = str(tmp_path / "study.db"), tune.measure

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "measure", interrupt)
    with pytest.raises(Interrupted):
        tune_with(study, 2)
    monkeypatch.setattr(tune, "measure", measure)
    tune_with(study, 2)
    trials = trials_of(study)
    assert [trial.state.name for trial in trials] == ["FAIL", "COMPLETE", "COMPLETE"]
    assert trials[1].params["smoothing"] == EXPERIMENTS["tune"].quick.pooler.smoothing


NAMES = ["a?b", "a#b", "100%41", "{x}", "a b"]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_a_study_may_have_any_name(tmp_path, name):
    path = tmp_path / name / "study.db"
    path.parent.mkdir()
    tune_with(str(path), 2)
    assert path.stat().st_size
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_a_file_that_is_no_study_is_told(tmp_path, data, capsys):
    (tmp_path / "study.db").write_bytes(b"no database" * 100)
    assert main(["experiment", "tune", "--quick", f"--data={data}", f"--output={tmp_path}"]) == 2
    assert "study must be a database" in capsys.readouterr().err


def test_a_search_ends_in_parameters_that_give_its_figures():

    result = tune_with("", 4)
    preset = eval(result.trials[0].details["preset"], {"MnistConfig": dict})
    assert set(preset) <= set(vars(MnistConfig()))
    best = result.summary()[BEST]
    assert 0 <= best["accuracy"].mean <= 1


def test_importance_is_told_from_the_greatest_down():
    assert in_words({"smoothing": 0.25, "density": 0.746}) == "density 75 %, smoothing 25 %"
    assert in_words({}) == "too few trials to tell"


def test_a_search_never_sees_test_images(digits):
    blank = replace(digits, test_images=np.zeros_like(digits.test_images))
    experiment = EXPERIMENTS["tune"]
    seen, blind = (
        run_experiment(experiment, replace(experiment.quick, trials=2), [0], images).metrics()
        for images in (digits, blank)
    )
    assert seen["summary"] == blind["summary"]


def test_missing_optuna_is_told(monkeypatch, data, tmp_path, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["experiment", "tune", "--quick", f"--data={data}", f"--output={tmp_path}"]) == 2
    assert "pip install -e '.[tune]'" in capsys.readouterr().err
