"""What is shown of the network is what is filmed, and what is set for it is kept with the project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from app.export.dialog import ExportDialog
from app.optimizers.panels.network import NetworkPanel
from app.scenes.network_settings import NETWORK, SLICE
from core.io.project import read, write
from core.io.races import race_document
from tests.app.optimizers.conftest import Racing


def opened(racing: Racing) -> ExportDialog:
    QTest.mouseClick(racing.window.top.export, Qt.MouseButton.LeftButton)
    found = racing.window.findChild(ExportDialog)
    assert found is not None
    return found


def choose(dialog: ExportDialog, scene: str) -> None:
    choice = dialog.findChild(QComboBox, "export-scene")
    assert choice is not None
    choice.setCurrentIndex(choice.findData(scene))
    choice.activated.emit(choice.currentIndex())


def shown(racing: Racing) -> NetworkPanel:
    """The panel with three racers, a small network, and one epoch to go."""
    racing.do("template.open", name="small-digits-cnn")
    racing.raced()
    for one in ("nesterov", "adagrad", "adadelta", "rmsprop"):
        racing.do("race.remove", id=one)
    racing.show("network")
    racing.do("race.network_set", epochs=1)
    return racing.control("race-network-panel", NetworkPanel)


def test_the_race_and_the_slice_that_are_shown_are_filmed(racing: Racing, tmp_path: Path) -> None:
    panel = shown(racing)
    racing.do("race.choose", id="momentum")
    racing.do("race.network_rate", id="adam", value=0.002)
    racing.do("race.network_start")
    racing.until(lambda: not panel.task.goes_on)
    raced = racing.race
    # What is set later is of the next race.
    racing.do("race.network_set", epochs=7)
    racing.do("race.remove", id="batch")
    dialog = opened(racing)
    recipe = dialog.recipe()
    assert recipe.scene == "network-race"
    # Who was taken out has no curve any more.
    assert [one["id"] for one in recipe.toggles["race"]["racers"]] == ["momentum", "adam"]
    assert recipe.toggles[NETWORK]["epochs"] == 1
    assert recipe.toggles[NETWORK]["own"] == {"adam": 0.002}
    assert recipe.toggles["racer"] == "momentum"
    # The preview is of the numbers the window has: nothing is raced for it.
    assert not dialog.preview._image.isNull()
    assert not dialog.previewer._rest.isActive()
    before = dialog.preview._image
    dialog._moment.set_amount(10)
    dialog._moment.moved.emit(10)
    assert dialog.preview._image != before
    target = tmp_path / "network.mp4"
    dialog.set_path(target)
    dialog.form.set_values({"size": "640x360", "rate": "15", "seconds": 2})
    shares: list[float] = []
    dialog.job.prepared.connect(shares.append)
    QTest.mouseClick(dialog.footer.export, Qt.MouseButton.LeftButton)
    racing.until(lambda: target.is_file() and not dialog.job.running)
    assert len(shares) > 3
    with av.open(str(target)) as film:
        pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    assert len(pictures) == 30
    assert np.abs(pictures[0] - pictures[-1]).mean() > 0.2
    dialog.close_dialog()
    # The slice, as it is seen.
    racing.do("race.show", name="network_view", value="slice")
    racing.do("race.slice_set", side=21, samples=16)
    racing.do("race.slice")
    racing.until(lambda: not panel.slice.goes_on)
    racing.do("race.slice_set", span=2.0)
    racing.until(lambda: not panel.slice.goes_on)
    racing.until(lambda: panel.map.relief is not None)
    found = panel.slice.found
    assert found is not None
    racing.do("race.show", name="network_view", value="solid")
    dialog = opened(racing)
    toggles = dialog.recipe().toggles
    assert dialog.recipe().scene == "loss-slice"
    assert (toggles["seen"], toggles[SLICE]["side"], toggles[SLICE]["span"]) == ("solid", 21, 2.0)
    assert toggles["x_range"] == pytest.approx([found.found.x[0], found.found.x[-1]])
    assert toggles["race"] == race_document(raced)
    # Other films have nothing of it.
    choose(dialog, "race")
    assert SLICE not in dialog.recipe().toggles
    choose(dialog, "training")
    assert "race" not in dialog.recipe().toggles
    dialog.close_dialog()
    # Of a network that was changed since, nothing is known: what is set is filmed on what it is now.
    assert set(racing.view.found()) == {"network-race", "loss-slice"}
    layer = next(
        one for one in racing.window.context.document.network.layers if one.kind == "Dense"
    )
    racing.do("layer.configure", layer=layer.id, units=7)
    assert racing.view.found() == {}
    assert "x_range" not in racing.view.filmed()[1]["of"]["loss-slice"]


def test_a_film_is_cancelled_while_racers_train(racing: Racing, tmp_path: Path) -> None:
    racing.show("network")
    racing.do("race.network_set", epochs=100)
    dialog = opened(racing)
    target = tmp_path / "network.mp4"
    dialog.set_path(target)
    shares: list[float] = []
    dialog.job.prepared.connect(shares.append)
    QTest.mouseClick(dialog.footer.export, Qt.MouseButton.LeftButton)
    racing.until(lambda: shares)
    QTest.mouseClick(dialog.footer.cancel, Qt.MouseButton.LeftButton)
    racing.until(lambda: not dialog.job.running)
    assert not list(tmp_path.iterdir())
    dialog.close_dialog()


def test_settings_are_kept_with_the_project(racing: Racing, tmp_path: Path) -> None:
    panel = shown(racing)
    racing.do("race.network_set", epochs=3, start="present", rates="race")
    racing.do("race.network_rate", id="adam", value=0.004)
    slices = {
        "directions": "random", "source": "run", "side": 81, "span": 0.5, "samples": 99, "part": "validation",
        "seed": 7,
    }  # fmt: skip
    racing.do("race.slice_set", **slices)
    network = panel.task.settings
    file = tmp_path / "kept.chainrule"
    racing.do("project.save", path=str(file))
    racing.until(file.exists)
    racing.until(lambda: not racing.window.context.document.dirty)
    # Another project begins as usual.
    racing.do("project.new")
    assert (panel.task.epochs, panel.task.start, panel.slice.side) == (5, "drawn", 41)
    racing.do("project.open", path=str(file))
    racing.until(lambda: len(racing.race.racers) == 3)
    assert panel.task.settings == network
    assert panel.task.rate(racing.racer("adam")) == 0.004
    assert (
        panel.task.rate(racing.racer("momentum"))
        == racing.racer("momentum").optimizer["learning_rate"]
    )
    assert panel.slice.values() == slices
    assert racing.control("race-network-epochs", type(panel.epochs)).value() == 3
    # What is damaged is as usual; the rest is kept.
    contents = read(file)
    damaged = {"epochs": "many", "start": "present", "own": {"adam": "quick", "nobody": 1.0}}
    sliced = {"side": 40, "seed": -1, "samples": True, "span": 2, "part": None}
    view = {**contents.project.view, NETWORK: damaged, SLICE: sliced}
    project = msgspec.structs.replace(contents.project, view=view)
    write(file, replace(contents, project=project))
    racing.do("project.open", path=str(file))
    assert (panel.task.epochs, panel.task.start, panel.task.settings.own) == (5, "present", {})
    assert (panel.slice.side, panel.slice.seed, panel.slice.samples) == (41, 0, 256)
    assert (panel.slice.span, panel.slice.part) == (2.0, "train")
