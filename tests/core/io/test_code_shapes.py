"""Generated code of layers that reshape, join and normalise: it compiles everywhere, and agrees where it can run."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ChainruleError
from core.io.code_common import variables
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Network, Training
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden import our_side
from tests.core.golden.layers.case import LayerCase, batch, weight_values
from tests.core.golden.layers.shapes import LAYERS
from tests.core.networks import chain

TRAINING = Training(loss="mean_squared_error", metrics=())
#: What is refused, and why.
REFUSED = (
    "masked Multiply", "Multiply, one", "masked Maximum", "Maximum, one", "masked Minimum", "Minimum, one", "in time",
    "unmasked steps", "masked steps", "normalization without shift", "normalization without scale", "output carries",
)  # fmt: skip


def kinds(case: LayerCase) -> set[str]:
    return {call.kind for call in case.graph()[2]}


def written(case: LayerCase) -> bool:
    return not any(words in case.name for words in REFUSED)


WRITTEN = [case for case in LAYERS if written(case)]
#: Recurrent layers and embeddings are compared by their own tests.
RUN = [case for case in WRITTEN if not kinds(case) & {"LSTM", "Embedding"}]
each = pytest.mark.parametrize("case", RUN, ids=[case.name for case in RUN])


def pytorch_or_refusal(network: Network) -> str | ChainruleError:
    try:
        return pytorch(network, TRAINING)
    except ChainruleError as error:
        return error


@pytest.mark.parametrize("case", LAYERS, ids=[case.name for case in LAYERS])
def test_the_code_is_python(case: LayerCase) -> None:
    network = our_side.network_of(case)
    compile(keras(network, TRAINING), "generated.py", "exec")
    found = pytorch_or_refusal(network)
    if isinstance(found, str):
        compile(found, "generated.py", "exec")
    else:
        assert str(found).endswith(".")
        assert "mask" in str(found) or not written(case)


def test_a_mask_that_pytorch_would_forget_is_refused() -> None:
    embed = ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True})
    network = chain((3,), embed, ("BatchNormalization", {}), ("LSTM", {"units": 2}))
    with pytest.raises(ChainruleError, match="masked steps"):
        pytorch(network, TRAINING)
    network = chain((3,), embed, ("LayerNormalization", {}), ("LSTM", {"units": 2}))
    assert "pack_padded_sequence" in pytorch(network, TRAINING) or "_mask" in pytorch(
        network, TRAINING
    )


def ours(case: LayerCase, network: Network) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    program = Program(compile_network(network, "predict"), case.rows)
    weights = {}
    for slot in program.tape.weights:
        name = slot.tensor.name
        weights[name] = weight_values(case.name, name, slot.tensor.shape)
    program.set_weights(weights)
    program.feed(list(batch(case).values()))
    program.run()
    return [program.tensor(t.name).copy() for t in program.tape.outputs.values()], weights


def generated(text: str, path: Path) -> Any:
    path.write_text(text, encoding="utf-8")
    return runpy.run_path(str(path))["model"]


ROLES = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
         "moving_variance": "running_var"}  # fmt: skip


@pytest.mark.conformance
@each
def test_the_pytorch_code_computes_what_we_do(case: LayerCase, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = our_side.network_of(case)
    expected, weights = ours(case, network)
    # Without a parameter there is nothing to optimize, and only the model is wanted.
    model = generated(pytorch(network, TRAINING).split("optimizer =")[0], tmp_path / "generated.py")
    model.eval()
    names = variables([layer.id for layer in network.layers], ("forward", "predict"))
    state = {k: v for k, v in model.state_dict().items() if "num_batches" not in k}
    assert len(state) == len(weights)
    for name, value in weights.items():
        layer, role = name.rsplit("/", 1)
        place = state[f"{names[layer]}.{ROLES.get(role, role)}"]
        turned = value.T if role == "kernel" else value.reshape(tuple(place.shape))
        place[...] = torch.tensor(turned)
    found = model.predict(*(torch.tensor(x) for x in batch(case).values()))
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    for mine, theirs in zip(expected, found, strict=True):
        assert np.abs(theirs.detach().numpy() - mine).max() <= 1e-5 * max(1.0, np.abs(mine).max())


@pytest.mark.conformance
@each
def test_the_keras_code_computes_what_we_do(case: LayerCase, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    network = our_side.network_of(case)
    expected, weights = ours(case, network)
    text = keras(network, TRAINING).split("model.compile")[0]
    model = generated(text, tmp_path / "generated.py")
    names = [f"{layer}/{role}" for layer, role in (name.rsplit("/", 1) for name in weights)]
    model.set_weights([weights[name] for name in names])
    given = list(batch(case).values())
    found = model.predict(given if len(given) > 1 else given[0], verbose=0)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    for mine, theirs in zip(expected, found, strict=True):
        assert np.abs(theirs - mine).max() <= 1e-5 * max(1.0, np.abs(mine).max())
