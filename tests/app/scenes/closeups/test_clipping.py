"""The close-up of clipping: lengths and numbers before and after are the engine's, in all three ways."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QPainter

import app
from app.scenes import closeups, draw
from app.scenes.closeups import clipping, clipping_lengths
from app.scenes.frame import ViewState
from core import losses
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.app.scenes.closeups.looking import Looker, picture
from tests.core.networks import chain

WAYS = {"clipnorm": 0.3, "clipvalue": 0.12, "global_clipnorm": 0.5, "nothing to clip": 50.0}
KERNEL = "dense_1/kernel"
SIZES = ((704, 664), (660, 420), (300, 240))


@pytest.fixture(autouse=True, scope="module")
def application() -> None:
    app.create_application()


def run_with(name: str) -> Run:
    rng = np.random.default_rng(1)
    way = "clipnorm" if name == "nothing to clip" else name
    training = Training(
        optimizer={"kind": "SGD", "learning_rate": 0.1, way: WAYS[name]}, loss="mse", batch_size=5
    )
    network = chain((6,), ("Dense", {"units": 5, "activation": "tanh"}), ("Dense", {"units": 4}))
    x, y = rng.normal(size=(13, 6)), rng.normal(size=(13, 4))
    return Run(network, training, samples=prepare(x, y, losses.get("mse"), 4))


def lines_of(looker: Looker) -> list[int]:
    return [i.index for i in looker.program.instructions if clipping_lengths.is_clipping(i)]


@pytest.mark.parametrize("name", WAYS)
def test_lengths_before_and_after_are_the_engine_s(name: str) -> None:
    run = run_with(name)
    run.advance(2)
    looker = Looker(run)
    assert lines_of(looker)
    for index in lines_of(looker):
        subject = looker.subject(index)
        closeup = closeups.fitting(subject)[0]
        assert closeup.name == "clipping"
        moment = looker.moment(closeup, subject)
        how = clipping_lengths.clipping(looker.program)
        found = clipping_lengths.lengths(subject, moment)
        squares = 0.0
        for one in found:
            if one.of is None:
                continue
            before = run.program.tensor(one.of.gradient).astype(np.float64)
            after = run.program.tensor(one.of.clipped).astype(np.float64)
            if name == "clipvalue":
                assert one.before == pytest.approx(np.abs(before).max())
                assert one.after == pytest.approx(np.abs(after).max())
                assert one.share == pytest.approx(float((np.abs(before) > WAYS[name]).mean()))
            else:
                assert one.before == pytest.approx(np.linalg.norm(before), rel=1e-5)
                assert one.after == pytest.approx(np.linalg.norm(after), rel=1e-5)
                squares += float((after**2).sum())
        if how.way == "global_clipnorm":
            assert found[-1].of is None
            assert found[-1].after == pytest.approx(squares**0.5, rel=1e-5)
            assert sum(one.share for one in found[:-1]) == pytest.approx(1.0)
        words = clipping_lengths.sentence(subject, found)
        assert ("nothing changes" in words) == (name == "nothing to clip")


@pytest.mark.parametrize("name", WAYS)
def test_lengths_appear_when_they_are_worked_out(name: str) -> None:
    run = run_with(name)
    run.advance(1)
    looker = Looker(run)
    first = lines_of(looker)[0]
    while run.pc < first:
        run.step()
    for index in lines_of(looker):
        subject = looker.subject(index)
        closeup = closeups.fitting(subject)[0]
        for _ in range(2):
            moment = looker.moment(closeup, subject)
            for one in clipping_lengths.lengths(subject, moment):
                done = one.of is not None and any(
                    one.of.clipped in run.program.instructions[k].writes for k in range(run.pc)
                )
                assert (one.after is not None) == done or one.of is None
                if one.of is not None and one.of.norm:
                    measured = any(
                        one.of.norm in run.program.instructions[k].writes for k in range(run.pc)
                    )
                    assert (one.before is not None) == measured
            picture(closeup, subject, moment, SIZES[1], "light")
            if run.pc == index:
                run.step()


@pytest.mark.parametrize("name", WAYS)
def test_it_is_painted_inside_its_rectangle(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_with(name)
    run.advance(2)
    looker = Looker(run)
    written: list[tuple[float, float, str]] = []
    real = draw.text

    def noted(
        painter: QPainter, x: float, y: float, string: str, *rest: object, **more: object
    ) -> float:
        written.append((x, y, string))
        return real(painter, x, y, string, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(draw, "text", noted)
    for index in lines_of(looker):
        subject = looker.subject(index)
        closeup = closeups.fitting(subject)[0]
        moment = looker.moment(closeup, subject)
        for size in SIZES:
            for theme in ("dark", "light"):
                written.clear()
                picture(closeup, subject, moment, size, theme)
                inside = [0 < y <= size[1] for x, y, _ in written if x >= -400]
                assert written
                assert all(inside), [w for w in written if not 0 < w[1] <= size[1]]


def test_the_arrow_is_of_the_chosen_number_and_the_largest_other() -> None:
    gradient = np.array([[0.1, -0.9], [0.4, 0.2]])
    assert clipping.axes(gradient, (1, 0)) == (2, 1)
    assert clipping.axes(gradient, (0, 1)) == (1, 2)
    assert clipping.axes(gradient, ()) == (1, 2)


def test_a_number_can_be_chosen_before_and_after() -> None:
    run = run_with("clipvalue")
    run.advance(2)
    looker = Looker(run)
    index = next(i.index for i in looker.program.instructions if f"clipped/{KERNEL}" in i.writes)
    subject = looker.subject(index, cell=(2, 1))
    closeup = closeups.fitting(subject)[0]
    place = closeup.layout(subject, (704.0, 664.0), ViewState())
    moment = looker.moment(closeup, subject)
    assert [grid.tensor for grid in place.maps] == [f"grad/{KERNEL}", f"clipped/{KERNEL}"]
    for grid in place.maps:
        x, y, w, h = grid.place((3, 2))
        hit = place.hits.at(x + w / 2, y + h / 2)
        assert hit.id == f"cell:{grid.tensor}:3,2"
        lines = closeup.describe(place, hit, subject, moment)
        assert lines[0] == "4, 3"
        value = float(run.program.tensor(f"clipped/{KERNEL}")[3, 2])
        assert lines[2] == f"after: {value:.6f}".replace("-", draw.MINUS)
