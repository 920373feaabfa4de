"""The chain rule through recurrent, convolutional, normalised and branched networks, in the real window."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from app.step.page import Action
from app.step.sections.chain_rows import Factor
from app.step.sheet import Sheet
from app.window.main import MainWindow
from core.expressions import evaluate
from tests.app.step.driving import in_step, view
from tests.app.step.test_chain import go

_PATIENCE = 120_000


def recurrent(window: MainWindow) -> None:
    bus = window.context.bus
    bus.do("template.open", name="chain-rule-by-hand")
    bus.do("layer.add", kind="RepeatVector", index=1)
    bus.do("layer.add", kind="LSTM", index=2)
    ids = [layer.id for layer in window.context.document.network.layers]
    bus.do("layer.configure", layer=ids[2], units=3)
    bus.do("training.configure", batch_size=2)


def normalised(window: MainWindow) -> None:
    bus = window.context.bus
    bus.do("template.open", name="chain-rule-by-hand")
    bus.do("layer.add", kind="BatchNormalization", index=2)
    bus.do("training.configure", batch_size=3)


def convolutional(window: MainWindow) -> None:
    window.context.bus.do("template.open", name="digits-cnn")
    window.context.bus.do("training.configure", batch_size=2)


NETWORKS: dict[str, Callable[[MainWindow], None]] = {
    "recurrent": recurrent, "normalised": normalised, "convolutional": convolutional,
}  # fmt: skip


@pytest.fixture(params=NETWORKS)
def window(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[MainWindow]:
    with in_step(qtbot, NETWORKS[request.param]) as opened:
        rows = {"normalised": 3}.get(request.param, 2)
        qtbot.waitUntil(lambda: view(opened).session.rows == rows, timeout=_PATIENCE)
        yield opened


def nothing_is_cut(sheet: Sheet) -> None:
    page = sheet._written()
    for done, x, y in page.formulas:
        assert x >= 0, done.plain()
        assert x + done.width <= sheet.width() + 1, f"{done.plain()} is cut at the right"
        assert y >= 0, done.plain()
        assert y + done.height <= page.height, f"{done.plain()} is cut at the bottom"
    controls = [rect for rect, target in page.targets if isinstance(target, Action)]
    for one in controls:
        for done, x, y in page.formulas:
            box = QRectF(x, y, done.width, done.height)
            assert not one.intersects(box), f"a control lies on {done.plain()}"
    for rect, target in page.targets:
        assert rect.left() >= 0, target
        assert rect.right() <= sheet.width() + 1, target


def test_every_weights_chain_shows_the_engines_numbers_and_stands_on_the_sheet(
    qtbot: QtBot, window: MainWindow
) -> None:
    session, sheet = view(window).session, view(window).sheet
    engine = window.context.engine
    program = session.program
    weights = [
        n
        for n, t in program.tensors.items()
        if t.role == "weight" and f"grad/{n}" in program.tensors
    ]
    updates = next(i.index for i in program.instructions if i.phase == "update")
    window.context.bus.do("run.seek", step=0, pc=updates)
    qtbot.waitUntil(lambda: session.pc == updates, timeout=_PATIENCE)
    seen = 0
    for name in weights:
        gradient = f"grad/{name}"
        if not any(gradient in i.writes for i in program.instructions):
            continue
        cell = tuple(n // 2 for n in program.tensors[name].shape)
        window.context.bus.do("select.cell", tensor=gradient, index=list(cell))
        chosen = session.cell
        assert chosen is not None
        if chosen[0] != gradient:
            continue

        def there(gradient: str = gradient, cell: Any = cell) -> bool:
            subject = sheet.card.subject
            shown = subject is not None and (subject.tensor, subject.index) == (gradient, cell)
            return shown and "chain" in sheet.card.parts

        qtbot.waitUntil(there, timeout=_PATIENCE)
        path = sheet.card.parts["chain"]
        values = []
        for row in path.rows:
            values.append(row.value if isinstance(row, Factor) else row.product)
            if not isinstance(row, Factor):
                continue
            for (tensor, index), value in row.numbers:
                told: list[Any] = []
                engine.ask("tensor", name=tensor, done=told.append, failed=told.append)
                qtbot.waitUntil(lambda t=told: bool(t), timeout=_PATIENCE)
                assert value == float(told[0][index]), (tensor, index)
            elided = "…" in sheet_text(row)
            if not elided:
                numbers = dict(row.numbers)
                found = evaluate(row.expression, lambda t, i, n=numbers: n[t, i])
                assert found == pytest.approx(row.value, rel=1e-9)
        assert path.product == pytest.approx(math.prod(values), rel=1e-9)
        nothing_is_cut(sheet)
        seen += 1
    assert seen >= 4
    go(qtbot, window, f"grad/{weights[0]}", tuple(0 for _ in program.tensors[weights[0]].shape))


@pytest.mark.parametrize("window", ["normalised"], indirect=True)
def test_a_path_through_a_mean_has_factors_that_are_derivatives(
    qtbot: QtBot, window: MainWindow
) -> None:
    session, sheet, do = view(window).session, view(window).sheet, window.context.bus.do
    program = session.program
    updates = next(i.index for i in program.instructions if i.phase == "update")
    do("run.seek", step=0, pc=updates)
    qtbot.waitUntil(lambda: session.pc == updates, timeout=_PATIENCE)
    through = next(
        i for i in program.instructions if i.op == "channel_mean" and i.phase == "backward"
    )
    mean, gradient = through.writes[0], "grad/dense_1/kernel"
    path = go(qtbot, window, gradient, (0, 1))
    level = next(
        k
        for k, one in enumerate(session.questions.chain.answer.levels)
        if one.op == "normalize_grad"
    )
    session.questions.choose(level, mean, (1,))

    def there() -> bool:
        chain = session.questions.chain
        return chain is not None and any(one.gradient.tensor == mean for one in chain.answer.levels)

    qtbot.waitUntil(there, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: sheet.card.parts["chain"] is not path, timeout=_PATIENCE)
    path = sheet.card.parts["chain"]
    factors = [row for row in path.rows if isinstance(row, Factor)]
    for row in factors:
        assert row.under.tensor in program.tensors
        assert not row.under.tensor.startswith("grad/"), (
            "a number of the backward pass is no variable"
        )
        assert row.over is None or not row.over.tensor.startswith("grad/")
    (factor,) = (r for r in factors if r.over is not None and r.over.tensor.endswith("/normalized"))
    line = next(i for i in program.instructions if i.op == "normalize_grad")
    told: list[Any] = []
    window.context.engine.ask("tensor", name=line.operands["variance"], done=told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=_PATIENCE)
    epsilon = line.attributes["epsilon"]
    # What x̂ of one sample does when z of one is moved, by way of the mean of three.
    assert factor.value == pytest.approx(
        -1 / (3 * math.sqrt(float(told[0][1]) + epsilon)), rel=1e-6
    )
    assert path.product == pytest.approx(math.prod(r.value for r in factors), rel=1e-9)
    nothing_is_cut(sheet)

    do("step.inspect", instruction=through.index)
    qtbot.waitUntil(
        lambda: getattr(sheet.card.instruction, "index", None) == through.index
        and any("no gradient of a value" in str(part) for part in sheet.card.parts.values()),
        timeout=_PATIENCE,
    )  # fmt: skip


def sheet_text(row: Factor) -> str:
    return "".join(line.plain() for line in row.lines(160) if line is not None)
