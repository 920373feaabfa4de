"""The close-up of bias corrections: the engine's numbers, at the right update, on the right curves."""

from __future__ import annotations

import pytest

import app
from app.scenes import closeups
from app.scenes.closeups import corrections
from core import losses
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.app.scenes.closeups.looking import Looker, picture
from tests.core.networks import chain

KINDS = ("Adam", "AdamW", "Adamax", "Nadam")


@pytest.fixture(autouse=True, scope="module")
def application() -> None:
    app.create_application()


def run_with(kind: str) -> Run:
    training = Training(
        optimizer={"kind": kind, "learning_rate": 0.02}, loss="mse", batch_size=1, seed=1
    )
    x, y = [[0.3, -0.2], [0.1, 0.4]] * 4, [[0.5]] * 8
    samples = prepare(x, y, losses.get("mse"), 1)
    return Run(chain((2,), ("Dense", {"units": 1})), training, samples=samples)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_the_engine_s_and_lie_on_their_curves(kind: str) -> None:
    run = run_with(kind)
    looker = Looker(run)
    index = next(i.index for i in looker.program.instructions if i.op.endswith("_factors"))
    subject = looker.subject(index)
    closeup = closeups.fitting(subject)[0]
    assert closeup.name == "corrections"
    while run.pc <= index:
        assert set(corrections.shown(subject, looker.moment(closeup, subject))) == {"rate"}
        run.step()
    run.step("batch")
    for update in range(1, 300):
        moment = looker.moment(closeup, subject)
        found = corrections.shown(subject, moment)
        for key, name in subject.instruction.results.items():
            assert found[key] == float(run.program.tensor(name))
        assert found["rate"] == pytest.approx(0.02)
        told = corrections.update_number(subject, moment)
        assert told == update or (told is None and kind == "Adamax" and update > 80)
        attributes = subject.instruction.attributes
        curves = corrections._curves(
            "Adam" if kind == "AdamW" else kind, attributes["beta_1"], attributes["beta_2"], 1000
        )
        for key, points in curves.items():
            on_curve = dict(points).get(float(update))
            if on_curve is not None and key in found:
                value = found[key] / (0.02 if key == "effective_rate" else 1.0)
                assert value == pytest.approx(on_curve, rel=1e-3, abs=1e-6), (key, update)
        if update in (1, 40):
            for size in ((704, 664), (660, 420), (300, 220)):
                for theme in ("dark", "light"):
                    assert not picture(closeup, subject, moment, size, theme).isNull()
        run.step("batch")
