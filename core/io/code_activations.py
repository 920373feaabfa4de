"""Activations, dropout and noise in generated code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.io.code_initializers import Source
from core.layers.base import Shape
from core.layers.integers import axes_of

# ---- Keras ----------------------------------------------------------------------------------------------------------

_KERAS = {"arctan": Source("keras.ops.arctan"), "binary_step": Source("binary_step")}
KERAS_STEP = '''
@keras.ops.custom_gradient
def binary_step(x):
    """1 from 0 upwards, 0 below; the perceptron rule takes the place of its gradient."""

    def perceptron_rule(*args, upstream=None):
        return args[0] if upstream is None else upstream

    return keras.ops.cast(x >= 0, x.dtype), perceptron_rule
'''.strip().split("\n")


def keras_activation(value: Any) -> Any:
    """An activation's name, or what stands for one that Keras has no name for."""
    return _KERAS.get(value, value)


# ---- PyTorch --------------------------------------------------------------------------------------------------------

#: With the value in the place of x and the axis of the channels in that of d.
_TORCH = {
    # The slope of the last two terms together is 1: the perceptron rule.
    "binary_step": "({x} >= 0).float() + ({x} - {x}.detach())",
    "sigmoid": "torch.sigmoid({x})",
    "hard_sigmoid": "F.hardsigmoid({x})",
    "tanh": "torch.tanh({x})",
    "arctan": "torch.atan({x})",
    "relu": "F.relu({x})",
    "relu6": "F.relu6({x})",
    "leaky_relu": "F.leaky_relu({x}, 0.2)",
    "elu": "F.elu({x})",
    "selu": "F.selu({x})",
    "gelu": "F.gelu({x})",
    "silu": "F.silu({x})",
    "softplus": "F.softplus({x})",
    "softsign": "F.softsign({x})",
    "exponential": "torch.exp({x})",
    "softmax": "torch.softmax({x}, {d})",
    "log_softmax": "torch.log_softmax({x}, {d})",
}


def torch_activation(name: str, x: str, rank: int) -> str:
    """An activation of the variable `x`; images (three axes without the batch) have their channels first."""
    return _TORCH[name].format(x=x, d=1 if rank == 3 else -1)


@dataclass(frozen=True)
class Written:
    """A layer in PyTorch: its output, a note to it, and the parameter it owns with how that starts."""

    text: str
    note: str = ""
    owns: str = ""
    start: Any = None


def torch_layer(
    kind: str, config: dict[str, Any], shape: Shape, sources: list[str], own: str
) -> Written | None:
    """The code of an activation layer, of dropout or of noise; None for other kinds.

    Parameters
    ----------
    kind, config
        Of the layer, all settings given.
    shape
        Of its input, channels last.
    sources
        The variables that hold the inputs, images with channels first.
    own
        What its parameter is called.
    """
    x = sources[0] if sources else ""
    if kind == "ReLU":
        return Written(_relu(config, x))
    if kind == "LeakyReLU":
        return Written(f"F.leaky_relu({x}, {config['negative_slope']!r})")
    if kind == "ELU":
        return Written(f"F.elu({x}, {config['alpha']!r})")
    if kind == "PReLU":
        axes = axes_of(config["shared_axes"], len(shape)) or ()
        alpha = _first([1 if k in axes else n for k, n in enumerate(shape)])
        made = f"nn.Parameter(torch.empty({', '.join(map(str, alpha))}))"
        below = f"torch.where({x} > 0, {x}, {own} * {x})"
        return Written(below, owns=made, start=config["alpha_initializer"])
    if kind == "Softmax":
        axes = axes_of(config["axis"], len(shape)) or ()
        if len(sources) > 1:
            covered = f"{sources[1]} <= 0.5"
            hidden = _softmax(axes, len(shape), f"{x}.masked_fill({covered}, -1e9)")
            return Written(f"{hidden}.masked_fill({covered}, 0.0)")
        return Written(_softmax(axes, len(shape), x))
    training = "self.training"
    note = "" if config.get("seed") is None else "PyTorch's dropout has no seed of its own"
    if kind == "Dropout" and config["noise_shape"] is not None:
        given = config["noise_shape"]
        whole = [1] * (len(shape) + 1 - len(given)) + list(given)
        sizes = _first([m if n is None else n for n, m in zip(whole[1:], shape, strict=True)])
        rows = "1" if whole[0] == 1 else f"len({x})"
        ones = f"{x}.new_ones({', '.join([rows, *map(str, sizes)])})"
        return Written(f"{x} * F.dropout({ones}, {config['rate']!r}, {training})", note)
    if kind == "Dropout":
        return Written(f"F.dropout({x}, {config['rate']!r}, {training})", note)
    if kind == "SpatialDropout1D":
        turned = f"F.dropout1d({x}.transpose(1, 2), {config['rate']!r}, {training})"
        return Written(f"{turned}.transpose(1, 2)", note)
    if kind == "SpatialDropout2D":
        return Written(f"F.dropout2d({x}, {config['rate']!r}, {training})", note)
    if kind == "GaussianNoise":
        text = f"{x} + {config['stddev']!r} * torch.randn_like({x}) if {training} else {x}"
        return Written(text, note.replace("dropout", "noise"))
    return None


def _relu(config: dict[str, Any], x: str) -> str:
    top, slope, threshold = (config[k] for k in ("max_value", "negative_slope", "threshold"))
    if not threshold and top is None:
        return f"F.leaky_relu({x}, {slope!r})" if slope else f"F.relu({x})"
    above = x if top is None else f"{x}.clamp(max={top!r})"
    past = f"({x} - {threshold!r})" if threshold else x
    below = f"{slope!r} * {past}" if slope else f"torch.zeros_like({x})"
    return f"torch.where({x} > {threshold!r}, {above}, {below})"


def _softmax(axes: tuple[int, ...], rank: int, x: str) -> str:
    # The last of three axes, the channels, is the first here.
    places = [axis + 1 if rank != 3 else (axis + 1) % 3 + 1 for axis in axes]
    if len(places) == 1:
        return f"torch.softmax({x}, {places[0]})"
    return f"torch.exp({x} - torch.logsumexp({x}, {tuple(sorted(places))}, keepdim=True))"


def _first(sizes: list[int]) -> list[int]:
    """Sizes of an image with its channels first."""
    return [sizes[2], *sizes[:2]] if len(sizes) == 3 else sizes
