"""What is raced, without PyTorch."""

from __future__ import annotations

import numpy as np

from core import losses
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Network, Training, new_layer

SAMPLES = 4000
BATCH = {"mlp": 10, "cnn": 64}
#: How many times PyTorch's speed is asked for.
TARGETS = {"mlp": 40.0, "cnn": 1.2}
TITLES = {
    "mlp": "MLP 2-8-8-2 tanh, batch 10",
    "cnn": "CNN 28x28x1, conv 8, conv 16, dense 10, batch 64",
}


def network(name: str) -> Network:
    """A chain of layers."""
    tanh = {"units": 8, "activation": "tanh"}
    conv = {"kernel_size": 3, "padding": "same", "activation": "relu"}
    layers = {
        "mlp": [
            ("Input", {"shape": [2]}),
            ("Dense", tanh),
            ("Dense", tanh),
            ("Dense", {"units": 2, "activation": "softmax"}),
        ],
        "cnn": [
            ("Input", {"shape": [28, 28, 1]}),
            ("Conv2D", {**conv, "filters": 8}),
            ("MaxPooling2D", {}),
            ("Conv2D", {**conv, "filters": 16}),
            ("MaxPooling2D", {}),
            ("Flatten", {}),
            ("Dense", {"units": 10, "activation": "softmax"}),
        ],
    }[name]
    made = Network.chain(name, [new_layer(layers[0][0], **layers[0][1])])
    for kind, config in layers[1:]:
        made = made.insert(len(made.layers), new_layer(kind, made, **config))
    return made


def run(name: str) -> Run:
    """A run of ours: the tape as the program itself runs it, accuracy and running sums included."""
    rng = np.random.default_rng(0)
    shape, classes = ((2,), 2) if name == "mlp" else ((28, 28, 1), 10)
    x = rng.random((SAMPLES, *shape), dtype=np.float32)
    y = rng.integers(0, classes, SAMPLES)
    loss = "sparse_categorical_crossentropy"
    training = Training(optimizer={"kind": "Adam"}, loss=loss, batch_size=BATCH[name])
    return Run(network(name), training, samples=prepare(x, y, losses.get(loss), classes))
