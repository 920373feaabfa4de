"""Random search: what is drawn, what it costs, what it finds, what it refuses. Several seeds."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import optimizers, studies
from core.errors import AdviceWarning, ChainruleError, SettingError
from core.studies.job import digest_of
from core.studies.search import check_mode, rungs
from core.studies.space import Choice, Integer, LogUniform, Uniform
from core.studies.subject import Subject
from tests.core.studies.subjects import model, samples

SPACE = {
    "optimizer.learning_rate": studies.log_uniform(1e-4, 1e-1),
    "hidden.units": [4, 8, 16],
    "batch_size": "choice(16, 32)",
}


def subject() -> Subject:
    x, y = samples()
    return Subject.of_model(model(), x, y, validation_split=0.2)


def test_the_best_trial_is_an_ordinary_fit_with_its_settings() -> None:
    x, y = samples()
    found = studies.search(
        model(), x, y, SPACE, trials=5, epochs=3, validation_split=0.2, processes=2
    )
    assert len(found.trials) == 5
    best = min(found.trials, key=lambda trial: trial.history["val_loss"][-1])
    assert found.best is best
    assert found.ranked()[0] is best
    fitted = found.model()
    rate = best.values["optimizer.learning_rate"]
    assert fitted.optimizer.learning_rate == pytest.approx(rate)
    assert fitted.get_layer("hidden").get_weights()[1].shape == (best.values["hidden.units"],)
    history = fitted.fit(x, y, batch_size=best.values["batch_size"], epochs=3, validation_split=0.2)
    assert best.history == history.history
    assert best.digest == digest_of(fitted.weights_by_name())
    assert found.training.batch_size == best.values["batch_size"]
    here = studies.search(
        model(), x, y, SPACE, trials=5, epochs=3, validation_split=0.2, processes=0
    )
    assert [trial.digest for trial in here.trials] == [trial.digest for trial in found.trials]
    assert [trial.values for trial in here.trials] == [trial.values for trial in found.trials]


def test_a_draw_depends_on_seed_number_and_name_alone() -> None:
    few = studies.Search(subject(), SPACE, trials=3, seed=7)
    more = studies.Search(subject(), {"drop.rate": [0.1, 0.5], **SPACE}, trials=6, seed=7)
    for a, b in zip(few._draws, more._draws, strict=False):
        assert a.items() <= b.items()
    assert few._draws != studies.Search(subject(), SPACE, trials=3, seed=8)._draws


def test_a_drawn_rate_is_the_height_of_a_schedule() -> None:
    x, y = samples()
    schedule = core.schedules.CosineDecay(0.1, 40, warmup_target=0.2, warmup_steps=10)
    made = model(optimizer=optimizers.SGD(schedule))
    found = studies.search(made, x, y, {"optimizer.learning_rate": [0.5]}, trials=1, epochs=2,
                           validation_split=0.2, processes=0)  # fmt: skip
    wanted = core.schedules.CosineDecay(0.25, 40, warmup_target=0.5, warmup_steps=10)
    assert found.training.optimizer["learning_rate"] == wanted.to_document()
    (note,) = found.notes
    assert note.startswith("The learning rate follows CosineDecay, whose curve is kept")
    fitted = found.model()
    assert fitted.optimizer.schedule.to_document() == wanted.to_document()
    history = fitted.fit(x, y, batch_size=32, epochs=2, validation_split=0.2).history
    assert found.best.history == history


def test_ranges_are_kept_and_filled() -> None:
    rng = np.random.default_rng(0)
    numbers = [Uniform(2, 3).draw(rng) for _ in range(500)]
    assert 2 <= min(numbers) < 2.05
    assert 2.95 < max(numbers) <= 3
    logs = [LogUniform(1e-4, 1.0).draw(rng) for _ in range(2000)]
    assert min(logs) >= 1e-4
    assert max(logs) <= 1
    # Each of the four orders of magnitude gets its quarter.
    counts = np.histogram(np.log10(logs), [-4, -3, -2, -1, 0])[0]
    assert counts.min() > 400
    assert {Integer(2, 5).draw(rng) for _ in range(200)} == {2, 3, 4, 5}
    drawn = {Integer(1, 64, log=True).draw(rng) for _ in range(2000)}
    assert min(drawn) == 1
    assert max(drawn) == 64
    assert {Choice(("a", "b")).draw(rng) for _ in range(50)} == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("log_uniform(1e-4, 1e-1)", LogUniform(1e-4, 1e-1)),
        ("uniform(0,0.5)", Uniform(0, 0.5)),
        ("int(8, 64)", Integer(8, 64)),
        ("log_int(8, 512)", Integer(8, 512, True)),
        ("choice(relu, tanh)", Choice(("relu", "tanh"))),
        ("16, 32", Choice((16, 32))),
        ("choice([3, 3], [5, 5])", Choice(([3, 3], [5, 5]))),
        ("choice(None, true)", Choice((None, True))),
    ],
)
def test_text_is_read(text: str, wanted: object) -> None:
    found = studies.parse(text)
    assert found == wanted
    assert studies.parse(studies.written(found)) == found


def test_pruning_gives_the_better_ones_more() -> None:
    assert rungs(9, 9, 3) == [(1, 9), (3, 3), (9, 1)]
    assert rungs(9, 9, None) == [(9, 9)]
    assert rungs(4, 2, 3) == [(4, 2)]
    found = {}
    for processes in (0, 2):
        study = studies.Search(subject(), SPACE, trials=6, epochs=4, prune=2)
        shares = [progress.share for progress in study.run(processes)]
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0)
        found[processes] = study.result
    here, there = found[0], found[2]
    assert [t.digest for t in here.trials] == [t.digest for t in there.trials]
    assert sorted(trial.epochs for trial in here.trials) == [1, 1, 1, 2, 2, 4]
    # Going on where it stopped is the same as never having stopped.
    whole = studies.Search(subject(), SPACE, trials=6, epochs=4)
    list(whole.run(0))
    full = whole.result.trials[here.best.number]
    assert here.best.digest == full.digest
    assert here.best.history == full.history


def test_trials_that_cannot_be_built_are_told_and_the_others_go_on() -> None:
    x, y = samples()
    found = studies.search(
        model(), x, y, {"hidden.units": [8, 10**9]}, trials=6, validation_split=0.2, processes=0
    )
    broken = [trial for trial in found.trials if trial.problem]
    assert broken
    assert len(broken) < 6
    assert found.ranked()[-1].problem
    with pytest.raises(ChainruleError, match="search over layers before the last"):
        studies.search(model(), x, y, {"last.units": [4, 5]}, trials=2, processes=0)


def test_layers_may_be_frozen_by_a_trial() -> None:
    x, y = samples()
    found = studies.search(
        model(), x, y, {"hidden.trainable": [True, False]}, trials=4, processes=0
    )
    digests = {trial.values["hidden.trainable"]: trial.digest for trial in found.trials}
    assert len(digests) == len(set(digests.values())) == 2


def test_an_optimizer_may_be_drawn_with_arguments_only_some_have() -> None:
    x, y = samples()
    space = {
        "optimizer": ["SGD", "Adam"],
        "optimizer.momentum": [0.5, 0.9],
        "learning_rate": [0.01],
    }
    found = studies.search(model(), x, y, space, trials=6, processes=0)
    assert {trial.values["optimizer"] for trial in found.trials} == {"SGD", "Adam"}
    assert not any(trial.problem for trial in found.trials)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"space": {}}, "The space is empty"),
        ({"space": {"optimizer.learnin_rate": [1]}}, "Did you mean 'optimizer.learning_rate'"),
        ({"space": {"input.shape": [[3]]}}, "no setting called"),
        ({"space": {"hiden.units": [1]}}, "Did you mean 'hidden.units'"),
        ({"space": {"loss": ["mse"]}}, "cannot be searched over"),
        ({"space": {"batch_size": []}}, "list is empty"),
        ({"space": {"batch_size": 3}}, "or a list of values"),
        ({"space": {"batch_size": "loguniform(1, 3)"}}, "Did you mean 'log_uniform'"),
        ({"space": {"batch_size": "int(1)"}}, "two numbers"),
        ({"space": {"learning_rate": "log_uniform(1,"}}, r"not finished.*log_uniform\(1, 10\)"),
        ({"space": {"learning_rate": "log_uniform"}}, r"not finished.*log_uniform\(1, 10\)"),
        ({"space": {"learning_rate": "loguniform(1"}}, "Did you mean 'log_uniform'"),
        ({"space": {"hidden.activation": "choice(relu, tanh"}}, r"not finished.*choice\(16, 32\)"),
        ({"space": {"learning_rate": "1e-3, 1e-2)"}}, "brackets"),
        ({"space": {"learning_rate": "log_uniform(0, 1)"}}, "0 has no logarithm"),
        ({"space": {"learning_rate": "uniform(2, 1)"}}, "smaller number to the larger"),
        ({"space": SPACE, "objective": "val_acuracy"}, "Did you mean 'val_accuracy'"),
        ({"space": SPACE, "mode": "least"}, "no mode called"),
        ({"space": SPACE, "trials": 0}, "at least 1"),
        ({"space": SPACE, "prune": 1}, "at least 2"),
    ],
)
def test_impossible_searches_are_refused(arguments: dict[str, object], words: str) -> None:
    x, y = samples()
    with pytest.raises(SettingError, match=words):
        studies.search(model(), x, y, validation_split=0.2, **arguments)


def test_the_metric_says_which_way_is_better() -> None:
    x, y = samples()
    given = [
        core.metrics.SparseTopKCategoricalAccuracy(k=2, name="area"),
        "sparse_categorical_crossentropy",
    ]
    made = Subject.of_model(model(metrics=given), x, y, validation_split=0.2)
    assert check_mode("auto", "val_area", made) == "max"
    assert check_mode("auto", "area", made) == "max"
    assert check_mode("auto", "val_loss", made) == "min"
    assert check_mode("auto", "sparse_categorical_crossentropy", made) == "min"
    with pytest.raises(SettingError, match="is not known"):
        check_mode("auto", "val_accuracy", made)
    assert check_mode("min", "val_area", made) == "min"
    found = studies.search(
        model(metrics=given), x, y, {"hidden.units": [1, 8]}, trials=2, epochs=3, objective="area", processes=0
    )  # fmt: skip
    assert found.mode == "max"
    assert found.best.score == max(trial.score for trial in found.trials)


def test_each_output_has_its_own_metrics() -> None:
    inputs = core.Input((2,))
    size = core.layers.Dense(1, name="size")(inputs)
    kind = core.layers.Dense(1, activation="sigmoid", name="kind")(inputs)
    made = core.Model(inputs, [size, kind], seed=0)
    made.compile(
        loss=["mse", "binary_crossentropy"], metrics=[["mae"], [core.metrics.AUC(name="area")]]
    )
    x = np.random.default_rng(0).normal(size=(20, 2))
    subject = Subject.of_model(made, x, [x[:, :1], (x[:, 1:] > 0).astype(float)])
    names = subject.measured()
    ways = {name: subject.better_of(name) for name in names}
    assert ways.pop("kind_area") == "max"
    assert ways
    assert set(ways.values()) == {"min"}


def test_no_two_trials_train_the_same() -> None:
    def draws(trials: int, **space: object) -> list[dict[str, object]]:
        return studies.Search(subject(), space, trials=trials, seed=5)._draws

    units = draws(3, **{"hidden.units": [4, 8]})
    assert sorted(one["hidden.units"] for one in units) == [4, 8]
    assert draws(1, **{"hidden.units": [4, 8]}) == units[:1]
    pairs = {"hidden.units": "int(4, 9)", "batch_size": [8, 16, 16, 32]}
    many = draws(100, **pairs)
    assert len({tuple(one.values()) for one in many}) == len(many) == 18
    assert draws(7, **pairs) == many[:7]
    # Adam has no momentum: to draw another one for it is to train the same again.
    assert len(draws(50, **{"optimizer": ["SGD", "Adam"], "optimizer.momentum": [0.5, 0.9]})) == 3
    # Some are seldom drawn, and all of them come in the end.
    assert len(draws(300, **{"hidden.units": "log_int(1, 200)"})) == 200


def test_what_a_reader_should_know_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = samples()
    found = studies.search(
        model(), x, y, {"hidden.units": [4, 8]}, trials=3, processes=0, verbose=1
    )
    assert "only 2 combinations" in found.notes[0]
    assert "held out" in found.notes[1]
    assert all(note in capsys.readouterr().out or note in repr(found) for note in found.notes)
    assert len(found.trials) == 2
    with pytest.warns(AdviceWarning) as warned:
        studies.search(model(), x, y, {"hidden.units": [4, 8]}, trials=3, processes=0)
    assert [str(one.message) for one in warned] == list(found.notes)
    held = studies.search(
        model(), x, y, {"hidden.units": [4]}, trials=1, processes=0, validation_split=0.2
    )
    assert held.notes == ()
    assert repr(held) == f"<Found hidden.units=4: val_loss {held.best.score:.4g}, one trial.>"
    assert len(repr(found)) < 500


def test_several_seeds_are_models_of_those_seeds() -> None:
    x, y = samples()
    found = studies.try_seeds(model(), x, y, seeds=[4, 9], epochs=2, processes=2)
    for run in found.runs:
        fitted = model(seed=run.seed)
        assert run.history == fitted.fit(x, y, epochs=2).history
        assert run.digest == digest_of(fitted.weights_by_name())
    last = [run.history["loss"][-1] for run in found.runs]
    assert found.final["loss"].mean == pytest.approx(np.mean(last))
    assert found.final["loss"].std == pytest.approx(np.std(last))
    assert (found.final["loss"].low, found.final["loss"].high) == (min(last), max(last))


def test_one_seed_that_breaks_is_told_and_the_others_count() -> None:
    x, y = samples()
    made = model(optimizer=optimizers.SGD(1e30), loss="sparse_categorical_crossentropy")
    with pytest.raises(ChainruleError, match=r"NaN|infinite|finite"):
        studies.try_seeds(made, x * 1e4, y, seeds=2, epochs=3, processes=0)


@pytest.mark.parametrize(
    ("seeds", "words"),
    [(0, "at least 1"), ([], "how many to try"), ([1, 1], "named twice"), ("3", "how many"), ([1.5], "whole number")],
)  # fmt: skip
def test_impossible_seeds_are_refused(seeds: object, words: str) -> None:
    x, y = samples()
    with pytest.raises(SettingError, match=words):
        studies.try_seeds(model(), x, y, seeds=seeds)


def test_an_unknown_metric_is_told_before_anything_is_trained() -> None:
    x, y = samples()
    with pytest.raises(SettingError, match="val_loss") as caught:
        studies.search(
            model(), x, y, SPACE, objective="val_acuracy", processes=64, validation_split=0.2
        )
    assert "Did you mean 'val_accuracy'" in str(caught.value)
    with pytest.raises(SettingError, match="metric to compare"):
        studies.search(model(), x, y, SPACE, objective="val_loss")
