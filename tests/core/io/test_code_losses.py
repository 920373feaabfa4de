"""Generated code trains with the loss of the document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import losses, metrics
from core.errors import ChainruleError
from core.io.code_keras import keras
from core.io.code_losses import TorchLoss, keras_loss
from core.io.code_pytorch import pytorch
from core.losses import Loss
from core.spec import Training
from tests.core.io.written import run_written
from tests.core.networks import chain
from tests.core.subjects import loss_variants, targets_for

VARIANTS = [(name, loss) for name, loss in loss_variants() if loss.ignore_class is None]
NETWORK = chain((3,), ("Dense", {"units": 2}))


def test_keras_code_names_the_loss_or_makes_it() -> None:
    assert keras_loss(Training(loss="log_cosh")) == ("", "'log_cosh'")
    document = losses.Huber(0.5, reduction="sum").to_document()
    given = keras_loss(Training(loss=document))
    assert given == ("", "keras.losses.Huber(delta=0.5, reduction='sum')")
    text = keras(NETWORK, Training(loss="half_squared_error", class_weight={0: 1.0, 1: 2.5}))
    assert "loss=HalfSquaredError(reduction='sum')," in text
    assert "class HalfSquaredError(keras.losses.Loss):" in text
    assert "class_weight={0: 1.0, 1: 2.5}" in text


def test_keras_code_makes_metrics_with_their_arguments() -> None:
    given = metrics.documents([metrics.AUC(curve="PR"), "mae", metrics.ConfusionMatrix()])
    text = keras(NETWORK, Training(metrics=given, weighted_metrics=("mse",)))
    assert "metrics=[keras.metrics.AUC(curve='PR'), 'mae'],\n" in text
    assert "weighted_metrics=['mse'],\n" in text
    # Keras takes labels for none of those that count answers class by class.
    labels = Training(loss="sparse_categorical_crossentropy", metrics=("acc", "auc"))
    assert "    metrics=['acc'],\n" in keras(NETWORK, labels)


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("shape", "weights"),
    [((3,), None), ((4, 3), None), ((3,), {1: 2.5})],
    ids=["list", "sequence", "weighted"],
)
@pytest.mark.parametrize(("name", "loss"), VARIANTS, ids=[name for name, _ in VARIANTS])
def test_pytorch_code_computes_the_loss(
    name: str, loss: Loss, shape: tuple[int, ...], weights: Any
) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    training = Training(loss=loss.to_document(), class_weight=weights)
    activation = "" if loss.from_logits else loss.suits
    made = TorchLoss(training, activation, shape)
    z = rng.normal(size=(5, *shape))
    functions = {"sigmoid": torch.sigmoid, "softmax": lambda v: torch.softmax(v, -1)}
    p = functions.get(activation, lambda v: v)(torch.tensor(z))
    y = targets_for(loss, 5, shape, rng)
    labels = y.reshape(len(y), -1)[:, 0] if loss.sparse else y.argmax(-1).reshape(len(y), -1)[:, 0]
    sample_weight = np.where(labels == 1, 2.5, 1.0) if weights else None
    if loss.sparse:
        given = torch.tensor(y.reshape(5, *shape[:-1])).long()
    else:
        given = torch.tensor(np.asarray(y, np.float64))
    text = "\n".join([*made.before, f"loss = {made.expression}"])
    y_pred = torch.tensor(z) if made.left_out else p
    found = run_written(text, torch=torch, F=torch.nn.functional, y_pred=y_pred, y=given)
    assert float(found["loss"]) == pytest.approx(loss(y, p.numpy(), sample_weight), rel=1e-6)


def test_what_pytorch_code_cannot_say_is_refused() -> None:
    ignoring = losses.SparseCategoricalCrossentropy(ignore_class=0).to_document()
    with pytest.raises(ChainruleError, match="ignored"):
        pytorch(NETWORK, Training(loss=ignoring, metrics=()))
    masked = chain(
        (4,),
        ("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}),
        ("LSTM", {"units": 2, "return_sequences": True}),
    )
    with pytest.raises(ChainruleError, match="mask"):
        pytorch(masked, Training(loss="mean_squared_error", metrics=()))
