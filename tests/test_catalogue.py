"""The experiments of the catalogue, in their quick size, through the command line."""

import json
import re
from dataclasses import fields, replace

import numpy as np
import pytest

from fastsp.__main__ import main
from fastsp.cli import ExperimentName
from fastsp.experiments import EXPERIMENTS, Interrupted, run_experiment
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import agreement, counted, exceeds, listed, number, percent
from fastsp.report.experiment import PAGES
from tests.tiny_mnist import make_digits, write_digits


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("data"), make_digits())


@pytest.fixture(scope="module", params=list(EXPERIMENTS))
def output(request, data, tmp_path_factory):
    output = tmp_path_factory.mktemp(request.param) / "deep" / "folder"
    arguments = ["--quick", "--seeds=2", "--seed=3", f"--data={data}", f"--output={output}"]
    assert main(["experiment", request.param, *arguments, "--quiet"]) == 0
    return output


def digits_for(experiment):
    return make_digits() if experiment.needs_digits else None


def run_quick(name, seeds):
    experiment = EXPERIMENTS[name]
    return run_experiment(experiment, experiment.quick, seeds, digits_for(experiment))


def test_where_a_study_is_kept_does_not_tell_sizes_apart():
    tune = EXPERIMENTS["tune"]
    assert replace(tune.quick, study="study.db") == tune.quick != tune.full


def test_the_command_line_and_the_pages_know_all_experiments():
    assert list(EXPERIMENTS) == list(PAGES) == [name.value for name in ExperimentName]


def test_metrics_tell_every_seed_and_their_spread(output):
    metrics = json.loads((output / "metrics.json").read_text())
    assert [trial["seed"] for trial in metrics["trials"]] == [3, 4]
    assert len(metrics["found"]) == 2
    assert metrics["environment"]["cores"] >= 1
    assert metrics["config"].keys() == {
        field.name for field in fields(EXPERIMENTS[metrics["experiment"]].quick)
    }
    for arm, measures in metrics["summary"].items():
        for measure, spread in measures.items():
            values = [trial["measures"][arm][measure] for trial in metrics["trials"]]
            assert np.shape(spread["mean"]) == np.shape(values[0])
            both = np.array(values, dtype=float)
            np.testing.assert_allclose(np.array(spread["least"], float), both.min(axis=0))
            np.testing.assert_allclose(np.array(spread["greatest"], float), both.max(axis=0))


def test_report_stands_alone_and_says_what_was_found(output):
    page = (output / "report.html").read_text("utf-8")
    metrics = json.loads((output / "metrics.json").read_text())
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert links
    assert all(link.startswith(("data:image/", "#")) for link in links)
    assert all(sentence in page for sentence in metrics["found"])
    assert "Not in full size" in page
    assert page.count("<figure ") >= 1
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_findings_are_whole_sentences_without_nested_brackets(name):
    found, compared = run_quick(name, [0, 1]).found()
    for words in (found, compared):
        assert re.match(r"[A-Z].*[a-z0-9%)]\.$", words)
        assert not re.search(r"\([^()]*\(|\.\.|  |\. [a-z]", words)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_an_interruption_keeps_finished_seeds(name):
    experiment = EXPERIMENTS[name]

    def stop_in_the_second(phase, done, total):
        if phase.startswith("seed 1"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run_experiment(
            experiment, experiment.quick, [0, 1], digits_for(experiment), stop_in_the_second
        )
    metrics = caught.value.result.metrics()
    assert [trial["seed"] for trial in metrics["trials"]] == [0]
    json.dumps(metrics, allow_nan=False)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_phases_are_told_to_their_end(name):
    experiment = EXPERIMENTS[name]
    told = {}
    run_experiment(
        experiment,
        experiment.quick,
        [0],
        digits_for(experiment),
        lambda phase, *counts: told.setdefault(phase, []).append(counts),
    )
    assert told
    for counts in told.values():
        done, totals = zip(*counts, strict=True)
        assert list(done) == sorted(done)
        assert set(totals) == {done[-1]}


def test_same_seed_gives_the_same_codes():
    first, again, other = (run_quick("properties", [seed]).metrics() for seed in (0, 0, 1))
    assert first["summary"] == again["summary"]
    assert first["summary"] != other["summary"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "properties"),
        (["properties", "--seeds", "0"], "seeds must be at least 1"),
        (["properties", "--seed", "-1"], "seed must be at least 0"),
    ],
)
def test_impossible_arguments(arguments, words, tmp_path, capsys):
    assert main(["experiment", *arguments, "--quick", f"--output={tmp_path}"]) == 2
    assert words in capsys.readouterr().err


def test_an_experiment_needs_seeds():
    experiment = EXPERIMENTS["properties"]
    with pytest.raises(ValueError, match="at least one seed"):
        run_experiment(experiment, experiment.quick, [])


def test_learning_with_boosting_does_what_the_paper_says():
    from fastsp.experiments.properties import PropertiesConfig

    experiment = EXPERIMENTS["properties"]
    config = PropertiesConfig(n_inputs=30, n_columns=512, noise_levels=6, epochs=12)
    summary = run_experiment(experiment, config, [0]).summary()
    for arm, measures in summary.items():
        assert measures["overlap_before"].mean[0] == 1, arm
        assert measures["robustness"].mean[-1] > measures["robustness"].mean[0], arm
        assert measures["sparseness"].mean == pytest.approx(10 / 512), arm
    for kind in ("random SDRs of 2 %", "crosses"):
        boosted, plain = (summary[f"{kind}, {b}"] for b in ("boosting", "no boosting"))
        assert boosted["entropy"].mean[-1] > plain["entropy"].mean[-1]


def test_spread_is_taken_element_by_element():
    spread = Spread.over([[1.0, 5.0], [3.0, 4.0]])
    assert spread.mean.tolist() == [2, 4.5]
    assert spread.as_json() == {"mean": [2, 4.5], "least": [1, 4], "greatest": [3, 5]}
    assert spread[0].greatest == 3
    assert Spread.over([np.nan]).as_json()["mean"] is None


def test_sentences_tell_what_holds():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted([True, True]) == "all 2"
    assert counted([True, False]) == "1 of 2"
    assert counted([False]) == "none of 1"
    assert agreement({"a": True}, "X") == "This agrees with X on a."
    assert agreement({"a": False}, "X") == "This does not agree with X on a."
    assert agreement({"a": True, "b": False}, "X").endswith("on a, and does not on b.")
    low, high = Spread.over([0.1, 0.2]), Spread.over([0.3, 0.3])
    assert exceeds(high, low)
    assert not exceeds(low, high)
    assert not exceeds(Spread.over([0.15, 0.4]), low)
    assert number(low) == "0.15 (0.10–0.20)"
    assert percent(high) == "30.0 %"


def test_entropy_falls_when_inputs_change_and_recovers():
    from fastsp.experiments.adaptation import AdaptationConfig

    config = AdaptationConfig(n_inputs=30, n_columns=512, noise_levels=6, epochs=24, change=12)
    summary = run_experiment(EXPERIMENTS["adaptation"], config, [0]).summary()
    assert config.epochs_measured.tolist() == [*range(13), *range(12, 25)]
    for arm, measures in summary.items():
        before, at, after = measures["entropy"].mean[[12, 13, -1]]
        if ", boosting" in arm:
            assert before > at < after, arm
        assert np.isnan(measures["stability"].mean[[0, 13]]).all()  # nothing to compare with
        assert 0 < measures["kept"].mean < 1


def test_classifiers_are_compared_on_equal_terms():
    from fastsp.experiments.classifiers import CLASSIFIERS, CODES

    summary = run_quick("classifiers", [0]).summary()
    assert list(summary) == [f"{name}, {code}" for code in CODES for name in CLASSIFIERS]
    for measures in summary.values():
        assert measures["accuracy"].mean > 0.4  # four classes
        assert measures["n_predicted"].mean == 60
    # Neighbours keep all codes, the likelihood only its counts.
    kept = {name: summary[f"{name}, {CODES[1]}"]["model_bytes"].mean for name in CLASSIFIERS}
    assert kept["nearest neighbours"] > kept["likelihood, product"]


def test_similarity_of_raw_bits_is_known():
    from fastsp.metrics import class_overlaps

    digits = make_digits()
    experiment = EXPERIMENTS["similarity"]
    config = experiment.quick
    summary = run_experiment(experiment, config, [0], digits).summary()
    on = config.pooler.build_encoder(digits.test_images).transform(digits.test_images)[:, ::2]
    within, between = class_overlaps(on, digits.test_labels)
    raw = summary["raw ON bits"]
    assert raw["within"].mean == pytest.approx(within)
    assert raw["between"].mean == pytest.approx(between)
    assert raw["told_apart"].mean > 0.9  # four well separated classes
    for measures in summary.values():
        assert measures["rotation"].mean[0] == measures["shift"].mean[0] == 1  # the same view
        assert measures["shift"].mean[-1] < 1
        assert measures["shares_within"].mean.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def faults():
    return run_quick("faults", [0])


def test_faults_are_measured_before_and_after(faults):
    config = faults.config
    assert config.epochs_measured.tolist() == [0, 2, 2, 4, 5]
    assert config.epochs_measured[config.at_fault - 1] == config.epochs_measured[config.at_fault]
    assert config.patch_mask().sum() == 25
    for arm in config.patches:
        before, at = faults.summary()[arm]["coverage"].mean[[1, 2]]
        if "columns" in arm:
            assert at < before - 0.1  # no dead column counts
        else:
            assert at == before  # nothing is forgotten at once
    assert np.isnan(faults.summary()["half of the columns"]["coverage"].mean).all()


def test_centres_of_receptive_fields_are_means_over_connected_inputs():
    from fastsp.experiments.faults import connected_synapses, field_centres

    config = EXPERIMENTS["faults"].quick
    pooler = config.build_plane(2, 0)
    living = np.arange(config.n_bits) % 3 > 0
    side, half = config.side, config.side // 2
    synapses = np.zeros(config.n_bits)
    centres = field_centres(pooler)
    for column in range(config.n_bits):
        pool = slice(*pooler.indptr_[[column, column + 1]])
        inputs = pooler.indices_[pool][pooler.permanences_[pool] >= 0.5]
        if living[column]:
            synapses[inputs] += 1
        own = np.array(divmod(column, side))
        away = (np.stack(np.divmod(inputs, side), axis=1) - own + half) % side - half
        np.testing.assert_allclose(centres[column], own + away.mean(axis=0))
    np.testing.assert_array_equal(connected_synapses(pooler, living), synapses)


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
    from fastsp.experiments import tune

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
    from fastsp.experiments import MnistConfig
    from fastsp.experiments.tune import BEST

    result = tune_with("", 4)
    preset = eval(result.trials[0].details["preset"], {"MnistConfig": dict})
    assert set(preset) <= set(vars(MnistConfig()))
    best = result.summary()[BEST]
    assert 0 <= best["accuracy"].mean <= 1


def test_importance_is_told_from_the_greatest_down():
    from fastsp.experiments.tune import in_words

    assert in_words({"smoothing": 0.25, "density": 0.746}) == "density 75 %, smoothing 25 %"
    assert in_words({}) == "too few trials to tell"


def test_a_search_never_sees_test_images():
    digits = make_digits()
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
    assert "fastsp[tune]" in capsys.readouterr().err
