"""The terms of an update by name are those the tape has computed with."""

from __future__ import annotations

import numpy as np
import pytest

from core import losses, optimizers
from core.errors import ChainruleError
from core.optimizers import Optimizer
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.core.networks import chain
from tests.core.subjects import optimizer_variants

OPTIMIZERS = optimizer_variants()
WEIGHT = "dense_1/kernel"


def run_with(optimizer: Optimizer, rate: object = 0.02) -> Run:
    """Batches of 5 of 13 samples."""
    rng = np.random.default_rng(0)
    config = {**optimizer.to_config(), "learning_rate": rate}
    training = Training(optimizer=config, loss="mse", batch_size=5)
    samples = prepare(rng.normal(size=(13, 3)), rng.normal(size=(13, 2)), losses.get("mse"), 2)
    return Run(chain((3,), ("Dense", {"units": 2})), training, samples=samples)


@pytest.mark.parametrize("name", [name for name, _ in OPTIMIZERS])
@pytest.mark.parametrize(
    "rate", [0.02, {"kind": "InverseEpochDecay", "initial_learning_rate": 0.1}]
)
def test_terms_are_what_the_tape_computed_with(name: str, rate: object) -> None:
    optimizer = dict(OPTIMIZERS)[name]
    run = run_with(optimizer, rate)
    with pytest.raises(ChainruleError, match="not come to"):
        run.terms(WEIGHT)
    for _ in range(7):
        before = run.program.tensor(WEIGHT).astype(np.float64)
        run.advance(1)
        found = run.terms(WEIGHT)
        used = run.learning_rate
        run.set("learning_rate", used)
        after = before * found["keep"] + found["step"]
        assert run.program.tensor(WEIGHT) == pytest.approx(after, rel=1e-4, abs=1e-6)
        assert float(found["rate"]) == pytest.approx(used)
        for slot in run.optimizer.slots:
            assert run.program.tensor(f"{WEIGHT}/{slot}") == pytest.approx(
                found[slot], rel=1e-4, abs=1e-7
            )
    with pytest.raises(ChainruleError, match="no weight that is trained"):
        run.terms("dense_1/z")


def test_adam_tells_its_corrected_averages() -> None:
    run = run_with(optimizers.Adam(), 0.01)
    run.advance(3)
    found = run.terms(WEIGHT)
    assert found["m_corrected"] == pytest.approx(found["m"] / (1 - 0.9**3))
    assert found["v_corrected"] == pytest.approx(found["v"] / (1 - 0.999**3))
    rate = 0.01 * (1 - 0.999**3) ** 0.5 / (1 - 0.9**3)
    assert run.program.scalar("optimizer/effective_rate") == pytest.approx(rate, rel=1e-6)
    assert found["step"] == pytest.approx(
        -rate * found["m"] / (np.sqrt(found["v"]) + 1e-7), rel=1e-6
    )


def test_every_term_that_is_remembered_is_explained_on_the_tape() -> None:
    run = run_with(optimizers.Adam(amsgrad=True), 0.01)
    run.advance(2)
    program = run.program
    update = next(i.index for i in program.instructions if i.op == "amsgrad" and WEIGHT in i.writes)
    while run.pc < update:
        run.step()
    told = {
        slot: program.explain(update, (1, 1), f"{WEIGHT}/{slot}").value
        for slot in run.optimizer.slots
    }
    run.step()
    for slot, value in told.items():
        assert program.value(f"{WEIGHT}/{slot}", (1, 1)) == pytest.approx(value, rel=1e-5)


def test_a_weight_that_is_not_there_is_answered_with_those_that_are() -> None:
    run = run_with(optimizers.SGD())
    run.advance(1)
    known = "Known weights that are trained: dense_1/kernel, dense_1/bias"
    with pytest.raises(ChainruleError, match=f"called 'dense_1'. Did you mean 'dense_1/.*{known}"):
        run.terms("dense_1")


def test_a_frozen_weight_has_no_terms() -> None:
    training = Training(optimizer=optimizers.SGD().to_config(), loss="mse", batch_size=5)
    rng = np.random.default_rng(0)
    samples = prepare(rng.normal(size=(13, 3)), rng.normal(size=(13, 2)), losses.get("mse"), 2)
    network = chain((3,), ("Dense", {"units": 2, "trainable": False}), ("Dense", {"units": 2}))
    run = Run(network, training, samples=samples)
    run.advance(1)
    frozen, *_ = run.program.weights()
    with pytest.raises(
        ChainruleError, match=f"{frozen} is not trained, .*Trained are: dense_2/kernel"
    ):
        run.terms(frozen)
