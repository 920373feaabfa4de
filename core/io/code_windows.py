"""Convolution, pooling, padding, cropping and enlarging in PyTorch code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.io.code_common import call
from core.layers.base import Shape
from core.layers.registry import make
from core.layers.settings import both_sides
from core.layers.transposed import Conv2DTranspose
from core.layers.windows import reach, same_padding

Pads = list[tuple[int, int]]


@dataclass
class Windows:
    """A layer in PyTorch.

    Attributes
    ----------
    text, note
        Its output before the activation, and a remark.
    owns
        Modules: what is appended to the layer's name, and the text that makes it.
    starts
        (what is appended to the name, initializer) of each parameter.
    """

    text: str
    note: str = ""
    owns: list[tuple[str, str]] = field(default_factory=list)
    starts: list[tuple[str, Any]] = field(default_factory=list)


def torch_windows(
    kind: str, config: dict[str, Any], shape: Shape, x: str, own: str, mask: str | None
) -> Windows | None:
    """The code of a layer that slides windows over images or sequences, or changes their frame; None for others.

    Parameters
    ----------
    kind, config
        Of the layer, all settings given.
    shape
        Of its input, channels last.
    x
        The variable that holds the input: images with channels first, sequences as they are.
    own
        What the layer's module is called (``"self.conv2d_1"``).
    mask
        The variable that says which steps count, or None.
    """
    if kind in ("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D"):
        return _convolution(kind, config, shape, x, own)
    if kind == "Conv2DTranspose":
        return _transposed(config, shape, x, own)
    if kind.startswith("Global"):
        return _whole(kind, config, x, mask)
    if kind.endswith(("Pooling1D", "Pooling2D")):
        return _pooling(kind, config, shape, x)
    if kind in ("ZeroPadding1D", "ZeroPadding2D"):
        rows = both_sides(config["padding"]) if kind == "ZeroPadding2D" else (config["padding"],)
        return Windows(_padded(x, [(a, b) for a, b in rows]))
    if kind == "Cropping1D":
        before, after = config["cropping"]
        return Windows(f"{x}[:, {before}:{shape[0] - after}]")
    if kind == "Cropping2D":
        (top, bottom), (left, right) = both_sides(config["cropping"])
        return Windows(f"{x}[:, :, {top}:{shape[0] - bottom}, {left}:{shape[1] - right}]")
    if kind == "UpSampling1D":
        return Windows(f"{x}.repeat_interleave({config['size']}, dim=1)")
    if kind == "UpSampling2D":
        mode = config["interpolation"]
        corners = ", align_corners=False" if mode == "bilinear" else ""
        size = tuple(config["size"])
        return Windows(f'F.interpolate({x}, scale_factor={size}, mode="{mode}"{corners})')
    return None


def _axes(value: Any) -> list[int]:
    return list(value) if isinstance(value, list) else [value]


def _padded(x: str, pads: Pads, value: str = "") -> str:
    """Of an image (two axes) or a sequence (one, before its features). F.pad counts from the last axis."""
    amounts = (*pads[1], *pads[0]) if len(pads) == 2 else (0, 0, *pads[0])
    return f"F.pad({x}, {amounts!r}{', value=' + value if value else ''})"


def _one_or_all(values: list[int]) -> Any:
    return values[0] if len(set(values)) == 1 else tuple(values)


def _turned(function: str, x: str, time: bool) -> str:
    """A function of channels first, applied to a sequence as it is: steps before features."""
    return f"{function}({x}.transpose(1, 2)).transpose(1, 2)" if time else f"{function}({x})"


def _convolution(kind: str, config: dict[str, Any], shape: Shape, x: str, own: str) -> Windows:
    kernel, strides, rates = (_axes(config[k]) for k in ("kernel_size", "strides", "dilation_rate"))
    time, channels = kind == "Conv1D", shape[-1]
    pads = [
        same_padding(n, reach(k, d), s, config["padding"])
        for n, k, s, d in zip(shape, kernel, strides, rates, strict=False)
    ]
    even = all(before == after for before, after in pads)
    named: dict[str, Any] = {}
    if set(strides) != {1}:
        named["stride"] = _one_or_all(strides)
    if even and any(before for before, _ in pads):
        named["padding"] = _one_or_all([before for before, _ in pads])
    if set(rates) != {1}:
        named["dilation"] = _one_or_all(rates)
    alone = kind in ("DepthwiseConv2D", "SeparableConv2D")
    groups = channels if alone else config["groups"]
    if groups != 1:
        named["groups"] = groups
    many = config.get("depth_multiplier", 1)
    filters = channels * many if alone else config["filters"]
    bias = {} if config["use_bias"] else {"bias": False}
    source = x if even else _padded(x, pads)
    module = "nn.Conv1d" if time else "nn.Conv2d"
    size = kernel[0] if time else _one_or_all(kernel)
    if kind != "SeparableConv2D":
        made = call(module, [channels, filters, size], {**named, **bias})
        start = config["depthwise_initializer" if alone else "kernel_initializer"]
        weight = _fans(channels, many, kernel) if alone else ".weight"
        starts = [(weight, start)]
        if config["use_bias"]:
            starts.append((".bias", config["bias_initializer"]))
        return Windows(_turned(own, source, time), owns=[("", made)], starts=starts)
    first = call(module, [channels, filters, size], {**named, "bias": False})
    second = call(module, [filters, config["filters"], 1], bias)
    starts = [
        ("_depthwise" + _fans(channels, many, kernel), config["depthwise_initializer"]),
        ("_pointwise.weight", config["pointwise_initializer"]),
    ]
    if config["use_bias"]:
        starts.append(("_pointwise.bias", config["bias_initializer"]))
    text = f"{own}_pointwise({own}_depthwise({source}))"
    return Windows(text, owns=[("_depthwise", first), ("_pointwise", second)], starts=starts)


def _fans(channels: int, many: int, kernel: list[int]) -> str:
    """The filters of each channel as Keras counts what goes into and out of them."""
    rows, columns = kernel
    return f".weight.data.view({channels}, {many}, {rows}, {columns}).transpose(0, 1)"


def _transposed(config: dict[str, Any], shape: Shape, x: str, own: str) -> Windows:
    layer = make("Conv2DTranspose", config)
    assert isinstance(layer, Conv2DTranspose)
    off, more, cut = [], [], []
    for axis in (0, 1):
        # PyTorch cuts the same off both ends and adds rows (always fewer than the stride) at the end.
        before, after = (layer.reach(axis) - 1 - zeros for zeros in layer.around(axis))
        off.append(before)
        more.append(max(before - after, 0))
        cut.append(max(after - before, 0))
    named: dict[str, Any] = {}
    for name, values, plain in (
        ("stride", config["strides"], 1), ("padding", off, 0), ("output_padding", more, 0),
        ("dilation", config["dilation_rate"], 1),
    ):  # fmt: skip
        if set(values) != {plain}:
            named[name] = _one_or_all(values)
    if not config["use_bias"]:
        named["bias"] = False
    made = call(
        "nn.ConvTranspose2d",
        [shape[-1], config["filters"], _one_or_all(config["kernel_size"])],
        named,
    )
    starts = [(".weight", config["kernel_initializer"])]
    if config["use_bias"]:
        starts.append((".bias", config["bias_initializer"]))
    text, note = f"{own}({x})", ""
    if any(cut):
        text, note = (
            f"F.pad({text}, (0, {-cut[1]}, 0, {-cut[0]}))",
            "Keras cuts more off at the end",
        )
    return Windows(text, note, [("", made)], starts)


def _pooling(kind: str, config: dict[str, Any], shape: Shape, x: str) -> Windows:
    time, largest = kind.endswith("1D"), kind.startswith("Max")
    pool = _axes(config["pool_size"])
    strides = _axes(config["strides"] or pool)
    pads = [
        same_padding(n, k, s, config["padding"])
        for n, k, s in zip(shape, pool, strides, strict=False)
    ]
    function = f"F.{'max' if largest else 'avg'}_pool{1 if time else 2}d"
    more = f", {_one_or_all(pool)!r}"
    more += "" if strides == pool else f", stride={_one_or_all(strides)!r}"

    def pooled(text: str) -> str:
        turned = f"{text}.transpose(1, 2)" if time else text
        return f"{function}({turned}{more})" + (".transpose(1, 2)" if time else "")

    if not any(map(any, pads)):
        return Windows(pooled(x))
    if largest:
        return Windows(pooled(_padded(x, pads, 'float("-inf")')))
    inside = pooled(_padded(f"torch.ones_like({x})", pads))
    return Windows(f"{pooled(_padded(x, pads))} / {inside}", "the mean of what lies inside")


def _whole(kind: str, config: dict[str, Any], x: str, mask: str | None) -> Windows:
    time = kind.endswith("1D")
    axes = "1" if time else "(2, 3)"
    keep = ", keepdim=True" if config["keepdims"] else ""
    if "Max" in kind:
        return Windows(f"{x}.amax({axes}{keep})")
    if time and mask is not None:
        counts = f"{mask}.unsqueeze(-1)"
        return Windows(f"({x} * {counts}).sum(1{keep}) / {counts}.sum(1{keep})", "of what counts")
    return Windows(f"{x}.mean({axes}{keep})")
