"""Words of biases, scales and accuracy belong to the layer and the numbers they stand at."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.engine.state import Work
from app.step.words import sentence
from app.window.main import MainWindow
from core.spec import Network, Training
from tests.app.step.test_every_layer import Walk, _known_data, window  # noqa: F401
from tests.app.step.test_every_training import _chain, _data, _dense, _recurrent


def _normalised() -> Network:
    return _chain(
        ("InputLayer", {"shape": [2]}), ("Dense", {"units": 2}), ("BatchNormalization", {}),
        ("Dense", {"units": 1}),
    )  # fmt: skip


@pytest.fixture
def walks(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    def walk(network: Network, data: str, **more: Any) -> Walk:
        work = Work(
            network,
            Training(**{"batch_size": 4, "metrics": ("accuracy",), **more}),
            _data(data),
            {},
        )
        made = Walk(qtbot, window, work, monkeypatch)
        made.whole_step()
        return made

    return walk


def _said(walk: Walk) -> dict[tuple[str, str, str], str]:
    """What is said of each instruction, by phase, operation and what it writes."""
    found = {}
    for line in walk.session.program.instructions:
        walk.window.context.bus.do("step.inspect", instruction=line.index)
        assert walk.session.instruction is line
        found[line.phase, line.op, line.writes[0]] = sentence(walk.session, None)
    return found


def test_a_biass_errors_are_added_over_what_it_was_added_to(walks: Any) -> None:
    said = _said(walks(_recurrent("LSTM"), "sequences"))
    assert "all time steps" in said["backward", "column_sum", "grad/lstm_1/bias"]
    assert "time" not in said["backward", "column_sum", "grad/dense_1/bias"]
    products = [
        words for (phase, op, _), words in said.items() if (phase, op) == ("backward", "multiply")
    ]
    assert products
    assert all("error" in words for words in products)

    said = _said(walks(_normalised(), "table"))
    assert "takes the mean out" in said["backward", "column_sum", "grad/dense_1/bias"]
    assert "takes the mean out" not in said["backward", "column_sum", "grad/dense_2/bias"]
    assert "channel" in said["backward", "column_sum", "grad/batch_normalization_1/beta"]
    (shift,) = (
        w for (_, op, name), w in said.items() if op == "bias_add" and name.startswith("batch_norm")
    )
    assert "shift" in shift
    assert "neuron" not in shift
    (back,) = (
        words for (phase, op, _), words in said.items() if (phase, op) == ("backward", "scale")
    )
    assert back.startswith("The error")
    (mean,) = (
        words
        for (phase, op, _), words in said.items()
        if (phase, op) == ("backward", "channel_mean")
    )
    assert "errors" in mean


def test_accuracy_speaks_of_its_own_rule(walks: Any) -> None:
    walk = walks(_dense(), "table", metrics=("binary_accuracy",))
    program = walk.session.program
    line = next(i for i in program.instructions if i.op == "accuracy_rows")
    walk.window.context.bus.do("step.inspect", instruction=line.index)
    words = sentence(walk.session, None)
    assert "no class" in words
    target = float(walk.run.program.tensor("targets")[walk.session.row, 0])
    assert f"{target:.4f}".replace("-", "−") in words
    assert "-" not in words
    walk.window.context.bus.do("run.reset")
    walk.qtbot.waitUntil(lambda: walk.session.snapshot.position.step == 0, timeout=20_000)
    walk.window.context.bus.do("step.inspect", instruction=line.index)
    assert (
        sentence(walk.session, None) == "1 where the output is on its label’s side of 0.5, else 0."
    )

    walk = walks(_dense(3, "softmax"), "classes", loss="sparse_categorical_crossentropy")
    line = next(i for i in walk.session.program.instructions if i.op == "accuracy_rows")
    walk.window.context.bus.do("step.inspect", instruction=line.index)
    outputs = walk.run.program.tensor(walk.session.program.instructions[line.index].operands["p"])
    best = int(outputs[walk.session.row].argmax())
    assert sentence(walk.session, None).startswith(f"Class {best} is the largest")


def test_a_loss_of_the_whole_batch_is_not_called_losses(walks: Any) -> None:
    walk = walks(_dense(), "table", loss="half_squared_error")
    said, program = _said(walk), walk.session.program
    adds = [i for i in program.instructions if i.op == "accumulate"]
    assert adds
    for line in adds:
        words = said["loss", "accumulate", line.writes[0]]
        alone = not program.tensors[line.operands["x"]].batch
        assert ("once for each of its samples" in words) == (
            alone and "accuracy" not in line.operands["x"]
        )


def test_brackets_are_explained_and_updates_are_no_equations(walks: Any) -> None:
    walk = walks(_dense(activation="relu"), "table")
    sheet, do = walk.view.sheet, walk.window.context.bus.do

    def card_of(index: int) -> Any:
        do("step.inspect", instruction=index)
        walk.qtbot.waitUntil(
            lambda: (
                (card := sheet.card).instruction is not None
                and card.instruction.index == index
                and card.expression is not None
            ),
            timeout=20_000,
        )
        return sheet.card

    program = walk.session.program
    back = next(i for i in program.instructions if i.op == "relu_grad")
    assert "count 1 where what they say is true" in card_of(back.index).words
    update = next(i for i in program.instructions if i.phase == "update")
    lines = card_of(update.index).tex.splitlines()
    assert r"\leftarrow" in lines[1]
    assert not any(r"\leftarrow" in line for line in lines[2:])
    assert r"\leftarrow" not in card_of(back.index).tex
