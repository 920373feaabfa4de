"""Lines of the tape and cells of the strip say what an instruction computes, however little room there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtTest import QTest

from app.step.notation import short, title
from app.step.tape_lines import _fitted
from tests.app.step.driving import Stepping, in_step
from tests.app.step.small_run import program


def line_of(title: str):
    return replace(program().instructions[1], title=title)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("∂L/∂W¹ = via u′ + via u", "∂W¹"),
        ("∂L/∂a² via a⁴ = ∂L/∂a⁴[3…4]", "∂a²"),
        ("∂L/∂a¹ via a³…a² = via a³ + ∂L/∂a²", "∂a¹"),
        ("W² ← W² − η ∂L/∂W²", "W²"),
        ("δ¹ = ∂L/∂a¹ ∘ (a¹ > 0)", "δ¹"),
    ],
)
def test_the_short_name_of_an_instruction_is_what_it_computes(words, name):
    assert short(line_of(words)) == name


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("m³ = mean ∂L/∂x̂³", r"mean\ ∂L/∂x̂³"),
        ("W² ← W² − η ∂L/∂W²", r"η\ ∂L/∂W²"),
        ("sum loss ← 1", r"sum\ loss"),
    ],
)
def test_words_before_a_gradient_stand_apart_from_it(words, kept):
    assert kept in title(line_of(words))


def test_a_line_of_the_tape_is_whole_before_the_shape_of_its_result_is(qtbot):
    """Of a convolutional network in a window of 1280 x 800."""
    with in_step(qtbot, "digits-cnn") as window:
        on = Stepping(qtbot, window)
        window.resize(1280, 800)
        tape, found = on.view.tape, on.session.program
        room = tape.viewport().width() - 66 - 12
        cut, without = [], 0
        for line in found.instructions:
            if line.phase not in ("backward", "update"):
                continue
            on.do("step.inspect", instruction=line.index)
            tape.viewport().grab()
            at = tape.rect_of(line.index).center().toPoint()
            QTest.mouseMove(tape.viewport(), at)
            qtbot.waitUntil(lambda: tape.toolTip().startswith(f"{line.index + 1:02d}"))  # noqa: B023
            look = next(k for e, k in tape._looks.items() if e.kind == "op" and e.start == line.index)  # fmt: skip
            assert tape.toolTip().endswith(look.result)
            name, had, result = _fitted(line, look, "tx", room)
            without += result != look.result
            if name.width > had:
                cut.append(line.title)
                assert not result
        assert without > 3
        assert len(cut) < 0.1 * len(found.instructions), cut
