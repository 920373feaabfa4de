"""The two formulas of the inspector, with the layer's own numbers in them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from app import text
from app.text import tr
from core.layers import registry
from core.layers.windows import reach, same_padding
from core.spec import Layer, Row


@dataclass(frozen=True)
class Formula:
    """A rule, the same with numbers, and what the letters mean.

    Attributes
    ----------
    rule
        In letters.
    numbers
        Lines in which ``*`` surrounds numbers and ``**`` the result.
    legend
        Letter and word.
    """

    rule: str
    numbers: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()


def output_size(layer: Layer, row: Row) -> Formula | None:
    """Return how the layer's output size follows from its input."""
    if row.skipped or row.output_shape is None:
        return None
    given = row.input_shapes[0] if row.input_shapes else ()
    config = layer.config
    window = config.get("kernel_size") or config.get("pool_size")
    if window and layer.kind != "Conv2DTranspose":
        return _windows(given, row.output_shape, config)
    if layer.kind == "Flatten":
        factors = " · ".join(f"*{n}*" for n in given)
        return Formula(tr("height · width · channels"), (f"{factors} = **{row.output_shape[0]}**",))
    if layer.kind == "Dense":
        return Formula(tr("one number for each unit"), (f"**{config['units']}**",))
    if layer.kind == "InputLayer":
        return Formula(tr("one sample of the data"), (f"**{text.shape(row.output_shape)}**",))
    if tuple(given) == tuple(row.output_shape):
        return Formula(tr("the same as its input"), (f"**{text.shape(row.output_shape)}**",))
    return Formula(f"{text.shape(given)} → {text.shape(row.output_shape)}")


def _windows(given: tuple[int, ...], out: tuple[int, ...], config: dict[str, Any]) -> Formula:
    def axes(value: Any) -> list[int]:
        return list(value) if isinstance(value, list) else [value]

    window = axes(config.get("kernel_size") or config.get("pool_size"))
    strides = axes(config.get("strides") or window)
    rates = axes(config.get("dilation_rate") or [1] * len(window))
    padding = str(config.get("padding", "valid"))
    lines = []
    each = list(zip(given, [reach(k, d) for k, d in zip(window, rates)], strides, strict=False))
    for axis, (n, k, s) in enumerate(each[:1] if len(set(each)) == 1 else each):
        before, after = same_padding(n, k, s, padding)
        lines.append(f"⌊(*{n}* + *{before}* + *{after}* − *{k}*) / *{s}*⌋ + 1 = **{out[axis]}**")
    legend = (("n", tr("input")), ("p", tr("padding")), ("k", tr("kernel")), ("s", tr("stride")))
    return Formula("⌊(n + p₀ + p₁ − k) / s⌋ + 1", tuple(lines), legend)


def parameter_count(layer: Layer, row: Row) -> Formula | None:
    """Return how many numbers the layer learns, and why."""
    if row.skipped or row.output_shape is None:
        return None
    config = layer.config
    total = f"**{row.parameters:,}**"
    given = row.input_shapes[0] if row.input_shapes else ()
    bias = bool(config.get("use_bias", False))
    plus = " + *1*" if bias else ""
    letters = " + 1" if bias else ""
    if layer.kind == "Conv2D":
        k = config["kernel_size"]
        size = f"*{k[0]}*·*{k[1]}*·*{given[-1] // config.get('groups', 1)}*"
        rule = f"(k · k · {tr('channels')}{letters}) · {tr('filters')}"
        return Formula(rule, (f"({size}{plus}) · *{config['filters']}* = {total}",))
    if layer.kind == "Dense":
        rule = f"({tr('inputs')}{letters}) · {tr('units')}"
        return Formula(rule, (f"(*{given[-1]:,}*{plus}) · *{config['units']:,}* = {total}",))
    if not row.parameters:
        return Formula(tr("nothing to learn"), ("**0**",))
    weights = registry.make(layer.kind, config).weights([tuple(s) for s in row.input_shapes])
    names = " + ".join(weight.role for weight in weights)
    parts = " + ".join("*·*".join(f"*{n}*" for n in weight.shape) for weight in weights)
    if sum(prod(weight.shape) for weight in weights) != row.parameters or len(parts) > 60:
        return Formula(names, (total,))
    return Formula(names, (f"{parts.replace('**', '*')} = {total}",))


def html(line: str, strong: str) -> str:
    """Return a line with its numbers in the colour ``strong``, the result in bold."""
    pieces = []
    rest = line.replace("&", "&amp;").replace("<", "&lt;")
    while rest:
        before, mark, after = rest.partition("*")
        pieces.append(before)
        if not mark:
            break
        if after.startswith("*"):
            inside, _, rest = after[1:].partition("**")
            pieces.append(f'<span style="color:{strong};font-weight:600">{inside}</span>')
        else:
            inside, _, rest = after.partition("*")
            pieces.append(f'<span style="color:{strong}">{inside}</span>')
    return "".join(pieces)
