"""Pooling: the largest value, or the mean, of each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Call, Expr, Number, Product, Quotient, Sum
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def _window(ins: Instruction, x: Tensor, u: int, v: int) -> list[tuple[int, int]]:
    """Places of a window inside the image, in reading order."""
    (ph, pw), (sh, sw), (top, left) = (ins.attributes[k] for k in ("pool", "strides", "before"))
    return [
        (i, j)
        for i in range(max(u * sh - top, 0), min(u * sh - top + ph, x.shape[0]))
        for j in range(max(v * sw - left, 0), min(v * sw - left + pw, x.shape[1]))
    ]


def _windows_over(ins: Instruction, shape: Shape, i: int, j: int) -> list[tuple[int, int]]:
    """Windows that contain a place."""
    (ph, pw), (sh, sw), (top, left) = (ins.attributes[k] for k in ("pool", "strides", "before"))
    return [
        (u, v)
        for u in range(shape[0])
        for v in range(shape[1])
        if 0 <= i - (u * sh - top) < ph and 0 <= j - (v * sw - left) < pw
    ]


@register
class MaxPool2D(Op):
    """``y[u, v, c]`` is the largest x of its window. Attributes: `pool`, `strides`, `before` (rows, columns)."""

    name = "max_pool2d"
    kernel = "convolution.max_pool2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y, a = ins.inputs["x"], ins.output, ins.attributes
        return [
            *x.shape,
            x.at,
            x.row,
            *a["pool"],
            *y.shape[:2],
            y.at,
            y.row,
            *a["strides"],
            *a["before"],
        ]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        attributes = {k: ins.attributes[k] for k in ("pool", "strides", "before")}
        return {
            "x": e.gradient(
                "max_pool2d_grad", ins, "x", x=ins.inputs["x"], y=ins.output, dy=dy, **attributes
            )
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        window = _window(ins, x, cell[1], cell[2])
        return Call("max", tuple(ref(x, (cell[0], i, j, cell[3])) for i, j in window))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        over = _windows_over(ins, ins.output.shape, cell[1], cell[2])
        return [(cell[0], u, v, cell[3]) for u, v in over]

    def right_side(self, ins: Instruction) -> str:
        return f"max {ins.inputs['x'].symbol}"


@register
class MaxPool2DGrad(Op):
    """The gradient goes to the first place that held the maximum; where windows overlap it adds up."""

    name = "max_pool2d_grad"
    kernel = "convolution.max_pool2d_grad"
    operands = ("x", "y", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        x, y, dy, dx, a = (
            ins.inputs["x"],
            ins.inputs["y"],
            ins.inputs["dy"],
            ins.output,
            ins.attributes,
        )
        return [
            *x.shape, x.at, x.row, *a["pool"], *y.shape[:2], y.at, y.row, *a["strides"], *a["before"], dy.at, dy.row,
            dx.at, dx.row,
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, y, dy = ins.inputs["x"], ins.inputs["y"], ins.inputs["dy"]
        row, i, j, c = cell
        terms: list[Expr] = []
        for u, v in _windows_over(ins, y.shape, i, j):
            window = _window(ins, x, u, v)
            values = tuple(ref(x, (row, a, b, c)) for a, b in window)
            chosen = Call("is_first_max", (Number(window.index((i, j))), *values))
            terms.append(Product((chosen, ref(dy, (row, u, v, c)))))
        return Sum(tuple(terms)) if terms else Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        x, y = ins.inputs["x"], ins.inputs["y"]
        row, c = cell[0], cell[3]
        if operand == "x":
            over = _windows_over(ins, y.shape, cell[1], cell[2])
            places = {place: None for u, v in over for place in _window(ins, x, u, v)}
        elif operand == "dy":
            places = dict.fromkeys(_window(ins, x, cell[1], cell[2]))
        else:
            places = {}
        return [(row, i, j, c) for i, j in places]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol} at the maximum of {ins.inputs['x'].symbol}"


def _average_integers(ins: Instruction, x: Tensor, y: Tensor) -> list[int]:
    a = ins.attributes
    return [
        *x.shape, x.at, x.row, *a["pool"], *y.shape[:2], y.at, y.row, *a["strides"], *a["before"]
    ]  # fmt: skip


@register
class AveragePool2D(Op):
    """``y[u, v, c]`` is the mean of x over its window; pixels beyond the edge are not counted.

    Attributes: `pool`, `strides`, `before` (rows, columns), `output` (shape).
    """

    name = "average_pool2d"
    kernel = "pooling.average_pool2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        return _average_integers(ins, ins.inputs["x"], ins.output)

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        given = {k: ins.attributes[k] for k in ("pool", "strides", "before")}
        shape = ins.inputs["x"].shape
        return {"x": e.gradient("average_pool2d_grad", ins, "x", dy=dy, output=shape, **given)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        window = _window(ins, x, cell[1], cell[2])
        terms = tuple(ref(x, (cell[0], i, j, cell[3])) for i, j in window)
        return Quotient(Sum(terms), Number(len(terms)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        over = _windows_over(ins, ins.output.shape, cell[1], cell[2])
        return [(cell[0], u, v, cell[3]) for u, v in over]

    def right_side(self, ins: Instruction) -> str:
        return f"mean {ins.inputs['x'].symbol}"


@register
class AveragePool2DGrad(Op):
    """Every pixel of a window gets the same share of the window's gradient; where windows overlap it adds up."""

    name = "average_pool2d_grad"
    kernel = "pooling.average_pool2d_grad"
    operands = ("dy",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        return _average_integers(ins, ins.output, ins.inputs["dy"])

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dx, dy = ins.output, ins.inputs["dy"]
        row, i, j, c = cell
        terms = tuple(
            Quotient(ref(dy, (row, u, v, c)), Number(len(_window(ins, dx, u, v))))
            for u, v in _windows_over(ins, dy.shape, i, j)
        )
        return Sum(terms) if terms else Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], i, j, cell[3]) for i, j in _window(ins, ins.output, cell[1], cell[2])]

    def right_side(self, ins: Instruction) -> str:
        return f"shares of {ins.inputs['dy'].symbol}"
