"""The health of layers as the window gets it."""

from __future__ import annotations

import numpy as np

from app.engine.session import Session
from app.engine.state import Work
from tests.app.engine.conftest import work_for


def test_the_view_is_what_the_run_measures_and_goes_with_the_step() -> None:
    session = Session(work_for("digits-cnn"))
    assert session.snapshot(()).health is None
    session.advance(3)
    view, known = session.snapshot(()).health, session.run.health()
    assert view is not None
    assert view.layers == known.layers
    for name, measure in (
        ("gradient_norm", "gradient_norm"),
        ("update_ratio", "update_ratio"),
        ("dead", "dead"),
        ("saturation", "saturated"),
    ):
        np.testing.assert_allclose(getattr(view, name), known.of(measure), rtol=1e-6)
    assert view.strip.shape == (4, 1)
    assert session.snapshot(()).health is view
    session.advance(1)
    other = session.snapshot(()).health
    assert other is not None
    assert other is not view
    assert other.strip_steps.tolist() == [3, 4]


def test_after_an_edit_nothing_is_said_before_the_next_step() -> None:
    session = Session(work_for("digits-cnn"))
    session.advance(2)
    network = session.work.network.configure("conv2d_1", trainable=False)
    session.edit(Work(network, session.work.training, session.work.data, session.work.parameters))
    assert session.snapshot(()).health is None
    session.advance(1)
    view = session.snapshot(()).health
    assert view is not None
    assert view.learns is not None
    assert view.learns.tolist() == [False, True, True, True]
    assert np.isnan(view.gradient_norm[0])
    assert np.isfinite(view.dead[0])  # type: ignore[index]
