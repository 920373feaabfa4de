"""Convolution: the product, and both gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Product, Sum
from core.ops.base import Cell, Half, Instruction, Op, middle, ref, register
from core.ops.summing import everywhere, sum_of
from core.tape import symbols
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Kinds of `core.kernels.products`, repeated here because importing kernels imports Numba.
CONVOLUTION, CONVOLUTION_WEIGHT_GRAD = 3, 4


def taps(attributes: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int], int]:
    """(strides, dilation, groups) of a convolution."""
    return attributes["strides"], attributes.get("dilation", (1, 1)), attributes.get("groups", 1)


def reach(window: int, dilation: int) -> int:
    """Pixels from the first to the last tap of a filter, both counted."""
    return (window - 1) * dilation + 1


def places(
    cell: Cell, window: Shape, attributes: dict[str, Any], size: Shape
) -> list[tuple[int, int, int, int]]:
    """(i, j, u, v): taps of the filter that fall on pixel `cell` of the input, and at which place of the output."""
    (sh, sw), (dh, dw), _ = taps(attributes)
    found = [
        (i, j, (cell[1] - i * dh) // sh, (cell[2] - j * dw) // sw)
        for i in range(window[0])
        for j in range(window[1])
        if (cell[1] - i * dh) % sh == 0 and (cell[2] - j * dw) % sw == 0
    ]
    return [(i, j, u, v) for i, j, u, v in found if 0 <= u < size[0] and 0 <= v < size[1]]


@register
class Conv2D(Op):
    """``y[u, v, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, f]``: a weighted sum at every place.

    Attributes: `strides`, `dilation` (gaps between taps), `groups` (filters of group g see the channels of group g).
    """

    name = "conv2d"
    kernel = "products.products"
    operands = ("x", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (h, w, _), (kh, kw, _, f) = inputs["x"].shape, inputs["w"].shape
        (sh, sw), (dh, dw), _ = taps(attributes)
        return ((h - reach(kh, dh)) // sh + 1, (w - reach(kw, dw)) // sw + 1, f)

    def integers(self, ins: Instruction) -> list[int]:
        x, w, y = ins.inputs["x"], ins.inputs["w"], ins.output
        (kh, kw, _, f), (strides, dilation, groups) = w.shape, taps(ins.attributes)
        return [
            CONVOLUTION, *x.shape, x.at, x.row, kh, kw, f, w.at, *y.shape[:2], y.at, y.row, *strides, 0, *dilation,
            groups,
        ]  # fmt: skip

    def work(self, ins: Instruction, rows: int) -> int:
        kh, kw, c, _ = ins.inputs["w"].shape
        return rows * ins.output.size * kh * kw * c

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, w, out = ins.inputs["x"], ins.inputs["w"], {}
        strides, dilation, groups = taps(ins.attributes)
        if "w" in wanted:
            out["w"] = e.gradient("conv2d_weight_grad", ins, "w", x=x, dy=dy, strides=strides, dilation=dilation,
                                  groups=groups, output=w.shape)  # fmt: skip
        if "x" in wanted:
            self._input_gradient(e, ins, dy, out)
        return out

    def _input_gradient(
        self, e: Emitter, ins: Instruction, dy: Tensor, out: dict[str, Tensor]
    ) -> None:
        """``dx``: the error, spread out and convolved with the turned filters (Dumoulin and Visin 2016, chapter 4).

        Behind the layer's own padding the inside is computed at once: nobody asks for the gradient of the zeros
        around it. The frame of a layer of its own is shown with its gradient, and may be wider than a filter.
        """
        x, w = ins.inputs["x"], ins.inputs["w"]
        strides, (dh, dw), groups = taps(ins.attributes)
        kh, kw = reach(w.shape[0], dh), reach(w.shape[1], dw)
        top = left = 0
        padding = e.producer(x)
        if padding is not None and padding.op == "pad2d" and padding.layer == ins.layer:
            x = padding.inputs["x"]
            top, left = padding.attributes["before"]
        flipped = f"flip({symbols.letter_of(w.symbol)})"
        turned = e.gradient_value("turn_kernel", ins, "turned", flipped, w=w, groups=groups)
        size = (x.shape[0] + kh - 1, x.shape[1] + kw - 1, dy.last)
        before = (kh - 1 - top, kw - 1 - left)
        spread = e.gradient_value("spread2d", ins, "spread", "spread(δ)", x=dy, before=before,
                                  strides=strides, output=size)  # fmt: skip
        dx = e.gradient("conv2d", ins, "x", of=x, x=spread, w=turned, strides=(1, 1), dilation=(dh, dw),
                        groups=groups)  # fmt: skip
        if x is ins.inputs["x"]:
            out["x"] = dx
        elif x.requires_grad:
            e.contribute(x, dx, ins.output)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, w = ins.inputs["x"], ins.inputs["w"]
        (sh, sw), (dh, dw), groups = taps(ins.attributes)
        kh, kw, c_in, filters = w.shape
        row, u, v, f = cell
        first = f // (filters // groups) * c_in
        return Sum(
            tuple(
                Product((ref(x, (row, u * sh + i * dh, v * sw + j * dw, first + c)), ref(w, (i, j, c, f))))
                for i in range(kh)
                for j in range(kw)
                for c in range(c_in)
            )
        )  # fmt: skip

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        w, y, (_, _, groups) = ins.inputs["w"], ins.output, taps(ins.attributes)
        if operand == "w":
            rows = ins.attributes.get("rows", 1)
            return [
                (r, u, v, cell[3])
                for r in range(rows)
                for u in range(y.shape[0])
                for v in range(y.shape[1])
            ]
        own = w.shape[3] // groups
        first = cell[3] // w.shape[2] * own
        return [
            (cell[0], u, v, f)
            for _, _, u, v in places(cell, w.shape, ins.attributes, y.shape)
            for f in range(first, first + own)
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['w'].symbol}"


@register
class Conv2DWeightGrad(Op):
    """``dw[i, j, c, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dy[u, v, f]``.

    A filter's gradient is a correlation of its input with its error.
    """

    name = "conv2d_weight_grad"
    kernel = "products.products"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, dw = ins.inputs["x"], ins.inputs["dy"], ins.output
        (kh, kw, _, f), (strides, dilation, groups) = dw.shape, taps(ins.attributes)
        return [
            CONVOLUTION_WEIGHT_GRAD, *x.shape, x.at, x.row, kh, kw, f, dw.at, *dy.shape[:2], dy.at, dy.row,
            *strides, f, *dilation, groups, kw * dw.shape[2],
        ]  # fmt: skip

    def work(self, ins: Instruction, rows: int) -> int:
        (kh, kw, c, _), dy = ins.output.shape, ins.inputs["dy"]
        return rows * dy.size * kh * kw * c

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        (_, kw, c, f), (_, (_, across), groups) = ins.output.shape, taps(ins.attributes)
        rows, whole = kw * c, {"y": (0, ins.output.size)}
        if across != 1 or groups != 1 or (rows < 8 and f < 32):
            return None
        one, two = self.integers(ins), self.integers(ins)
        if rows >= 8:
            cut = one[20] = middle(rows)
            two[4], two[9], two[20] = two[4] + cut, two[9] + cut * f, rows - cut
        else:
            # Of so few channels rather some filters: eight rows or more are computed at once.
            cut = one[16] = middle(f)
            two[12], two[9], two[16] = two[12] + cut, two[9] + cut, f - cut
        return Half(one, whole), Half(two, whole)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ins.inputs["x"], ins.inputs["dy"]
        (sh, sw), (dh, dw), groups = taps(ins.attributes)
        i, j, c, f = cell
        channel = f // (dy.last // groups) * ins.output.shape[2] + c
        r, u, v = everywhere(ins.attributes.get("rows", 1), *dy.shape[:2])
        return sum_of((x, (r, u * sh + i * dh, v * sw + j * dw, channel)), (dy, (r, u, v, f)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        (kh, kw, channels, filters), dy = ins.output.shape, ins.inputs["dy"]
        if operand == "dy":
            return [
                (i, j, c, cell[3]) for i in range(kh) for j in range(kw) for c in range(channels)
            ]
        own = filters // taps(ins.attributes)[2]
        g, c = divmod(cell[3], channels)
        return [
            (i, j, c, f)
            for i, j, _, _ in places(cell, ins.output.shape, ins.attributes, dy.shape)
            for f in range(g * own, (g + 1) * own)
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['dy'].symbol}"


@register
class TurnKernel(Op):
    """Every filter rotated by half a turn, channels in and out exchanged (within each group).

    What the error is convolved with on its way back. Turning twice gives the filter again.
    """

    name = "turn_kernel"
    kernel = "convolution.turn_kernel"
    operands = ("w",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (kh, kw, c, f), groups = inputs["w"].shape, attributes.get("groups", 1)
        return (kh, kw, f // groups, c * groups)

    def integers(self, ins: Instruction) -> list[int]:
        w = ins.inputs["w"]
        return [*w.shape, w.at, ins.output.at, ins.attributes.get("groups", 1)]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        groups = ins.attributes.get("groups", 1)
        return {"w": e.gradient("turn_kernel", ins, "w", w=dy, groups=groups)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        kh, kw, own, _ = ins.output.shape
        g, c = divmod(cell[3], ins.inputs["w"].shape[2])
        return ref(ins.inputs["w"], (kh - 1 - cell[0], kw - 1 - cell[1], c, g * own + cell[2]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        kh, kw, own, _ = ins.output.shape
        g, f = divmod(cell[3], own)
        channel = g * ins.inputs["w"].shape[2] + cell[2]
        return [(kh - 1 - cell[0], kw - 1 - cell[1], f, channel)]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['w'].symbol} turned round"
