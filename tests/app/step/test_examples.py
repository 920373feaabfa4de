"""The worked examples in the Step workspace: chosen from its list, with notes, and their numbers in the window."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.step.examples import NoteStrip
from app.window.main import MainWindow
from core import templates
from tests.app.step.driving import view
from tests.app.window.windows import action, click, control

_PATIENCE = 120_000


NETWORK = "xor-mlp"


def strip(window: MainWindow) -> NoteStrip:
    found = window.findChild(NoteStrip, "step-notes")
    assert found is not None
    return found


def choose(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Open an example by its card in the list, and wait for its program."""
    session = view(window).session
    before = session.program
    click(control(window, "step-examples"))
    click(control(window, f"example-{name}"))
    state = window.context.engine
    qtbot.waitUntil(
        lambda: session.program not in (None, before) and state.state.status == "ready",
        timeout=_PATIENCE,
    )


def test_the_stroke_example_shows_the_printed_numbers(qtbot, window):
    choose(qtbot, window, "stroke-risk")
    session = view(window).session
    assert window.context.document.data.id == "stroke-risk"
    while session.instruction is None or session.done is None or session.done < 4:
        before = session.snapshot.position
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023
    qtbot.waitUntil(lambda: session.array("input_1/x") is not None, timeout=_PATIENCE)
    rows = session.array("input_1/x")
    row = int(np.flatnonzero((rows == [1, 3, 0, 0]).all(1))[0])
    window.context.bus.do("select.row", row=row)
    for name in ("dense_1/product", "dense_1/a"):
        qtbot.waitUntil(lambda n=name: session.array(n) is not None, timeout=_PATIENCE)
    sums = session.array("dense_1/product")
    assert sums[row] == pytest.approx([2.1, 1.7, 3.2, 1.0, 0.8], abs=1e-6)
    shown = np.round(session.array("dense_1/a")[row].astype(float), 2).tolist()
    assert shown == [0.89, 0.85, 0.96, 0.73, 0.69]


def test_notes_are_leafed_through_and_closed(qtbot, window):
    notes = strip(window)
    assert not notes.isVisible()
    choose(qtbot, window, "loan-perceptron-weighted")
    example = templates.load("loan-perceptron-weighted").example
    assert example is not None
    assert notes.isVisible()
    assert not notes.before.isEnabled()
    for place, note in enumerate(example.notes):
        assert notes.text.text() == note.text
        assert notes.count.text() == f"{place + 1}/{len(example.notes)}"
        if notes.after.isEnabled():
            click(notes.after)
    assert "59,000" in example.notes[1].text
    assert not notes.after.isEnabled()
    click(notes.before)
    assert notes.text.text() == example.notes[-2].text
    click(control(window, "step-note-close"))
    assert not notes.isVisible()
    choose(qtbot, window, "loan-perceptron")
    assert notes.isVisible()


def test_an_edited_network_is_no_example_any_more_until_undone(qtbot, window):
    choose(qtbot, window, "threshold-with-bias")
    bus = window.context.bus
    assert strip(window).isVisible()
    bus.do("layer.configure", layer="dense_1", activation="tanh")
    assert not strip(window).isVisible()
    bus.do("edit.undo")
    assert strip(window).isVisible()


def test_every_example_is_in_both_lists(qtbot, window, monkeypatch):
    from app.window import dialogs

    click(control(window, "step-examples"))
    for template in templates.examples():
        assert control(window, f"example-{template.name}").accessibleName()
    click(control(window, "step-examples"))
    seen = []

    def look(dialog: dialogs._Templates) -> int:
        seen.extend(control(dialog, f"template-{name}").height() for name in templates.names())
        assert dialog.sizeHint().height() <= window.height()
        return 0

    monkeypatch.setattr(dialogs._Templates, "exec", look)
    dialogs.choose_template(window)
    assert len(seen) == len(templates.names())
