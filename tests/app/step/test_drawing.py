"""What stands in the drawing of the network is the engine's, and can be read where it is marked."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from app import theme
from app.scenes import draw, images, step_layout
from app.scenes.closeup import best_of, subject_at
from app.scenes.closeups import heat
from app.scenes.closeups.board import Board
from app.scenes.closeups.windows_drawing import scale_words
from app.scenes.closeups.windows_layout import page_words
from app.scenes.formula_expressions import format_number
from app.scenes.frame import Frame, ViewState
from app.scenes.step import SCENE
from app.scenes.step_paint import Brush
from app.scenes.step_places import DENSE, RowBox, UnitBox
from app.scenes.step_seen import RowSeen, UnitSeen
from app.snapshots import NetworkView, NodeView
from tests.app.step.driving import Stepping, in_step, view


def loss_rows(on: Stepping) -> list[tuple[str, str]]:
    """What the box of the loss says."""
    stage, colors = on.view.stage, theme.current()
    seen = SCENE.see(stage.place, colors, on.session.frame())
    labels = [row.label for row in stage.place.units[-1].rows]
    return list(zip(labels, [row.text for row in seen.units[-1].rows]))


@pytest.mark.parametrize("template", ["stroke-risk", "digits-cnn"])
def test_the_box_of_the_loss_tells_the_sample_from_the_batch(qtbot, template):
    with in_step(qtbot, template) as window:
        on = Stepping(qtbot, window)
        line = next(i for i in on.session.program.instructions if "loss" in i.writes)
        on.seek(0, line.index + 1)
        said = []
        for row in (0, 2):
            on.do("select.row", row=row)
            on.until(lambda: on.session.row == row)  # noqa: B023
            own = np.ravel(on.tensor("loss/rows"))
            whole = float(np.ravel(on.tensor("loss"))[0])
            expected = [
                ("ℓ sample", format_number(float(own[row]), 4)),
                ("L batch", format_number(whole, 4)),
            ]
            on.until(lambda: loss_rows(on)[1:] == expected)  # noqa: B023
            said.append(loss_rows(on))
        assert said[0] != said[1]
        assert said[0][2] == said[1][2] != said[0][1]
        assert abs(float(own.mean()) - whole) < 1e-5 or abs(float(own.sum()) - whole) < 1e-5


def test_names_and_page_numbers_of_a_closeup_do_not_lie_on_each_other(qtbot):
    with in_step(qtbot, "digits-cnn") as window:
        program = view(window).session.program
    paged = 0
    for line in program.instructions:
        best = best_of(program, line) if line.writes else None
        for size in ((640, 360), (704, 598), (820, 560)):
            subject = subject_at(program, line, rows=64) if best else None
            place = best.layout(subject, size, ViewState()) if best else None
            if not isinstance(place, Board):
                continue
            boxes = []
            for panel in place.panels:
                letters = heat.letter(panel, subject, columns=False).width
                boxes.append(QRectF(panel.x, panel.y - panel.head - 20, letters, 16))
                if panel.pages > 1:
                    boxes.append(QRectF(*heat.pager(panel, letters)).adjusted(0, 2, 0, -2))
                    paged += 1
            for one, other in combinations(boxes, 2):
                assert not one.intersects(other), (line.title, size)
    assert paged > 10


def test_a_plane_of_a_kernel_says_which_channel_it_reads(qtbot):
    with in_step(qtbot, "digits-cnn") as window:
        program = view(window).session.program
    line = next(i for i in program.instructions if i.title.startswith("flip(W)"))
    subject = replace(subject_at(program, line, rows=64), cell=(1, 2, 5, 3))
    best = best_of(program, line)
    place = best.layout(subject, (700, 560), ViewState())
    said = [page_words(page.words) for page in place.pages]
    shapes = [subject.info(page.plane.tensor).shape for page in place.pages]
    assert len(said) == 2
    for words, shape, (channel, filter_) in zip(said, shapes, ((4, 6), (6, 4))):
        assert words == f"filter {filter_} of {shape[3]}, channel {channel} of {shape[2]}"


def test_the_ends_of_the_colours_say_when_numbers_lie_beyond_them(qapp):
    values = np.linspace(0, 1, 101, dtype=np.float32)
    assert scale_words(values, "activation", images.extent(values)) == ("0.00", "≥ 0.99")
    assert scale_words(values, "activation", 1.0) == ("0.00", "1.00")
    assert scale_words(values - 1, "signed", 0.9) == ("≤ −0.90", "0.90")
    assert scale_words(np.array([np.nan, 0.5]), "signed", 0.5) == ("−0.50", "0.50")
    assert heat.beyond(values, 0.99)
    assert not heat.beyond(values, 1.0)
    assert heat.beyond(-values, 0.5)
    assert not heat.beyond(None, 0.5)


def test_normalisation_has_its_scale_and_shift_and_their_gradients():
    weights = ("bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance")
    spec = NetworkView("bn", (
        NodeView("in", "in", "Input", "Input", "6", (6,)),
        NodeView("d", "d", "Dense", "Dense 40", "40", (40,), weights=("d/kernel", "d/bias"), inputs=("in",)),
        NodeView("bn_1", "bn", "BatchNormalization", "BatchNorm", "40", (40,), weights=weights, inputs=("d",)),
    ))  # fmt: skip
    place = step_layout.layout(spec, (704, 598), ViewState())
    dense, block = place.blocks[1:]
    assert [label for label, _, _ in dense.tensors] == ["a", "δ", "W", "∂W"]
    drawn = {label: name for label, name, _ in block.tensors}
    assert drawn == {
        "a": "bn_1/output", "δ": "grad/bn_1/output", "γ": "bn/gamma", "β": "bn/beta",
        "∂γ": "grad/bn/gamma", "∂β": "grad/bn/beta",
    }  # fmt: skip
    faces = [face for _, _, face in block.tensors]
    assert all(block.rect.contains(face.adjusted(0, 0, 0, 12)) for face in faces)
    assert not any(one.intersects(other) for one, other in combinations(faces, 2))
    # What is drawn is asked of the engine, and can be pointed at.
    asked = {probe.tensor for probe in SCENE.probes(spec, place, Frame())}
    assert asked >= set(drawn.values())
    assert {f"tensor:{name}" for name in drawn.values()} <= {hit.id for hit in place.hits.items}


def test_numbers_stand_clear_of_the_marks_of_their_rows(qapp):
    rect = QRectF(4, 4, 128, DENSE.height(2))
    row = RowBox("a", "a", (0,), "tx2", QRectF(8, 8, 120, DENSE.row))
    unit = UnitBox("u", "u", 0, "a", rect, (row,), "unit", DENSE.aside)
    colors = theme.current()
    image = draw.canvas(140, 60, 2.0, None)
    with draw.painting(image, (140, 60)) as painter:
        painter.fillRect(0, 0, 140, 60, colors.bg0)
        seen = UnitSeen("line2", 1.0, "bwd", (RowSeen("+0.890", "tx2", "", False, ""),))
        Brush(painter, colors).unit(unit, seen)
    ground = colors.bg2.rgb()
    ink = [y for y in range(17, 50) if any(image.pixel(x, y) != ground for x in range(100, 240))]
    assert ink[0] / 2 >= row.rect.top() + 2
    assert (ink[-1] + 1) / 2 <= row.rect.bottom() - 2
