"""The close-up of an update: every number is the engine's, for every optimizer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtGui import QPainter

import app
from app.scenes import closeups, draw
from app.scenes.closeups import update_paint, update_terms
from app.scenes.frame import ViewState
from app.scenes.step_values import cell_id
from core import losses
from core.expressions import evaluate
from core.optimizers import Optimizer
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.app.scenes.closeups.looking import Looker, picture
from tests.core.networks import chain
from tests.core.subjects import optimizer_variants

OPTIMIZERS = dict(optimizer_variants())
WEIGHT = "dense_1/kernel"
CELL = (2, 1)
SIZES = ((704, 664), (660, 420), (300, 220))


@pytest.fixture(autouse=True, scope="module")
def application() -> None:
    app.create_application()


def run_with(optimizer: Optimizer, rate: object = 0.02) -> Run:
    rng = np.random.default_rng(0)
    config = {**optimizer.to_config(), "learning_rate": rate}
    training = Training(optimizer=config, loss="mse", batch_size=5)
    samples = prepare(rng.normal(size=(13, 3)), rng.normal(size=(13, 2)), losses.get("mse"), 2)
    return Run(chain((3,), ("Dense", {"units": 2})), training, samples=samples)


def update_of(run: Run, weight: str = WEIGHT) -> int:
    return next(
        i.index
        for i in run.program.instructions
        if i.operands.get("w") == weight and i.phase == "update"
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("ended", [False, True], ids=["inside the step", "after the step"])
def test_every_term_is_the_engine_s(name: str, ended: bool) -> None:
    run = run_with(OPTIMIZERS[name])
    run.advance(3)
    index = update_of(run)
    while run.pc <= index:
        old = {n: run.program.tensor(n).copy() for n in run.program.instructions[index].writes}
        run.step()
        if run.pc == 0:
            break
    while ended and run.pc:
        run.step()
    looker = Looker(run)
    subject = looker.subject(index, cell=CELL)
    closeup = closeups.fitting(subject)[0]
    assert closeup.name == "update"
    moment = looker.moment(closeup, subject)
    found = {term.line.name: term for term in update_terms.terms(subject, moment)}
    told = run.terms(WEIGHT)
    program = run.program
    for term in update_terms.terms(subject, moment):
        line = term.line
        assert term.value is not None, line.name
        if line.name == "alpha":
            assert term.value == program.scalar("optimizer/effective_rate")
        elif line.slot:
            # What is on the tape is shown to the bit, before and after.
            assert term.value == float(program.tensor(line.slot)[CELL])
            assert term.before == float(old[line.slot][CELL])
        elif line.name in told:
            assert term.value == pytest.approx(float(told[line.name][CELL]), rel=2e-4, abs=1e-9)
        worked_out = evaluate(line.formula, lambda t, k, v=term.values: v[t, k])
        assert term.value == pytest.approx(worked_out, rel=2e-4, abs=2e-7), line.name
    assert found["g"].value == float(program.tensor(subject.instruction.operands["g"])[CELL])
    w = found["w"]
    assert w.before == float(old[WEIGHT][CELL])
    assert w.value == float(program.tensor(WEIGHT)[CELL])
    change = update_paint.map_values("step", subject, moment)
    assert np.array_equal(change, program.tensor(WEIGHT) - old[WEIGHT])
    assert set(run.optimizer.slots) <= set(found)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_nothing_is_shown_that_is_not_there_yet(name: str) -> None:
    run = run_with(OPTIMIZERS[name])
    run.advance(2)
    run.step()
    looker = Looker(run)
    subject = looker.subject(update_of(run), cell=CELL)
    closeup = closeups.fitting(subject)[0]
    moment = looker.moment(closeup, subject)
    for term in update_terms.terms(subject, moment):
        if term.line.name != "alpha":
            assert term.value is None
    assert update_terms.terms(subject, moment)[-1].before == float(run.program.tensor(WEIGHT)[CELL])
    for theme in ("dark", "light"):
        assert not picture(closeup, subject, moment, SIZES[0], theme).isNull()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_is_painted_inside_its_rectangle(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_with(OPTIMIZERS[name])
    run.advance(3)
    looker = Looker(run)
    subject = looker.subject(update_of(run), cell=CELL)
    closeup = closeups.fitting(subject)[0]
    moment = looker.moment(closeup, subject)
    written: list[tuple[float, float, str, str]] = []
    real = draw.text

    def noted(
        painter: QPainter, x: float, y: float, string: str, px: float, color: object, **more: object
    ) -> float:
        written.append((x, y, string, str(more.get("anchor", "start"))))
        return real(painter, x, y, string, px, color, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(draw, "text", noted)
    for size in SIZES:
        for theme in ("dark", "light"):
            written.clear()
            picture(closeup, subject, moment, size, theme)
            assert written
            for x, y, string, _ in written:
                assert 0 <= x <= size[0], (size, string)
                assert 0 < y <= size[1], (size, string)
    shown = {string for _, _, string, _ in written}
    assert any(draw.MINUS in s or "." in s for s in shown)


def test_a_cell_of_a_heat_map_can_be_chosen_and_tells_its_numbers() -> None:
    run = run_with(OPTIMIZERS["Adam"])
    run.advance(3)
    looker = Looker(run)
    subject = looker.subject(update_of(run), cell=CELL)
    closeup = closeups.fitting(subject)[0]
    moment = looker.moment(closeup, subject)
    place = closeup.layout(subject, (704.0, 664.0), ViewState())
    assert [one.key for one in place.maps] == ["g", "m", "v", "step", "w"]
    for one in place.maps:
        for index in ((0, 0), (2, 1)):
            x, y, w, h = one.grid.place(index)
            hit = place.hits.at(x + w / 2, y + h / 2)
            assert hit is not None
            assert hit.id == cell_id(WEIGHT, index)
    hit = place.hits.get(cell_id(WEIGHT, (0, 1)))
    lines = closeup.describe(place, hit, subject, moment)
    assert lines[0] == "W¹[1, 2]"
    value = float(run.program.tensor(f"{WEIGHT}/m")[0, 1])
    assert f"average m: {value:.6f}".replace("-", draw.MINUS) in lines
    assert len(lines) == 6


def test_what_it_says_agrees_with_the_step() -> None:
    run = run_with(OPTIMIZERS["SGD"])
    run.advance(1)
    looker = Looker(run)
    index = update_of(run)
    closeup = closeups.fitting(looker.subject(index))[0]
    for cell in np.ndindex(3, 2):
        subject = looker.subject(index, cell=cell)
        found = update_terms.terms(subject, looker.moment(closeup, subject))
        raised = found[-1].value > found[-1].before
        assert ("raised" in update_terms.words(subject, found)) == raised
        assert math.copysign(1, found[0].value) == (-1 if raised else 1)
