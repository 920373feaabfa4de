"""The code written for an optimizer or a schedule computes what the engine computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import optimizers, schedules
from core.io import codegen
from core.io.code_optimizers import keras_optimizer, pytorch_optimizer
from core.optimizers import Optimizer
from core.spec import Training
from tests.core.io.written import function, run_written
from tests.core.networks import chain
from tests.core.subjects import optimizer_variants, schedule_variants

OPTIMIZERS = optimizer_variants()
by_optimizer = pytest.mark.parametrize(
    ("name", "optimizer"), OPTIMIZERS, ids=[name for name, _ in OPTIMIZERS]
)
SCHEDULES = schedule_variants()
by_schedule = pytest.mark.parametrize("document", SCHEDULES.values(), ids=SCHEDULES)
STEPS, BATCHES = 40, 5


def gradients() -> np.ndarray:
    """For a weight of (3, 2)."""
    return np.random.default_rng(3).normal(size=(STEPS, 3, 2))


def ours(optimizer: Optimizer) -> np.ndarray:
    """The weight after all steps."""
    fresh, w = optimizers.get(optimizer.to_config()), np.ones((3, 2))
    fresh.steps_per_epoch = BATCHES
    for g in gradients():
        fresh.apply_gradients([(g, w)])
    return w


def theirs(training: Training) -> np.ndarray:
    """The same in the written PyTorch code."""
    torch = pytest.importorskip("torch")
    before, text, inside, loop = pytorch_optimizer(training)
    weight = torch.nn.Parameter(torch.ones((3, 2), dtype=torch.float64))

    class Model:
        def parameters(self) -> list[Any]:
            return [weight]

    functions = [function("update", inside), function("begin", loop, "epoch")]
    lines = [*before, f"optimizer = {text}", *functions]
    known = run_written("\n".join(lines), torch=torch, model=Model())
    for step, g in enumerate(gradients()):
        if step % BATCHES == 0:
            known["begin"](step // BATCHES)
        weight.grad = torch.tensor(g)
        known["update"]()
        known["optimizer"].step()
    return weight.detach().numpy()


@pytest.mark.conformance
@by_optimizer
def test_pytorch_code_makes_the_same_steps(name: str, optimizer: Optimizer) -> None:
    config = {**optimizer.to_config(), "learning_rate": 0.01}
    training = Training(optimizer=config)
    # The places of epsilon in Adam differ by less than this here.
    assert theirs(training) == pytest.approx(ours(optimizers.get(config)), rel=1e-5)


@pytest.mark.conformance
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@by_schedule
def test_pytorch_code_follows_the_schedule(document: dict[str, Any], momentum: float) -> None:
    config = {"kind": "SGD", "learning_rate": document, "momentum": momentum}
    found = ours(optimizers.get(config))
    assert theirs(Training(optimizer=config)) == pytest.approx(found, rel=1e-9)


@pytest.mark.conformance
@by_schedule
def test_keras_code_follows_the_schedule(document: dict[str, Any]) -> None:
    keras = pytest.importorskip("keras")
    training = Training(optimizer={"kind": "Adam", "learning_rate": document, "clipnorm": 1.0})
    before, text, more = keras_optimizer(training)
    known: dict[str, Any] = {"keras": keras}
    exec("\n".join(before), known)
    made = eval(text, known)
    assert made.clipnorm == 1.0
    schedule = schedules.get(document)
    for step in (0, 1, 7, 30):
        rate = known["learning_rate"](step) if more else made._learning_rate(step)
        assert float(rate) == pytest.approx(schedule(step), rel=1e-4, abs=1e-8)


@by_schedule
def test_code_with_a_schedule_can_be_read_by_python(document: dict[str, Any]) -> None:
    network = chain((3,), ("Dense", {"units": 2, "activation": "softmax"}))
    training = Training(
        optimizer={"kind": "RMSprop", "learning_rate": document, "momentum": 0.5, "weight_decay": 0.01},
        loss="sparse_categorical_crossentropy",
    )  # fmt: skip
    for framework in ("keras", "pytorch"):
        compile(codegen.code(framework, network, training), framework, "exec")
