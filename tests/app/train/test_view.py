"""The Train workspace, clicked and typed at like a learner would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.clock import Clock
from app.commands import DocumentCommands
from app.document import Document, State
from app.scenes import edges
from app.scenes.frame import Phase
from app.train import WORKSPACE
from app.train.view import TrainView, computing_layers
from app.workspace import WindowContext
from core import templates
from tests.app.scenes.fixtures import trained_mlp
from tests.app.scenes.fixtures_images import trained_cnn
from tests.app.train.stand_in import StandIn

Open = Callable[[str], TrainView]


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Open]:
    """Return a function that opens a template in the workspace."""
    edges.warm()
    kept: list[Any] = []

    def open_template(name: str) -> TrainView:
        template = templates.load(name)
        document = Document(
            State(template.title, template.network, template.training, template.data)
        )
        bus, engine, clock = Bus(), StandIn(), Clock()
        context = WindowContext(document, bus, engine, clock, {})
        kept.extend((context, DocumentCommands(document, bus), document))
        bus.register("run.seek", lambda step, pc=0: engine.seek(step, pc))
        bus.register("workspace.show", lambda name: kept.append(name))
        view = WORKSPACE.create(context)
        assert isinstance(view, TrainView)
        qtbot.addWidget(view)
        view.resize(1368, 824)
        view.set_compact(0)
        view.show()
        view.activate()
        view.engine = engine  # type: ignore[attr-defined]
        view.kept = kept  # type: ignore[attr-defined]
        return view

    yield open_template
    for thing in kept:
        if isinstance(thing, WindowContext):
            thing.clock.release("train")


def child(view: TrainView, name: str) -> QWidget:
    found = view.findChild(QWidget, name)
    assert found is not None, name
    return found


def click(qtbot: QtBot, widget: QWidget, at: QPoint | None = None) -> None:
    qtbot.mouseClick(
        widget, Qt.MouseButton.LeftButton, pos=at if at is not None else widget.rect().center()
    )


def test_shows_what_suits_the_data(opened: Open) -> None:
    digits = opened("digits-cnn")
    assert digits.stage.scene_name == "maps"
    assert digits.predictions.isVisible()
    assert child(digits, "train-confusion").isVisible()
    spirals = opened("spirals-mlp")
    assert spirals.stage.scene_name == "network"
    assert not spirals.predictions.isVisible()
    assert child(spirals, "train-decision").isVisible()
    assert child(spirals, "train-gradient-health").isVisible()


def test_asks_for_what_it_shows_and_for_nothing_when_hidden(opened: Open) -> None:
    view = opened("spirals-mlp")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    keys = {p.key for p in engine.probes["train"]}
    assert "dense_2/kernel" in keys
    assert "plane:dense_5/output" in keys
    assert "sample:dense_1/output" in keys
    view.deactivate()
    assert "train" not in engine.probes


def test_switching_to_gradients_asks_for_gradients(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    assert "sample:conv2d_1/output" in {p.key for p in engine.probes["train"]}
    click(qtbot, child(view, "train-maps-gradients"))
    assert "sample:grad/conv2d_1/output" in {p.key for p in engine.probes["train"]}
    click(qtbot, child(view, "train-maps-filters"))
    assert "conv2d_1/kernel" in {p.key for p in engine.probes["train"]}
    assert view.stage.frame.toggles["maps"] == "filters"


def test_a_snapshot_reaches_every_part(opened: Open) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.show(None, shots[-1])
    for part in (view.stage, view.predictions, view.curves):
        assert part.frame.snapshot is shots[-1]
    assert view.head.subtitle.text() == "validation sample #55"
    shown = child(view, "train-metric-val-accuracy").text()  # type: ignore[attr-defined]
    assert shown == f"{100 * shots[-1].evaluation.accuracy:.1f} %"


def test_next_sample_and_a_clicked_prediction_are_followed(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.show(None, shots[-1])
    click(qtbot, child(view, "train-next-sample"))
    assert ("select_sample", (56, "validation")) in engine.calls
    hit = view.predictions.place.hits.get("sample:3")
    x, y, w, h = hit.rect
    click(qtbot, view.predictions, QPoint(round(x + w / 2), round(y + h / 3)))
    assert ("select_sample", (43, "validation")) in engine.calls


def test_clicking_a_layer_selects_it(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.show(None, shots[-1])
    hit = view.stage.place.hits.get("map:conv2d_2:5")
    x, y, w, h = hit.rect
    click(qtbot, view.stage, QPoint(round(x + w / 2), round(y + h / 2)))
    assert view._context.document.selection == "conv2d_2"
    assert view.stage.frame.selection.node == "conv2d_2"


def test_scrubbing_a_chart_goes_to_a_step(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(60)
    engine.show(None, shots[-1])
    panel = view.curves.place.panels[0]
    # 400 steps are planned and 60 were taken: a tenth of the axis is step 40, its end is step 60.
    x = round(panel.left + 0.1 * (panel.right - panel.left))
    click(qtbot, view.curves, QPoint(x, 60))
    seeks = [v for name, v in engine.calls if name == "seek"]
    assert seeks
    assert abs(seeks[-1] - 40) <= 1
    click(qtbot, view.curves, QPoint(round(panel.right) - 2, 60))
    assert [v for name, v in engine.calls if name == "seek"][-1] == 60


def test_arrow_keys_walk_the_units_and_say_their_values(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.show(None, shots[-1])
    view.predictions.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(view.predictions, Qt.Key.Key_Right)
    qtbot.keyClick(view.predictions, Qt.Key.Key_Right)
    assert view.predictions.frame.selection.hover == "sample:1"
    assert "label" in view.predictions.accessibleDescription()
    qtbot.keyClick(view.predictions, Qt.Key.Key_Return)
    assert ("select_sample", (41, "validation")) in engine.calls


def test_hovering_an_edge_shows_its_weight(opened: Open, qtbot: QtBot) -> None:
    view = opened("spirals-mlp")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_mlp((2, 8, 8, 8, 8, 2), 30, 60)
    engine.show(None, shots[-1])
    bundle = view.stage.place.bundles[1]
    x, y = bundle.x0 + 6, float(bundle.y0[2])
    qtbot.mouseMove(view.stage, QPoint(round(x), round(y)))
    assert view.stage.frame.selection.hover.startswith("edge:dense_2:2:")
    qtbot.mouseMove(view.stage, QPoint(3, 3))
    assert view.stage.frame.selection.hover == ""


def test_a_travelling_signal_is_shown_in_the_drawings_own_columns(opened: Open) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.become("playing")
    engine.show(shots[-2], shots[-1], 0.2, Phase("forward", 1.5))
    view._on_tick(0.016)
    assert view.stage.frame.clock is not None
    assert view.stage.frame.clock.direction == "forward"
    assert view.stage.frame.before is shots[-2]
    assert (
        computing_layers(shots[-1]) == 0
    )  # stand-in snapshots have no tape, so positions stay as they are
    assert view.stage.frame.clock.position == 1.5
    engine.become("paused")


def test_the_clock_runs_only_while_playing(opened: Open) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    clock = view._context.clock
    assert not clock.running
    engine.become("playing")
    assert clock.running
    view.deactivate()
    assert not clock.running


def test_divergence_is_marked_on_the_charts(opened: Open) -> None:
    view = opened("digits-cnn")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_cnn(20)
    engine.show(None, shots[-1])
    engine.become("diverged", reason="Loss became infinite", position=shots[-1].position)
    assert view.curves.frame.toggles["divergence"] == shots[-1].position.step
    engine.become("ready")
    assert "divergence" not in view.curves.frame.toggles


def test_data_knobs_change_the_document(opened: Open, qtbot: QtBot) -> None:
    view = opened("spirals-mlp")
    document = view._context.document
    seed = document.data.parameters.get("seed", 0)
    click(qtbot, child(view, "train-regenerate"))
    assert document.data.parameters["seed"] == seed + 1
    click(qtbot, child(view, "train-data-moons"))
    assert document.data.id == "moons"
    slider = child(view, "train-noise")
    before = document.data.parameters.get("noise")
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert document.data.parameters["noise"] != before
    batch = child(view, "train-batch")
    size = document.training.batch_size
    batch.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(batch, Qt.Key.Key_Right)
    assert document.training.batch_size > size


def test_validation_points_can_be_hidden(opened: Open, qtbot: QtBot) -> None:
    view = opened("spirals-mlp")
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    _, shots = trained_mlp((2, 8, 8, 8, 8, 2), 30, 60)
    engine.show(None, shots[-1])
    decision = view.inspector.output.decision
    with_points = decision.grab().toImage()
    click(qtbot, child(view, "train-validation-points"))
    assert decision.frame.toggles["validation-points"] is False
    assert decision.grab().toImage() != with_points


def test_narrow_windows_fold_the_inspector_to_a_tab(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    view.set_compact(2)
    view.resize(960, 524)
    assert view.inspector.width() == 40
    tab = child(view, "train-inspector-tab")
    assert tab.isVisible()
    click(qtbot, tab)
    assert view.inspector.width() == 400
    click(qtbot, tab)
    assert view.inspector.width() == 40


def test_paints_itself_at_the_smallest_size(opened: Open, qtbot: QtBot) -> None:
    view = opened("digits-cnn")
    view.set_compact(2)
    qtbot.waitUntil(lambda: view.minimumSize().width() <= 888)
    view.resize(888, 480)
    engine: StandIn = view.engine  # type: ignore[attr-defined]
    engine.show(None, trained_cnn(20)[1][-1])
    image = view.grab().toImage()
    assert image.width() == 888


def test_another_network_is_drawn_at_once(opened: Open) -> None:
    view = opened("digits-cnn")
    bus = view._context.bus
    columns = len(view.stage.place.columns)
    bus.do("layer.remove", layer="max_pooling2d_2")
    assert len(view.stage.place.columns) == columns - 1


def test_every_control_has_a_name_for_tests_and_readers(opened: Open) -> None:
    for template in ("digits-cnn", "spirals-mlp"):
        view = opened(template)
        for widget in view.findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                assert widget.objectName(), widget
                assert widget.accessibleName(), widget.objectName()


def test_the_way_to_another_layer_is_the_build_workspace(opened: Open, qtbot: QtBot) -> None:
    view = opened("spirals-mlp")
    click(qtbot, child(view, "train-add-layer"))
    assert view.kept[-1] == "build"  # type: ignore[attr-defined]
