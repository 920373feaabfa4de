"""Networks that are delivered trained do as well as is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import assets
from core import data, templates, trained
from core.runs import Run


def test_every_set_of_images_has_a_trained_network() -> None:
    images = {info.id for info in data.infos() if info.kind == "image"}
    assert images == {trained.facts(name).data for name in trained.names()}
    assert trained.of_data("digits") == ("digits-cnn",)


@pytest.mark.parametrize("name", trained.names())
def test_a_trained_network_gets_right_what_is_said(name: str) -> None:
    template, facts = templates.load(name), trained.facts(name)
    images = data.load(template.data.id)
    run = Run(template.network, template.training, images)
    weights = trained.weights(name)
    assert set(weights) == set(run.program.weights())
    run.replace_weights(weights)
    right = int((run.predict(images.inputs("test")).argmax(1) == images.y_test).sum())
    assert (right, len(images.y_test)) == (facts.test_correct, facts.test_samples)
    few = images.inputs("test")[:20]
    assert np.array_equal(trained.model(name).predict(few), run.predict(few))
    assert facts.data == template.data.id
    assert facts.command == f"python packaging/train_models.py {name}"
    assert len(facts.history) == facts.epochs == template.training.epochs
    assert facts.accuracy == pytest.approx(facts.history[-1]["val_accuracy"], abs=1e-3)
    # Far better than guessing.
    assert facts.accuracy > 0.7


def test_what_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(trained.TrainedError, match="digits-cnn"):
        trained.facts("digit-cnn")
    trained.names()
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    with pytest.raises(trained.TrainedError, match="missing or damaged"):
        trained.weights("digits-cnn")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "digits-cnn.weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(trained.TrainedError, match="missing or damaged"):
        trained.weights("digits-cnn")


def test_weights_are_as_the_template_asks() -> None:
    assert all(
        np.isfinite(w).all() for name in trained.names() for w in trained.weights(name).values()
    )
