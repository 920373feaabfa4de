"""Ask Keras (on PyTorch) for the numbers of `cases`, and keep them in small files next to this one.

Needs the conformance extra: ``python -m tests.core.golden.make_golden``; another folder as the only argument.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))

import keras
import numpy as np
import torch

from tests.core.golden import cases

VERSIONS = f"keras {keras.__version__}, torch {torch.__version__}, numpy {np.__version__}"


def numbers(t: Any) -> np.ndarray:
    """A tensor as an array."""
    return t.detach().numpy().copy() if isinstance(t, torch.Tensor) else np.asarray(t)


def chain(case: str, shape: tuple[int, ...], layers: cases.Layers) -> Any:
    """The Keras model of a chain, its weights set; layers are called ``0``, ``1``, ..."""
    made = []
    for k, (kind, config) in enumerate(layers):
        given = {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}
        made.append(getattr(keras.layers, kind)(**given, name=f"layer_{k}"))
    model = keras.Sequential([keras.Input(shape), *made])
    for name, variable in weights(model).items():
        variable.assign(cases.weight_values(case, name, tuple(variable.shape)))
    return model


def weights(model: Any) -> dict[str, Any]:
    """Variables by ``layer/role``; seeds of generators left out."""
    return {
        f"{k}/{v.path.rsplit('/', 1)[-1]}": v
        for k, layer in enumerate(model.layers)
        for v in layer.weights
        if "seed" not in v.path
    }


def make_layers() -> dict[str, np.ndarray]:
    """Outputs, gradients and moving statistics of every case."""
    found: dict[str, np.ndarray] = {}
    for case in cases.LAYERS:
        x = torch.tensor(cases.layer_inputs(case), requires_grad=not case.tokens)
        model = chain(case.name, case.shape, case.layers)
        found[f"{case.name}|predicted"] = numbers(model(x, training=False))
        if not case.training:
            continue
        y = model(x, training=True)
        target = cases.drawn(f"{case.name}: target").normal(size=tuple(y.shape)).astype(np.float32)
        loss = ((y - torch.tensor(target)) ** 2).mean()
        loss.backward()
        found[f"{case.name}|output"] = numbers(y)
        found[f"{case.name}|loss"] = numbers(loss)
        if not case.tokens:
            found[f"{case.name}|grad/x"] = numbers(x.grad)
        for name, variable in weights(model).items():
            if variable.trainable:
                found[f"{case.name}|grad/{name}"] = numbers(variable.value.grad)
            else:
                found[f"{case.name}|after/{name}"] = numbers(variable.value)
    found["add|output"] = numbers(keras.layers.Add()([torch.tensor(x) for x in add_inputs()]))
    found["masked add|output"] = masked_add()
    return found


def masked_add() -> np.ndarray:
    """What an LSTM reads from the sum of two branches with masks."""
    first, second, lstm = (getattr(keras.layers, k)(**config) for k, config in cases.MASKED_ADD)
    inputs = [keras.Input((6,)), keras.Input((6,))]
    branches = [layer(x) for layer, x in zip((first, second), inputs, strict=True)]
    model = keras.Model(inputs, lstm(keras.layers.Add()(branches)))
    for k, layer in enumerate((first, second, lstm)):
        for v in layer.weights:
            name = f"{k}/{v.path.rsplit('/', 1)[-1]}"
            if "seed" not in v.path:
                v.assign(cases.weight_values("masked add", name, tuple(v.shape)))
    return numbers(model([torch.tensor(x) for x in cases.masked_add_inputs()]))


def add_inputs() -> list[np.ndarray]:
    """Three branches."""
    return [
        cases.drawn(f"add {k}").normal(size=(cases.ROWS, 3)).astype(np.float32) for k in range(3)
    ]


def make_losses() -> dict[str, np.ndarray]:
    """Losses, and their gradients on the way to the logits."""
    found = {}
    for case in cases.LOSSES:
        target, logits = cases.loss_inputs(case)
        z = torch.tensor(logits, requires_grad=True)
        p = z if case.link is None else getattr(keras.activations, case.link)(z)
        if case.loss == "half_squared_error":
            value = ((torch.tensor(target) - p) ** 2).sum() / 2
        else:
            classes = {c.__name__: c for c in vars(keras.losses).values() if isinstance(c, type)}
            name = "".join(part.capitalize() for part in case.loss.split("_"))
            options = {"from_logits": True} if case.from_logits else {}
            value = classes[name](**options)(torch.tensor(target), p)
        value.backward()
        found[f"{case.name}|loss"] = numbers(value)
        if case.from_logits or not case.extreme:
            found[f"{case.name}|grad"] = numbers(z.grad)
    return found


def make_optimizers() -> dict[str, np.ndarray]:
    """The variable after every step."""
    found = {}
    for name, config in cases.OPTIMIZERS.items():
        arguments = {k: v for k, v in config.items() if k != "kind"}
        optimizer = getattr(keras.optimizers, config["kind"])(**arguments)
        variable = keras.Variable(cases.weight_values(name, "w", (3, 2)))
        steps = []
        for gradient in cases.gradients(name):
            optimizer.apply([torch.tensor(gradient)], [variable])
            steps.append(numbers(variable.value))
        found[f"{name}|steps"] = np.stack(steps)
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
            losses.append(float(loss(torch.tensor(y[part]), predicted).detach().mean()))
            model.train_on_batch(x[part], y[part])
        found[f"{case.name}|losses"] = np.array(losses)
        for name, variable in weights(model).items():
            found[f"{case.name}|last/{name}"] = numbers(variable.value)
    return found


def main(folder: Path) -> None:
    """Write the files."""
    torch.set_num_threads(1)
    makers = {
        "layers": make_layers,
        "losses": make_losses,
        "optimizers": make_optimizers,
        "training": make_training,
    }
    for name, make in makers.items():
        path = folder / f"{name}.npz"
        np.savez_compressed(path, versions=np.array(VERSIONS), **make())
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {VERSIONS}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else cases.FOLDER)
