"""Ask Keras (on PyTorch) for the numbers of the cases, and keep them in small files next to them.

Needs the conformance extra. All files: ``python -m tests.core.golden.make_golden``; some of them:
``python -m tests.core.golden.make_golden layers.conv losses``; into another folder: ``--to folder``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from tests.core.golden import cases, counting, freezing, layers, metric_cases
from tests.core.golden.keras_side import keras, made, measured, numbers, torch, weights
from tests.core.golden.layers.case import Chain, weight_values

VERSIONS = f"keras {keras.__version__}, torch {torch.__version__}, numpy {np.__version__}"


def make_layers(part: str) -> dict[str, np.ndarray]:
    """What `keras_side.measured` says of every case of a part."""
    found = {}
    for case in layers.cases_of(part):
        try:
            given = measured(case)
        except Exception as error:
            error.add_note(f"in the case {case.name!r}")
            raise
        found.update({f"{case.name}|{key}": value for key, value in given.items()})
    return found


def chain(case: str, shape: tuple[int, ...], kinds: Chain) -> keras.Model:
    """The Keras model of a chain, its weights set."""
    chained = [made(kind, config, f"layer_{k}") for k, (kind, config) in enumerate(kinds)]
    model = keras.Sequential([keras.Input(shape), *chained])
    for name, variable in weights(model.layers).items():
        variable.assign(cases.start_weights(case, name, tuple(variable.shape)))
    return model


def make_losses() -> dict[str, np.ndarray]:
    """Losses, and their gradients on the way to the logits."""
    found = {}
    for case in cases.LOSSES:
        target, logits = cases.loss_inputs(case)
        z = torch.tensor(logits, requires_grad=True)
        p = z if case.link is None else getattr(keras.activations, case.link)(z)
        weight = cases.loss_weights(case)
        if case.loss == "half_squared_error":
            value = ((torch.tensor(target) - p) ** 2).sum(-1) / 2
            value = (value if weight is None else value * torch.tensor(weight)).sum()
        else:
            classes = {
                c.__name__.lower(): c for c in vars(keras.losses).values() if isinstance(c, type)
            }
            options = {"from_logits": True} if case.from_logits else {}
            loss = classes[case.loss.replace("_", "")](**options, **case.arguments)
            given = None if weight is None else torch.tensor(weight)
            t = torch.tensor(target)
            if case.loss.startswith("sparse") and len(case.places) == 2:
                # PyTorch 2.13 has no gradient for pixels whose classes are the last axis; the mean is the same.
                t, p = t.reshape(-1), p.reshape(-1, case.outputs)
            value = loss(t, p, sample_weight=given)
        value.backward()
        found[f"{case.name}|loss"] = numbers(value)
        if case.from_logits or not case.extreme:
            found[f"{case.name}|grad"] = numbers(z.grad)
    return found


def make_counting() -> dict[str, np.ndarray]:
    """What `fit` and `evaluate` report, and the last weights."""
    found = {}
    for name, case in counting.CASES.items():
        found.update({f"{name}|{key}": value for key, value in case(keras).items()})
    return found


def make_freezing() -> dict[str, np.ndarray]:
    """What trainings report in which some layers are frozen, and the last weights."""
    found = {}
    for name, case in freezing.CASES.items():
        found.update({f"{name}|{key}": value for key, value in case(keras).items()})
    return found


def make_metrics() -> dict[str, np.ndarray]:
    """What a metric says after each batch, without and with weights of the samples."""
    found = {}
    for case in metric_cases.CASES:
        for way, weighted in case.ways.items():
            metric = getattr(keras.metrics, case.kind)(**case.config)
            said = []
            for t, p, w in metric_cases.batches(case):
                metric.update_state(t, p, sample_weight=w if weighted else None)
                said.append(numbers(metric.result()))
            found[f"{case.name}|{way}"] = np.stack(said)
    return found


def make_optimizers() -> dict[str, np.ndarray]:
    """The variables after some of the steps, in float32 and in float64."""
    found = {}
    for dtype in ("float32", "float64"):
        keras.config.set_floatx(dtype)
        for name, config in cases.OPTIMIZERS.items():
            arguments = {k: v for k, v in config.items() if k != "kind"}
            optimizer = getattr(keras.optimizers, config["kind"])(**arguments)
            variables = [
                keras.Variable(weight_values(name, key, shape), dtype=dtype)
                for key, shape in cases.OPTIMIZED.items()
            ]
            given = {key: torch.tensor(g, dtype=getattr(torch, dtype))
                     for key, g in cases.gradients(name).items()}  # fmt: skip
            steps: dict[str, list[np.ndarray]] = {key: [] for key in given}
            for step in range(cases.OPTIMIZER_STEPS):
                optimizer.apply([g[step].clone() for g in given.values()], variables)
                if step in cases.KEPT_STEPS:
                    for key, variable in zip(given, variables, strict=True):
                        steps[key].append(numbers(variable.value))
            found |= {f"{name}|{dtype}/{key}": np.stack(value) for key, value in steps.items()}
    keras.config.set_floatx("float32")
    return found


def make_schedules() -> dict[str, np.ndarray]:
    """The rate at some steps, in float32 and in float64."""
    found = {}
    for dtype in ("float32", "float64"):
        keras.config.set_floatx(dtype)
        for name, config in cases.SCHEDULES.items():
            arguments = {k: v for k, v in config.items() if k != "kind"}
            schedule = getattr(keras.optimizers.schedules, config["kind"])(**arguments)
            rates = [float(schedule(step)) for step in cases.SCHEDULE_STEPS]
            found[f"{name}|{dtype}"] = np.array(rates, dtype)
    keras.config.set_floatx("float32")
    return found


def make_training() -> dict[str, np.ndarray]:
    """Loss and accuracy of each batch, and the last weights."""
    found = {}
    for case in cases.TRAININGS:
        x, labels = cases.training_data(case)
        y = (
            labels
            if case.loss.startswith("sparse")
            else np.eye(case.outputs, dtype=np.float32)[labels]
        )
        model = chain(case.name, case.shape, case.layers)
        config = dict(case.optimizer)
        model.compile(
            optimizer=getattr(keras.optimizers, config.pop("kind"))(**config), loss=case.loss
        )
        loss = keras.losses.get(case.loss)
        losses = []
        starts = range(0, case.samples, case.batch_size)
        for step in range(cases.TRAINING_STEPS):
            part = slice(starts[step % len(starts)], starts[step % len(starts)] + case.batch_size)
            predicted = model(torch.tensor(x[part]), training=True)
            value = loss(torch.tensor(y[part]), predicted).mean() + sum(model.losses)
            losses.append(float(value.detach() if isinstance(value, torch.Tensor) else value))
            model.train_on_batch(x[part], y[part])
        found[f"{case.name}|losses"] = np.array(losses)
        for name, variable in weights(model.layers).items():
            found[f"{case.name}|last/{name}"] = numbers(variable.value)
    return found


MAKERS: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    **{f"layers.{part}": partial(make_layers, part) for part in layers.PARTS},
    "losses": make_losses,
    "counting": make_counting,
    "freezing": make_freezing,
    "metrics": make_metrics,
    "optimizers": make_optimizers,
    "schedules": make_schedules,
    "training": make_training,
}


def main() -> None:
    """Write the files that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "files", nargs="*", help=f"which of {', '.join(MAKERS)}; all if none is named"
    )
    parser.add_argument("--to", type=Path, default=cases.FOLDER, help="another folder")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name in given.files or MAKERS:
        path = given.to / f"{name.replace('.', '/')}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, versions=np.array(VERSIONS), **MAKERS[name]())
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {VERSIONS}")


if __name__ == "__main__":
    main()
