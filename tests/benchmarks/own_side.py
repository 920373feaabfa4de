"""Chainrule in a process of its own: ``python -m tests.benchmarks.own_side [FOLDER]``, asked through its pipe.

With a folder, the engine is the one in it: another revision's. So only what every revision has is used at the top, and
each piece of work asks for what it needs when it is asked for.
"""

from __future__ import annotations

import sys
from functools import cache
from math import ceil, prod
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks.cases import PLANE, Case, case, data
from tests.benchmarks.children import peak_memory, serve

#: Points along one side of the grid on which every neuron is predicted.
SIDE = 100


def network(one: Case) -> list[Any]:
    """The layers."""
    from core import Input, layers

    made: list[Any] = [Input(one.shape)]
    for number, (kind, *rest) in enumerate(one.layers):
        last = "softmax" if one.classes > 1 else one.activation
        activation = last if number + 1 == len(one.layers) else one.activation
        if kind == "dense":
            made.append(layers.Dense(*rest, activation=activation))
        elif kind == "conv":
            made.append(layers.Conv2D(*rest, 3, padding="same", activation=activation))
        else:
            kinds = {
                "pool": layers.MaxPooling2D,
                "flatten": layers.Flatten,
                "lstm": layers.LSTM,
                "gru": layers.GRU,
            }
            made.append(kinds[kind](*rest))
    return made


def _model(one: Case, optimizer: str = "Adam", metrics: tuple[str, ...] = ()) -> Any:
    import core
    from core import optimizers

    made = core.Sequential(network(one), seed=0)
    made.compile(
        optimizer=getattr(optimizers, optimizer)(learning_rate=1e-3),
        loss="sparse_categorical_crossentropy" if one.classes > 1 else "mean_squared_error",
        metrics=list(metrics),
    )
    return made


@cache
def _prepared(
    name: str, optimizer: str = "Adam", metrics: tuple[str, ...] = ()
) -> tuple[Case, Any, np.ndarray, np.ndarray]:
    """A case, its model after an epoch, and its data."""
    one = case(name)
    x, y = data(one)
    model = _model(one, optimizer, metrics)
    model.fit(x, y, batch_size=one.batch, epochs=1)
    return one, model, x, y


# ---- whole steps ---------------------------------------------------------------------------------------------------


def steps(
    case: str, count: int, optimizer: str = "Adam", accuracy: bool = False
) -> tuple[float, int]:
    """Whole epochs through `fit` until so many steps are done."""
    one, model, x, y = _prepared(case, optimizer, ("accuracy",) if accuracy else ())
    epochs = ceil(count / one.batches)
    began = perf_counter()
    model.fit(x, y, batch_size=one.batch, epochs=epochs)
    return perf_counter() - began, epochs * one.batches


def short_epochs(case: str, count: int) -> tuple[float, int]:
    """Steps through `fit` where an epoch has ten of them."""
    one, model, x, y = _prepared(case)
    x, y = x[: 10 * one.batch], y[: 10 * one.batch]
    epochs = ceil(count / 10)
    began = perf_counter()
    model.fit(x, y, batch_size=one.batch, epochs=epochs)
    return perf_counter() - began, 10 * epochs


def batch_callbacks(case: str, count: int) -> tuple[float, int]:
    """Steps through `fit` with a callback that hears of every batch."""
    from core import callbacks

    class Listener(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            pass

    one, model, x, y = _prepared(case)
    epochs = ceil(count / one.batches)
    listener = Listener()
    began = perf_counter()
    model.fit(x, y, batch_size=one.batch, epochs=epochs, callbacks=[listener])
    return perf_counter() - began, epochs * one.batches


def single_batches(case: str, count: int) -> tuple[float, int]:
    """Steps through `train_on_batch`."""
    one, model, x, y = _prepared(case)
    began = perf_counter()
    for k in range(count):
        start = k % (one.batches - 1) * one.batch
        model.train_on_batch(x[start : start + one.batch], y[start : start + one.batch])
    return perf_counter() - began, count


def facts(case: str) -> dict[str, int]:
    """Instructions of a step, parameters, multiply-adds of a forward pass over a batch."""
    from core.spec import inspect

    one = globals()["case"](case)
    model = _model(one)
    work = sum(row.multiply_adds for row in inspect(model.network).rows)
    return {
        "instructions": len(model.program(one.batch).instructions),
        "parameters": model.count_params(),
        "multiply_adds": work * one.batch,
    }


def digest(case: str, epochs: int = 1) -> str:
    """A hash of all weights after the first steps: other bits give another one."""
    import hashlib

    one = globals()["case"](case)
    x, y = data(one)
    model = _model(one)
    few = min(one.samples, 8 * one.batch + 1)
    model.fit(x[:few], y[:few], batch_size=one.batch, epochs=epochs)
    found = hashlib.sha256()
    for values in model.get_weights():
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()[:16]


# ---- looking -------------------------------------------------------------------------------------------------------


@cache
def _plane() -> tuple[Any, Any, np.ndarray]:
    from core.tape.compiler import compile_network
    from core.tape.program import Program

    _, model, *_ = _prepared(PLANE.name)
    program = Program(compile_network(model.network, "predict"), SIDE * SIDE)
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    program.feed([grid])
    return model, program, grid


def every_neuron(count: int) -> tuple[float, int]:
    """The outputs of every neuron on the grid, with the weights of now, copied."""
    model, program, grid = _plane()
    names = [f"{layer.id}/output" for layer in model.network.layers[1:]]
    seen: list[Any] = []
    began = perf_counter()
    for _ in range(count):
        program.set_weights(model._weights())
        program.feed([grid])
        program.run()
        seen = [program.tensor(name) for name in names]
    seconds = perf_counter() - began
    assert all(one.shape[0] == len(grid) and np.isfinite(one).all() for one in seen)
    return seconds, count


def predictions(case: str, count: int) -> tuple[float, int]:
    """Samples through `predict`."""
    _, model, x, _ = _prepared(case)
    done, began = 0, perf_counter()
    while done < count:
        model.predict(x)
        done += len(x)
    return perf_counter() - began, done


# ---- time ----------------------------------------------------------------------------------------------------------


@cache
def run_of(name: str, history: int = 0) -> Any:
    """A run of a case, of so many steps."""
    from core import losses
    from core.runs import Run
    from core.runs.samples import prepare
    from core.spec import Training

    one = case(name)
    x, y = data(one)
    loss = "sparse_categorical_crossentropy"
    training = Training(optimizer={"kind": "Adam"}, loss=loss, metrics=(), batch_size=one.batch)
    samples = prepare(x, y, losses.get(loss), one.classes)
    made = Run(_model(one).network, training, samples=samples)
    while made.step_count < max(history, 2):
        made.advance(max(history, 2) - made.step_count)
    return made


def running(case: str, count: int) -> tuple[float, int]:
    """Whole steps of a run."""
    run = run_of(case)
    began = perf_counter()
    done = 0
    while done < count:
        done += run.advance(count - done)
    return perf_counter() - began, done


def as_written(case: str, count: int) -> tuple[float, int]:
    """Whole steps of a run without superinstructions."""
    program = run_of(case).program
    program.fused = False
    try:
        return running(case, count)
    finally:
        program.fused = True


def reading(case: str, count: int) -> tuple[float, int]:
    """The same, every value of every instruction copied and read by its name."""
    run = run_of(case)
    program = run.program
    written = [(name, program.tensors[name]) for ins in program.instructions for name in ins.writes]
    numbers = sum(prod(t.shape) * (program.capacity if t.batch else 1) for _, t in written)
    seen = 0
    began = perf_counter()
    for part in run.reading(count):
        for values in part.values():
            seen += values.size
    taken = perf_counter() - began
    assert seen == numbers * count
    return taken, count


def stepping(case: str, count: int) -> tuple[float, int]:
    """The same by calls from Python: one instruction, and views of what it wrote."""
    run = run_of(case)
    program = run.program
    written = [ins.writes for ins in program.instructions]
    began = perf_counter()
    for _ in range(count):
        for names in written:
            run.step("instruction")
            for name in names:
                program.tensor(name)
    return perf_counter() - began, count


def checkpoints(case: str, count: int) -> tuple[float, int]:
    """Copies of everything that a step needs to be run again."""
    run = run_of(case)
    began = perf_counter()
    for _ in range(count):
        run._checkpoint()
    return perf_counter() - began, count


def seeks(case: str, steps: int, count: int) -> list[float]:
    """Seconds of each journey to a step that has been."""
    run = run_of(case, steps)
    where = np.random.default_rng(1)
    found = []
    for _ in range(count):
        step = int(where.integers(0, steps))
        began = perf_counter()
        run.seek(step)
        found.append(perf_counter() - began)
        assert run.step_count == step
    return found


def kept(case: str, steps: int) -> dict[str, int]:
    """Checkpoints of a long run, and their bytes."""
    run = run_of(case, steps)
    return {"checkpoints": len(run.checkpoints.steps), "bytes": run.checkpoints._bytes}


# ---- the window ----------------------------------------------------------------------------------------------------


@cache
def _session(template: str) -> tuple[Any, tuple[Any, ...]]:
    """What the engine thread works with, and what a view of the whole network asks for."""
    from app.engine.session import Session
    from app.engine.state import Work
    from app.snapshots import Probe
    from core import templates

    found = templates.load(template)
    session = Session(
        Work(found.network, found.training, found.data.id, dict(found.data.parameters))
    )
    session.advance(20)
    probes = []
    for layer in found.network.layers[1:]:
        probes.append(Probe(f"{layer.id}/output", rows=0))
        probes.append(Probe(f"{layer.id}/kernel", reduction="top256"))
    return session, tuple(probes)


def snapshots(template: str, count: int) -> tuple[float, int]:
    """Snapshots of a network in training, each after a step of its own (which is not timed)."""
    session, probes = _session(template)
    seconds = 0.0
    for _ in range(count):
        session.advance(1)
        began = perf_counter()
        session.snapshot(probes)
        seconds += perf_counter() - began
    return seconds, count


# ---- the first step ------------------------------------------------------------------------------------------------


def first_step(case: str) -> float:
    """Seconds from nothing to the end of a first step; kernels are compiled or loaded on the way."""
    began = perf_counter()
    one = globals()["case"](case)
    x, y = data(one)
    model = _model(one)
    model.fit(x[: one.batch], y[: one.batch], batch_size=one.batch)
    return perf_counter() - began


ANSWERS = {
    one.__name__: one
    for one in (
        steps, short_epochs, batch_callbacks, single_batches, facts, digest, every_neuron, predictions, running,
        as_written, reading, stepping, checkpoints, seeks, kept, snapshots, first_step,
    )
} | {"memory": peak_memory}  # fmt: skip

if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.path.insert(0, sys.argv[1])
    serve(ANSWERS)
