"""The gradient that is measured is that of the loss shown: for every layer, every loss, and weighted samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.checking import numeric_gradient
from app.engine.state import Work
from app.engine.tree import run_of
from app.step.sections.check import Check
from core import losses
from core.runs import Run
from core.runs.samples import Samples
from core.spec import Training
from core.tape.table_data import DataTable
from tests.app.step.test_every_layer import NETWORKS, _known_data, _work  # noqa: F401
from tests.app.step.test_every_training import _data, _of_loss, _recurrent


def _checked(run: Run) -> tuple[int, list[str]]:
    """Measure a number of every weight's gradient, and of every part of a weight that has one of its own."""
    run.advance(1)
    program, wrong, count = run.program, [], 0
    weights = [t for t in program.tape.tensors.values() if t.role == "weight"]
    for t in weights:
        name = f"grad/{t.name}"
        if name not in program.tape.tensors or t.size == 0:
            continue
        gradient = np.asarray(program.tensor(name))
        cell = tuple(int(k) for k in np.unravel_index(t.size // 2, t.shape))
        numeric = numeric_gradient(run, t.name, cell)
        count += 1
        if not Check(False, numeric, float(gradient[cell])).agrees:
            wrong.append(f"{t.name}{cell}: {numeric} measured, {gradient[cell]} worked out")
    return count, wrong


def _weighted(run: Run, weight: Any) -> Run:
    """The same run on samples that count differently."""
    samples = Samples(run.samples.inputs, run.samples.targets, [DataTable(weight(run))])
    return Run(run.network, run.training, samples=samples)


@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_every_layers_gradient_is_the_slope_of_the_weighted_loss(kind: str) -> None:
    def weight(run: Run) -> np.ndarray:
        width = int(np.prod(next(iter(run.program.tape.outputs.values())).shape[:-1]))
        given = np.random.default_rng(2).uniform(0.2, 3, (len(run.samples), width))
        return given.astype(np.float32)

    run = _weighted(run_of(_work(kind)), weight)
    count, wrong = _checked(run)
    assert not wrong
    assert count or not run.program.tape.weights


@pytest.mark.parametrize("loss", losses.names())
def test_every_losss_gradient_is_the_slope_where_classes_count_differently(loss: str) -> None:
    network, data = _of_loss(loss)
    training = Training(loss=loss, batch_size=3, metrics=(), class_weight={0: 0.5, 1: 2.0, 2: 3.0})
    run = run_of(Work(network, training, _data(data), {}))
    assert run.weighted
    count, wrong = _checked(run)
    assert count
    assert not wrong


def test_the_halves_of_a_gated_units_bias_are_checked() -> None:
    run = run_of(
        Work(_recurrent("GRU"), Training(batch_size=2, metrics=()), _data("sequences"), {})
    )
    run.advance(1)
    gradient = run.program.tensor("grad/gru_1/bias")
    for half in (0, 1):
        for k in (0, 3, 5):
            numeric = numeric_gradient(run, f"gru_1/bias/{half}", (k,))
            assert numeric == pytest.approx(float(gradient[half, k]), rel=1e-3, abs=1e-6)
