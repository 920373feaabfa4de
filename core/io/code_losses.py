"""Losses in generated code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import losses
from core.errors import ChainruleError

if TYPE_CHECKING:
    from core.spec import Network, Training

# ---- Keras ---------------------------------------------------------------------------------------------------------

#: Losses that Keras does not have, as classes of its own.
_OWN = {
    "half_squared_error": (
        "class HalfSquaredError(keras.losses.Loss):\n"
        "    def call(self, y_true, y_pred):\n"
        "        return 0.5 * keras.ops.sum(keras.ops.square(y_true - y_pred), axis=-1)\n"
    ),
}


def keras_loss(training: Training) -> tuple[str, str]:
    """(a class the program needs first or "", the loss as an argument of ``compile``)."""
    loss = losses.get(training.loss)
    if loss.name in _OWN:
        return _OWN[loss.name], f"HalfSquaredError(reduction={loss.reduction!r})"
    changed = loss.changed()
    if not changed:
        return "", repr(loss.name)
    given = ", ".join(f"{key}={value!r}" for key, value in changed.items())
    return "", f"keras.losses.{type(loss).__name__}({given})"


# ---- PyTorch -------------------------------------------------------------------------------------------------------

#: One number for each list along the last axis.
_ROWS = {
    "mean_squared_error": "((y_pred - y) ** 2).mean(-1)",
    "half_squared_error": "0.5 * ((y_pred - y) ** 2).sum(-1)",
    "mean_absolute_error": "(y_pred - y).abs().mean(-1)",
    "mean_absolute_percentage_error": "100 * ((y_pred - y) / y.abs().clamp(min=1e-7)).abs().mean(-1)",
    "mean_squared_logarithmic_error": (
        "((y_pred.clamp(min=1e-7).log1p() - y.clamp(min=1e-7).log1p()) ** 2).mean(-1)"
    ),
    "huber": 'F.huber_loss(y_pred, y, reduction="none", delta={delta!r}).mean(-1)',
    "log_cosh": "(y_pred - y + F.softplus(-2 * (y_pred - y)) - math.log(2)).mean(-1)",
    "cosine_similarity": "-F.cosine_similarity(y_pred, y, dim=-1)",
    "poisson": "(y_pred - y * torch.log(y_pred + 1e-7)).mean(-1)",
    "binary_crossentropy": 'F.binary_cross_entropy(y_pred, {y}, reduction="none").mean(-1)',
    "categorical_crossentropy": (
        "-({y} * torch.log((y_pred / y_pred.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7))).sum(-1)"
    ),
    "sparse_categorical_crossentropy": (
        "-torch.log((y_pred / y_pred.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7))"
        ".gather(-1, y.unsqueeze(-1)).squeeze(-1)"
    ),
    "kl_divergence": (
        "(y.clamp(1e-7, 1) * torch.log(y.clamp(1e-7, 1) / y_pred.clamp(1e-7, 1))).sum(-1)"
    ),
    "hinge": "F.relu(1 - {y} * y_pred).mean(-1)",
    "squared_hinge": "(F.relu(1 - {y} * y_pred) ** 2).mean(-1)",
    "categorical_hinge": "F.relu(((1 - y) * y_pred).amax(-1) - (y * y_pred).sum(-1) + 1)",
}
#: The same of logits: a network leaves its last activation to them, which is more exact.
_OF_LOGITS = {
    "binary_crossentropy": (
        'F.binary_cross_entropy_with_logits(y_pred, {y}, reduction="none").mean(-1)'
    ),
    "categorical_crossentropy": "-({y} * F.log_softmax(y_pred, -1)).sum(-1)",
    "sparse_categorical_crossentropy": (
        "-F.log_softmax(y_pred, -1).gather(-1, y.unsqueeze(-1)).squeeze(-1)"
    ),
}
#: Shorter forms of means over lists.
_MEANS = {
    "mean_squared_error": "F.mse_loss(y_pred, y)",
    "mean_absolute_error": "F.l1_loss(y_pred, y)",
    "huber": "F.huber_loss(y_pred, y, delta={delta!r})",
    "binary_crossentropy": "F.binary_cross_entropy(y_pred, {y})",
}
_MEANS_OF_LOGITS = {
    "binary_crossentropy": "F.binary_cross_entropy_with_logits(y_pred, {y})",
    "categorical_crossentropy": "F.cross_entropy(y_pred, {y})",
    "sparse_categorical_crossentropy": "F.cross_entropy(y_pred, y)",
}


def output_is_masked(network: Network) -> bool:
    """True if some time steps of the output do not count in the loss."""
    if not any(layer.config.get("mask_zero") for layer in network.layers):
        return False
    from core.tape.compiler import compile_network

    tape = compile_network(network, "explain", loss=losses.get("mean_squared_error"), metrics=())
    return any(ins.op == "loss_share" for ins in tape.instructions)


class TorchLoss:
    """A loss in PyTorch.

    Parameters
    ----------
    training
        The settings.
    activation
        Of the last layer.
    shape
        Of the output, or None if there are several.

    Attributes
    ----------
    left_out
        The activation that the network leaves to the loss, or "".
    expression
        Over ``y_pred`` and ``y``: a number.
    before
        Lines that the program needs first.
    target
        What ``y`` is.
    """

    def __init__(self, training: Training, activation: str, shape: tuple[int, ...] | None) -> None:
        self._loss = loss = losses.get(training.loss)
        if loss.ignore_class is not None:
            raise ChainruleError(
                "A class that is ignored has no counterpart in the PyTorch code yet."
            )
        if loss.reduction is None:
            raise ChainruleError(f"{loss.name} with reduction None does not give one number.")
        self.left_out = ""
        of_logits = loss.from_logits
        if not of_logits and shape is not None and loss.link == activation and activation:
            self.left_out, of_logits = activation, True
        self.before: list[str] = []
        if loss.name == "log_cosh":
            self.before.append("import math")
        weights = training.class_weight
        short = (_MEANS_OF_LOGITS if of_logits else _MEANS).get(loss.name)
        listed = shape is not None and len(shape) == 1
        if short and loss.mean and not weights and (listed or "cross_entropy(y_pred" not in short):
            self.expression = self._filled(short, shape)
        else:
            rows = self._filled((_OF_LOGITS if of_logits else _ROWS)[loss.name], shape)
            if weights:
                rows = f"class_weight[{self._label(shape)}] * ({rows})"
                count = max((*weights, *(range(shape[-1]) if shape else ()))) + 1
                values = [float(weights.get(k, 1.0)) for k in range(count)]
                self.before.append(f"class_weight = torch.tensor({values!r})")
            self.expression = f"({rows}).{'mean' if loss.mean else 'sum'}()"
        self.target = "class numbers, int64" if loss.sparse else "float32"

    def _filled(self, text: str, shape: tuple[int, ...] | None) -> str:
        y = "y"
        if self._loss.label_smoothing:
            scale, shift = self._loss.smoothing(shape[-1] if shape else 1)
            y = f"({scale!r} * y + {shift!r})"
        elif self._loss.signed:
            # As Keras: targets of 0 and 1 are meant as -1 and 1.
            y = "(2 * y - 1 if ((y == 0) | (y == 1)).all() else y)"
        return text.replace("{y}", y).replace("{delta!r}", repr(self._loss.config.get("delta")))

    def _label(self, shape: tuple[int, ...] | None) -> str:
        if self._loss.sparse:
            return "y"
        return "y.argmax(-1)" if shape and shape[-1] > 1 else "y[..., 0].round().long()"
