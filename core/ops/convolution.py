"""Convolution: padding, the product, and both gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Number, Product, Sum
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Kinds of `core.kernels.products`, repeated here because importing kernels imports Numba.
CONVOLUTION, CONVOLUTION_WEIGHT_GRAD = 3, 4


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
    """The inside of a padded image: what a padding hands back."""

    name = "crop2d"
    kernel = "convolution.crop2d"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y, before = ins.inputs["x"], ins.output, ins.attributes["before"]
        return [*y.shape, x.at, x.row, x.shape[1], y.at, y.row, before[0], before[1]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        before = ins.attributes["before"]
        return ref(ins.inputs["x"], (cell[0], cell[1] + before[0], cell[2] + before[1], cell[3]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        before, (h, w, _) = ins.attributes["before"], ins.output.shape
        u, v = cell[1] - before[0], cell[2] - before[1]
        return [(cell[0], u, v, cell[3])] if 0 <= u < h and 0 <= v < w else []

    def right_side(self, ins: Instruction) -> str:
        return f"crop({ins.inputs['x'].symbol})"


@register
class Conv2D(Op):
    """``y[u, v, f] = Σ x[u·sh+i, v·sw+j, c] w[i, j, c, f]``: a weighted sum at every place. Attribute: `strides`."""

    name = "conv2d"
    kernel = "products.products"
    operands = ("x", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (h, w, _), (kh, kw, _, f), (sh, sw) = (
            inputs["x"].shape,
            inputs["w"].shape,
            attributes["strides"],
        )
        return ((h - kh) // sh + 1, (w - kw) // sw + 1, f)

    def integers(self, ins: Instruction) -> list[int]:
        x, w, y = ins.inputs["x"], ins.inputs["w"], ins.output
        kh, kw, _, f = w.shape
        return [
            CONVOLUTION,
            *x.shape,
            x.at,
            x.row,
            kh,
            kw,
            f,
            w.at,
            *y.shape[:2],
            y.at,
            y.row,
            *ins.attributes["strides"],
        ]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, w, out = ins.inputs["x"], ins.inputs["w"], {}
        strides = ins.attributes["strides"]
        if "w" in wanted:
            out["w"] = e.gradient(
                "conv2d_weight_grad", ins, "w", x=x, dy=dy, strides=strides, output=w.shape
            )
        if "x" in wanted:
            self._input_gradient(e, ins, dy, out)
        return out

    def _input_gradient(
        self, e: Emitter, ins: Instruction, dy: Tensor, out: dict[str, Tensor]
    ) -> None:
        """``dx``: the error, spread out and convolved with the turned filters (Dumoulin and Visin 2016, chapter 4).

        Behind a padding the inside is computed at once: nobody asks for the gradient of the zeros around it.
        """
        x, w = ins.inputs["x"], ins.inputs["w"]
        kh, kw = w.shape[:2]
        top = left = 0
        padding = e.producer(x)
        if padding is not None and padding.op == "pad2d":
            x = padding.inputs["x"]
            top, left = padding.attributes["before"]
        turned = e.gradient_value("turn_kernel", ins, "turned", w=w)
        spread = e.gradient_value(
            "spread2d",
            ins,
            "spread",
            x=dy,
            before=(kh - 1 - top, kw - 1 - left),
            strides=ins.attributes["strides"],
            output=(x.shape[0] + kh - 1, x.shape[1] + kw - 1, dy.last),
        )
        dx = e.gradient("conv2d", ins, "x", of=x, x=spread, w=turned, strides=(1, 1))
        if x is ins.inputs["x"]:
            out["x"] = dx
        elif x.requires_grad:
            e.contribute(x, dx)

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, w, (sh, sw) = ins.inputs["x"], ins.inputs["w"], ins.attributes["strides"]
        kh, kw, c_in, _ = w.shape
        row, u, v, f = cell
        return Sum(
            tuple(
                Product((ref(x, (row, u * sh + i, v * sw + j, c)), ref(w, (i, j, c, f))))
                for i in range(kh)
                for j in range(kw)
                for c in range(c_in)
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        w, y, (sh, sw) = ins.inputs["w"], ins.output, ins.attributes["strides"]
        kh, kw, _, filters = w.shape
        if operand == "w":
            rows = ins.attributes.get("rows", 1)
            return [
                (r, u, v, cell[3])
                for r in range(rows)
                for u in range(y.shape[0])
                for v in range(y.shape[1])
            ]
        places = [
            ((cell[1] - i) // sh, (cell[2] - j) // sw)
            for i in range(kh)
            for j in range(kw)
            if (cell[1] - i) % sh == 0 and (cell[2] - j) % sw == 0
        ]
        return [
            (cell[0], u, v, f)
            for u, v in places
            if 0 <= u < y.shape[0] and 0 <= v < y.shape[1]
            for f in range(filters)
        ]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['w'].symbol}"


@register
class Conv2DWeightGrad(Op):
    """``dw[i, j, c, f] = Σ x[u·sh+i, v·sw+j, c] dy[u, v, f]``.

    A filter's gradient is a correlation of its input with its error.
    """

    name = "conv2d_weight_grad"
    kernel = "products.products"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def scratch(self, ins: Instruction) -> int:
        return ins.output.size + 32

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, dw = ins.inputs["x"], ins.inputs["dy"], ins.output
        kh, kw, _, f = dw.shape
        assert ins.scratch is not None
        return [
            CONVOLUTION_WEIGHT_GRAD, *x.shape, x.at, x.row, kh, kw, f, dw.at, *dy.shape[:2], dy.at, dy.row,
            *ins.attributes["strides"], ins.scratch.at,
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy, (sh, sw) = ins.inputs["x"], ins.inputs["dy"], ins.attributes["strides"]
        i, j, c, f = cell
        rows = ins.attributes.get("rows", 1)
        return Sum(
            tuple(
                Product((ref(x, (r, u * sh + i, v * sw + j, c)), ref(dy, (r, u, v, f))))
                for r in range(rows)
                for u in range(dy.shape[0])
                for v in range(dy.shape[1])
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        kh, kw, channels, filters = ins.output.shape
        dy, (sh, sw) = ins.inputs["dy"], ins.attributes["strides"]
        if operand == "dy":
            return [
                (i, j, c, cell[3]) for i in range(kh) for j in range(kw) for c in range(channels)
            ]
        taps = [
            (i, j)
            for i in range(kh)
            for j in range(kw)
            if (cell[1] - i) % sh == 0
            and (cell[2] - j) % sw == 0
            and 0 <= (cell[1] - i) // sh < dy.shape[0]
            and 0 <= (cell[2] - j) // sw < dy.shape[1]
        ]
        return [(i, j, cell[3], f) for i, j in taps for f in range(filters)]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∗ {ins.inputs['dy'].symbol}"


@register
class TurnKernel(Op):
    """Every filter rotated by half a turn, channels in and out exchanged.

    What the error is convolved with on its way back.
    """

    name = "turn_kernel"
    kernel = "convolution.turn_kernel"
    operands = ("w",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        kh, kw, c, f = inputs["w"].shape
        return (kh, kw, f, c)

    def integers(self, ins: Instruction) -> list[int]:
        w = ins.inputs["w"]
        return [*w.shape, w.at, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        kh, kw = ins.output.shape[:2]
        return ref(ins.inputs["w"], (kh - 1 - cell[0], kw - 1 - cell[1], cell[3], cell[2]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        kh, kw = ins.output.shape[:2]
        return [(kh - 1 - cell[0], kw - 1 - cell[1], cell[3], cell[2])]

    def right_side(self, ins: Instruction) -> str:
        return f"turn({ins.inputs['w'].symbol})"


@register
class Spread2D(Op):
    """The error of a convolution laid out for its way back: zeros around it and, with a stride, in between."""

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
