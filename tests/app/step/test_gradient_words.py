"""What is said at a gradient is what the update then does; and a gradient of 0 has no sign."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine.state import Work
from app.step.sections.check import Check
from app.step.slope import CUT, RULE, why_not
from app.step.words import sentence
from app.window.main import MainWindow
from core import optimizers
from core.data import registry as data_registry
from core.data.types import DataInfo, Source
from core.spec import Network, Training
from tests.app.step.test_every_layer import Walk, _known_data, window  # noqa: F401
from tests.app.step.test_every_training import _chain, _data, _recurrent

_MOVES = re.compile(r"will (raise|lower) it from (\S+) to (\S+) \(op (\d+)\)")
_SIGNED = re.compile(r"grows|falls|positive|negative|raise|lower")

#: Settings of the optimizer, by what is tried.
_TRIED: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in optimizers.names()} | {
    "momentum": {"kind": "SGD", "momentum": 0.95, "learning_rate": 0.5},
    "Nesterov": {"kind": "SGD", "momentum": 0.95, "nesterov": True},
    "clipped by length": {"kind": "SGD", "clipnorm": 0.005},
    "clipped together": {"kind": "SGD", "global_clipnorm": 0.005},
    "clipped by value": {"kind": "SGD", "clipvalue": 0.001},
    "decay": {"kind": "SGD", "weight_decay": 5.0},
    "tiny": {"kind": "SGD", "learning_rate": 1e-6},
}


def _blank() -> str:
    """Four samples whose last feature is always 0."""

    def make() -> Any:
        rng = np.random.default_rng(5)
        x = rng.normal(size=(4, 3)).astype(np.float32)
        x[:, 2] = 0
        y = rng.normal(size=(4, 1)).astype(np.float32)
        return x, y, x, y

    info = DataInfo("words-blank", 1, "For a test", "Random numbers.", (3,), (), "regression", "table", "none",
                    "made here", features=("a", "b", "c"), output_shape=(1,))  # fmt: skip
    data_registry._sources().setdefault(info.id, Source(info, make))
    return info.id


def _network(**hidden: Any) -> Network:
    return _chain(
        ("InputLayer", {"shape": [3]}),
        ("Dense", {"units": 2, "activation": "tanh"} | hidden),
        ("Dense", {"units": 1}),
    )


def _said(walk: Walk) -> dict[tuple[str, tuple[int, ...]], str]:
    """What is said of every number of every kernel's gradient, at the end of the backward pass."""
    said = {}
    program = walk.run.program
    for line in program.instructions:
        (name, *_) = line.writes or ("",)
        if line.phase != "backward" or not name.endswith("/kernel"):
            continue
        walk.window.context.bus.do("step.inspect", instruction=line.index)
        for cell in np.ndindex(program.tensor(name).shape):
            walk.window.context.bus.do("select.cell", tensor=name, index=cell)
            assert walk.session.cell == (name, cell)
            said[name, cell] = sentence(walk.session, None)
    return said


def _behind_backward(walk: Walk, step: int) -> None:
    """Go to where all gradients of a step are there, and no weight has moved."""
    first = next(i.index for i in walk.run.program.instructions if i.phase == "update")
    for _ in range(step):
        walk.whole_step()
    while walk.run.position.pc < first:
        walk.run.step("instruction")
    walk.window.context.bus.do("run.seek", step=step, pc=first)
    walk.qtbot.waitUntil(
        lambda: walk.session.snapshot.position == walk.run.position, timeout=20_000
    )


@pytest.mark.timeout(300)
def test_no_sentence_at_a_gradient_contradicts_the_update(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = 0
    for name, optimizer in _TRIED.items():
        training = Training(optimizer=optimizer, batch_size=4, metrics=())
        walk = Walk(qtbot, window, Work(_network(), training, _blank(), {}), monkeypatch)
        _behind_backward(walk, 2)
        said, program = _said(walk), walk.run.program
        assert len(said) == 8
        before = {at: np.array(program.tensor(at[0].removeprefix("grad/")))[at[1]] for at in said}
        gradients = {at: np.array(program.tensor(at[0]))[at[1]] for at in said}
        while walk.run.position.pc:
            walk.run.step("instruction")
        for at, words in said.items():
            tensor = at[0].removeprefix("grad/")
            after = np.asarray(program.tensor(tensor))[at[1]]
            if gradients[at] == 0:
                assert not _SIGNED.search(words), (name, words)
                assert "is 0" in words
            else:
                assert ("grows" in words) == (gradients[at] > 0), (name, words)
                assert ("falls" in words) == (gradients[at] < 0), (name, words)
            moves = _MOVES.search(words)
            if moves:
                told += 1
                verb, old, new, op = moves.groups()
                assert (verb == "raise") == (after > before[at]), (name, words)
                assert float(old.replace("−", "-")) == pytest.approx(before[at], abs=6e-4)
                assert float(new.replace("−", "-")) == pytest.approx(after, abs=6e-4)
                assert old != new
                assert tensor in program.instructions[int(op) - 1].writes
            if "leaves it at" in words:
                assert after == before[at], (name, words)
    # Plain descent still says where it goes: four weights of the first layer, two of the second.
    assert told >= 6


def test_a_part_of_the_slope_and_a_rule_are_not_called_the_slope(
    qtbot: QtBot,
    window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = Training(batch_size=2, metrics=(), truncated_bptt_steps=2)
    work = Work(_recurrent("LSTM"), training, _data("sequences"), {})
    walk = Walk(qtbot, window, work, monkeypatch)
    _behind_backward(walk, 1)
    program = walk.session.program
    assert why_not(program, "lstm_1/kernel") == why_not(program, "lstm_1/bias") == CUT
    assert why_not(program, "dense_1/kernel") == why_not(program, "dense_1/bias") == ""
    session, sheet, do = walk.session, walk.view.sheet, window.context.bus.do
    place = next(i for i in program.instructions if "grad/lstm_1/recurrent_kernel" in i.writes)
    do("step.inspect", instruction=place.index)
    do("select.cell", tensor="grad/lstm_1/recurrent_kernel", index=(0, 0))
    qtbot.waitUntil(
        lambda: "part of the slope" in sheet.card.parts.get("result", ""), timeout=20_000
    )
    qtbot.waitUntil(lambda: session.questions.checkable)
    do("step.check_gradient")
    qtbot.waitUntil(
        lambda: getattr(sheet.card.parts.get("check"), "error", None) is not None, timeout=60_000
    )
    check = sheet.card.parts["check"]
    assert isinstance(check, Check)
    assert not check.agrees
    assert check.why == CUT
    sheet.grab()

    rule = _network(activation="binary_step")
    walk = Walk(
        qtbot, window, Work(rule, Training(batch_size=2, metrics=()), _blank(), {}), monkeypatch
    )
    assert why_not(walk.session.program, "dense_1/kernel") == RULE
    assert why_not(walk.session.program, "dense_2/kernel") == ""
