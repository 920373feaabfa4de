"""Generated code of convolutions, pooling and frames: it compiles everywhere, and where PyTorch is, it agrees."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from core.errors import ChainruleError
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Network, Training
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden.layers.case import LayerCase, batch, weight_values
from tests.core.golden.layers.conv import LAYERS
from tests.core.networks import chain

TRAINING = Training(loss="mean_squared_error", metrics=())
AVERAGES = [
    LayerCase(f"average of an uneven frame, {kind}", shape, ((kind, {"pool_size": 2, "padding": "same"}),))
    for kind, shape in (("AveragePooling2D", (5, 4, 2)), ("AveragePooling1D", (5, 2)))
]  # fmt: skip
MASKED = [
    LayerCase("mask through dropout", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("Dropout", {"rate": 0.5}),
        ("GlobalAveragePooling1D", {})), tokens=9),
]  # fmt: skip
ELSEWHERE = {"LSTM", "TimeDistributed"}
CASES = [case for case in LAYERS if not ELSEWHERE & set(dict(case.layers))] + AVERAGES + MASKED
each = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def ours(case: LayerCase, network: Network, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    program = Program(compile_network(network, "predict"), len(x))
    weights = []
    for slot in program.tape.weights:
        weights.append(weight_values(case.name, slot.tensor.name, slot.tensor.shape))
        program.set_weights({slot.tensor.name: weights[-1]})
    program.feed([x])
    program.run()
    (output,) = program.tape.outputs.values()
    return program.tensor(output.name).copy(), weights


def channels_first(w: np.ndarray, shape: tuple[int, ...], *, embedding: bool) -> np.ndarray:
    """Keras's filters (k, k, in, out) as PyTorch has them: (out, in, k, k), or (in · out, 1, k, k) one by one."""
    if w.ndim < 2 or embedding:
        return w
    turned = w.transpose(*range(w.ndim - 1, w.ndim - 3, -1), *range(w.ndim - 2))
    if turned.shape != shape:
        turned = w.transpose(w.ndim - 2, w.ndim - 1, *range(w.ndim - 2)).reshape(shape)
    return turned.copy()


@each
def test_the_code_is_python(case: LayerCase) -> None:
    network = chain(case.shape, *case.layers)
    for write in (keras, pytorch):
        compile(write(network, TRAINING), "generated.py", "exec")


def test_a_penalty_on_the_filters_of_channels_is_in_the_code() -> None:
    config = {"kernel_size": 3, "depthwise_regularizer": "l2"}
    network = chain((5, 5, 2), ("DepthwiseConv2D", config))
    assert "weight.square().sum()" in pytorch(network, TRAINING)
    network = chain((5, 5, 2), ("SeparableConv2D", {"filters": 2, **config}))
    with pytest.raises(ChainruleError, match="depthwise_regularizer"):
        pytorch(network, TRAINING)


@pytest.mark.conformance
@each
def test_the_code_computes_what_we_do(case: LayerCase, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = chain(case.shape, *case.layers)
    (x,) = batch(case).values()
    expected, weights = ours(case, network, x)
    path = tmp_path / "generated.py"
    text = pytorch(network, TRAINING)
    # Without a parameter there is nothing to optimize, and only the model is wanted.
    path.write_text(text.split("optimizer =")[0], encoding="utf-8")
    model = runpy.run_path(str(path))["model"]
    model.eval()
    parameters = list(model.named_parameters())
    assert len(parameters) == len(weights)
    for (name, parameter), w in zip(parameters, weights, strict=True):
        turned = channels_first(w, tuple(parameter.shape), embedding="embedding" in name)
        parameter.data[...] = torch.tensor(turned)
    found = model(torch.tensor(x)).detach().numpy()
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)
