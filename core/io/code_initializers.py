"""How generated code names initializers and regularizers."""

from __future__ import annotations

from typing import Any

from core import initializers, regularizers
from core.errors import ChainruleError
from core.objects import Configured


class Source(str):
    """Text that stands in code as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def keras_value(value: Any, kind: str) -> Any:
    """A setting's value in Keras code: names stay names, documents become ``keras.initializers.Constant(...)``."""
    if kind not in ("initializer", "regularizer"):
        return value
    # Keras does not find "constant" by its name alone.
    if not isinstance(value, dict) and value != "constant":
        return value
    found: Any = (initializers if kind == "initializer" else regularizers).get(value)
    return Source(f"keras.{kind}s.{_construction(found)}")


def _construction(found: Configured) -> str:
    values = found.changed()
    return f"{type(found).__name__}({', '.join(f'{name}={v!r}' for name, v in values.items())})"


def torch_penalties(name: str, kind: str, attribute: str, config: dict[str, Any]) -> list[str]:
    """What a layer's regularizers add to the loss, in PyTorch.

    Parameters
    ----------
    name, kind
        Of the layer.
    attribute
        Where the model keeps it (``"dense_1"``).
    config
        Its settings.

    Raises
    ------
    core.errors.ChainruleError
        A regularizer is not on a weight that PyTorch keeps as one.
    """
    found = []
    for setting, value in config.items():
        if not setting.endswith("_regularizer") or value is None:
            continue
        parameter = _TORCH_WEIGHTS.get(setting)
        if parameter is None or kind not in _TORCH_OWN:
            raise ChainruleError(f"The {setting} of {name} has no counterpart in the PyTorch code.")
        penalty, w = regularizers.get(value), f"model.{attribute}.{parameter}"
        assert penalty is not None
        if penalty.l1:
            found.append(f"{penalty.l1!r} * {w}.abs().sum()")
        if penalty.l2:
            found.append(f"{penalty.l2!r} * {w}.square().sum()")
    return found


_TORCH_WEIGHTS = {
    "kernel_regularizer": "weight",
    "depthwise_regularizer": "weight",
    "bias_regularizer": "bias",
    "embeddings_regularizer": "weight",
}
#: Layers that PyTorch has as one module with a weight and a bias.
_TORCH_OWN = ("Dense", "Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "Embedding")

#: PyTorch's statements by Keras's name. Its LeCun is a Kaiming start for a linear layer.
_TORCH = {
    "GlorotUniform": "nn.init.xavier_uniform_({})",
    "GlorotNormal": "nn.init.xavier_normal_({})",
    "HeUniform": 'nn.init.kaiming_uniform_({}, nonlinearity="relu")',
    "HeNormal": 'nn.init.kaiming_normal_({}, nonlinearity="relu")',
    "LecunUniform": 'nn.init.kaiming_uniform_({}, nonlinearity="linear")',
    "LecunNormal": 'nn.init.kaiming_normal_({}, nonlinearity="linear")',
    "Zeros": "nn.init.zeros_({})",
    "Ones": "nn.init.ones_({})",
}
_CUT = ("GlorotNormal", "HeNormal", "LecunNormal")


def torch_start(name: str, initializer: Any, turned: bool | None = None) -> str:
    """The statement that starts a PyTorch parameter as Keras would.

    Parameters
    ----------
    name, initializer
        Of the parameter.
    turned
        Whether PyTorch keeps this matrix transposed, for numbers given one by one; None where it has other axes.

    Raises
    ------
    core.errors.ChainruleError
        PyTorch has no such start.
    """
    found = initializers.get(initializer)
    kind, config = type(found).__name__, found.get_config()
    if kind in _TORCH:
        note = "  # Keras cuts the tails off" if kind in _CUT else ""
        return _TORCH[kind].format(name) + note
    if kind == "Constant" and isinstance(config["value"], list):
        if turned is None:
            raise ChainruleError(
                f"{name} starts from numbers given one by one, in Keras's order of axes, which is not PyTorch's here."
            )
        return f"{name}.data.copy_(torch.tensor({config['value']!r}){'.T' if turned else ''})"
    if kind == "Constant":
        return f"nn.init.constant_({name}, {config['value']!r})"
    if kind == "RandomNormal":
        mean = "" if config["mean"] == 0 else f"mean={config['mean']!r}, "
        return f"nn.init.normal_({name}, {mean}std={config['stddev']!r})"
    if kind == "RandomUniform":
        return f"nn.init.uniform_({name}, {config['minval']!r}, {config['maxval']!r})"
    if kind == "TruncatedNormal":
        mean, deviation = config["mean"], config["stddev"]
        low, high = mean - 2 * deviation, mean + 2 * deviation
        return f"nn.init.trunc_normal_({name}, {mean!r}, {deviation!r}, {low!r}, {high!r})"
    if kind == "Orthogonal":
        gain = "" if config["gain"] == 1 else f", gain={config['gain']!r}"
        return f"nn.init.orthogonal_({name}{gain})"
    if kind == "Identity":
        gain = "" if config["gain"] == 1 else f".data.mul_({config['gain']!r})"
        return f"nn.init.eye_({name}){gain}"
    raise ChainruleError(f"The initializer {kind} has no counterpart in the PyTorch code.")
