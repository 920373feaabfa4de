"""Images laid into larger ones, and cut out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Number
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


@register
class Pad2D(Op):
    """Zeros around an image. Attributes: `before`, `after` (rows, columns)."""

    name = "pad2d"
    kernel = "convolution.place2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        h, w, c = inputs["x"].shape
        before, after = attributes["before"], attributes["after"]
        return (h + before[0] + after[0], w + before[1] + after[1], c)

    def integers(self, ins: Instruction) -> list[int]:
        x, y, before = ins.inputs["x"], ins.output, ins.attributes["before"]
        return [*x.shape, x.at, x.row, *y.shape[:2], y.at, y.row, before[0], before[1], 1, 1]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {
            "x": e.gradient(
                "crop2d",
                ins,
                "x",
                x=dy,
                before=ins.attributes["before"],
                output=ins.inputs["x"].shape,
            )
        }

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, before = ins.inputs["x"], ins.attributes["before"]
        u, v = cell[1] - before[0], cell[2] - before[1]
        if 0 <= u < x.shape[0] and 0 <= v < x.shape[1]:
            return ref(x, (cell[0], u, v, cell[3]))
        return Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        before = ins.attributes["before"]
        return [(cell[0], cell[1] + before[0], cell[2] + before[1], cell[3])]

    def right_side(self, ins: Instruction) -> str:
        return f"pad({ins.inputs['x'].symbol})"


@register
class Crop2D(Op):
    """The inside of an image: what a padding hands back. With `strides`, only the pixels that many apart.

    Attributes: `before` (rows, columns left out at the beginning), `output` (shape), `strides`.
    """

    name = "crop2d"
    kernel = "convolution.crop2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y, before = ins.inputs["x"], ins.output, ins.attributes["before"]
        return [*y.shape, x.at, x.row, x.shape[1], y.at, y.row, *before, *_strides(ins)]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, (top, left) = ins.inputs["x"], ins.attributes["before"]
        assert _strides(ins) == (1, 1), "no layer leaves pixels out on its way forward"
        after = (x.shape[0] - top - dy.shape[0], x.shape[1] - left - dy.shape[1])
        return {"x": e.gradient("pad2d", ins, "x", x=dy, before=(top, left), after=after)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        (top, left), (sh, sw) = ins.attributes["before"], _strides(ins)
        return ref(ins.inputs["x"], (cell[0], cell[1] * sh + top, cell[2] * sw + left, cell[3]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        before, (sh, sw), (h, w, _) = ins.attributes["before"], _strides(ins), ins.output.shape
        u, v = cell[1] - before[0], cell[2] - before[1]
        if u % sh or v % sw or not (0 <= u // sh < h and 0 <= v // sw < w):
            return []
        return [(cell[0], u // sh, v // sw, cell[3])]

    def right_side(self, ins: Instruction) -> str:
        return f"crop({ins.inputs['x'].symbol})"


def _strides(ins: Instruction) -> tuple[int, int]:
    sh, sw = ins.attributes.get("strides", (1, 1))
    return sh, sw


@register
class Spread2D(Op):
    """An image with zeros around it and, with a stride, in between.

    So the error of a convolution is laid out for its way back, and the input of a transposed convolution.
    Attributes: `before` (rows, columns of zeros), `strides`, `output` (shape).
    """

    name = "spread2d"
    kernel = "convolution.place2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y, before = ins.inputs["x"], ins.output, ins.attributes["before"]
        return [
            *x.shape,
            x.at,
            x.row,
            *y.shape[:2],
            y.at,
            y.row,
            *before,
            *ins.attributes["strides"],
        ]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        a, shape = ins.attributes, ins.inputs["x"].shape
        given = {"before": a["before"], "strides": a["strides"], "output": shape}
        return {"x": e.gradient("crop2d", ins, "x", x=dy, **given)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, before, (sh, sw) = ins.inputs["x"], ins.attributes["before"], ins.attributes["strides"]
        u, v = cell[1] - before[0], cell[2] - before[1]
        if u % sh == 0 and v % sw == 0 and 0 <= u // sh < x.shape[0] and 0 <= v // sw < x.shape[1]:
            return ref(x, (cell[0], u // sh, v // sw, cell[3]))
        return Number(0)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        before, (sh, sw) = ins.attributes["before"], ins.attributes["strides"]
        return [(cell[0], cell[1] * sh + before[0], cell[2] * sw + before[1], cell[3])]

    def right_side(self, ins: Instruction) -> str:
        return f"spread({ins.inputs['x'].symbol})"
