"""Convolution of each channel by itself (Chollet 2017: the first half of a separable convolution)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Number, Product, Sum
from core.ops.base import Cell, Instruction, Op, ref, register
from core.ops.convolution import places, reach, taps
from core.ops.summing import everywhere, sum_of
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def _integers(ins: Instruction, x: Tensor, w: Tensor, y: Tensor) -> list[int]:
    (kh, kw, _, m), (strides, dilation, _) = w.shape, taps(ins.attributes)
    return [
        *x.shape, x.at, x.row, kh, kw, m, w.at, *y.shape[:2], y.at, y.row, *strides, *dilation,
        ins.scratch.at if ins.scratch else 0,
    ]  # fmt: skip


def _repeated(x: Tensor, w: Tensor) -> int:
    """Working memory for one image with its channels repeated for each of their filters."""
    return x.size * w.shape[3]


@register
class Depthwise2D(Op):
    """``y[u, v, c·M+m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, m]``: channels are not mixed.

    Attributes: `strides`, `dilation`.
    """

    name = "depthwise2d"
    kernel = "depthwise.depthwise2d"
    operands = ("x", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (h, w, _), (kh, kw, c, m) = inputs["x"].shape, inputs["w"].shape
        (sh, sw), (dh, dw), _ = taps(attributes)
        return ((h - reach(kh, dh)) // sh + 1, (w - reach(kw, dw)) // sw + 1, c * m)

    def scratch(self, ins: Instruction) -> int:
        many = ins.inputs["w"].shape[3] > 1
        return _repeated(ins.inputs["x"], ins.inputs["w"]) if many else 0

    def integers(self, ins: Instruction) -> list[int]:
        return _integers(ins, ins.inputs["x"], ins.inputs["w"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, w, out = ins.inputs["x"], ins.inputs["w"], {}
        strides, dilation, _ = taps(ins.attributes)
        given: dict[str, Any] = {"strides": strides, "dilation": dilation}
        if "w" in wanted:
            name = "depthwise2d_weight_grad"
            out["w"] = e.gradient(name, ins, "w", x=x, dy=dy, output=w.shape, **given)
        if "x" in wanted:
            name = "depthwise2d_input_grad"
            out["x"] = e.gradient(name, ins, "x", dy=dy, w=w, output=x.shape, **given)
        return out

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, w, ((sh, sw), (dh, dw), _) = ins.inputs["x"], ins.inputs["w"], taps(ins.attributes)
        kh, kw, _, many = w.shape
        row, u, v, k = cell
        c, m = divmod(k, many)
        return Sum(
            tuple(
                Product((ref(x, (row, u * sh + i * dh, v * sw + j * dw, c)), ref(w, (i, j, c, m))))
                for i in range(kh)
                for j in range(kw)
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        w, y = ins.inputs["w"], ins.output
        many = w.shape[3]
        if operand == "w":
            k, rows = cell[2] * many + cell[3], ins.attributes.get("rows", 1)
            return [
                (r, u, v, k)
                for r in range(rows)
                for u in range(y.shape[0])
                for v in range(y.shape[1])
            ]
        return [
            (cell[0], u, v, cell[3] * many + m)
            for _, _, u, v in places(cell, w.shape, ins.attributes, y.shape)
            for m in range(many)
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['w'].symbol}, channel by channel"


@register
class Depthwise2DInputGrad(Op):
    """``dx[p, q, c] = Σ dy[u, v, c·M+m] w[i, j, c, m]`` over the places whose tap (i, j) fell on pixel (p, q)."""

    name = "depthwise2d_input_grad"
    kernel = "depthwise.depthwise2d_input_grad"
    operands = ("dy", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def scratch(self, ins: Instruction) -> int:
        many = ins.inputs["w"].shape[3] > 1
        return _repeated(ins.output, ins.inputs["w"]) if many else 0

    def integers(self, ins: Instruction) -> list[int]:
        return _integers(ins, ins.output, ins.inputs["w"], ins.inputs["dy"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy, w = ins.inputs["dy"], ins.inputs["w"]
        many, c = w.shape[3], cell[3]
        terms = tuple(
            Product((ref(dy, (cell[0], u, v, c * many + m)), ref(w, (i, j, c, m))))
            for i, j, u, v in places(cell, w.shape, ins.attributes, dy.shape)
            for m in range(many)
        )
        return Sum(terms) if terms else Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        w, dy, ((sh, sw), (dh, dw), _) = ins.inputs["w"], ins.inputs["dy"], taps(ins.attributes)
        if operand == "w":
            i, j, c, _ = cell
            rows = ins.attributes.get("rows", 1)
            return [
                (r, u * sh + i * dh, v * sw + j * dw, c)
                for r in range(rows)
                for u in range(dy.shape[0])
                for v in range(dy.shape[1])
            ]
        row, u, v, k = cell
        return [
            (row, u * sh + i * dh, v * sw + j * dw, k // w.shape[3])
            for i in range(w.shape[0])
            for j in range(w.shape[1])
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} ∗ flip({ins.inputs['w'].symbol}), channel by channel"


@register
class Depthwise2DWeightGrad(Op):
    """``dw[i, j, c, m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dy[u, v, c·M+m]`` over samples and places."""

    name = "depthwise2d_weight_grad"
    kernel = "depthwise.depthwise2d_weight_grad"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def scratch(self, ins: Instruction) -> int:
        return _repeated(ins.inputs["x"], ins.output) + ins.inputs["dy"].last

    def integers(self, ins: Instruction) -> list[int]:
        return _integers(ins, ins.inputs["x"], ins.output, ins.inputs["dy"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy, ((sh, sw), (dh, dw), _) = ins.inputs["x"], ins.inputs["dy"], taps(ins.attributes)
        i, j, c, m = cell
        k = c * ins.output.shape[3] + m
        r, u, v = everywhere(ins.attributes.get("rows", 1), *dy.shape[:2])
        return sum_of((x, (r, u * sh + i * dh, v * sw + j * dw, c)), (dy, (r, u, v, k)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        kh, kw, _, many = ins.output.shape
        if operand == "dy":
            c, m = divmod(cell[3], many)
            return [(i, j, c, m) for i in range(kh) for j in range(kw)]
        size = ins.inputs["dy"].shape
        return [
            (i, j, cell[3], m)
            for i, j, _, _ in places(cell, ins.output.shape, ins.attributes, size)
            for m in range(many)
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['dy'].symbol}, channel by channel"
