"""Images made larger by whole factors. Attribute of all: `size` (rows, columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Number, Product, Sum
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


class _Enlarging(Op):
    """What the two ways of making an image larger share."""

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (h, w, c), (sh, sw) = inputs["x"].shape, attributes["size"]
        return (h * sh, w * sw, c)

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [*x.shape, x.at, x.row, y.at, y.row, *ins.attributes["size"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient(f"{self.name}_grad", ins, "x", dy=dy, size=ins.attributes["size"])}


class _Shrinking(Op):
    """What the two ways back share."""

    operands = ("dy",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        (h, w, c), (sh, sw) = inputs["dy"].shape, attributes["size"]
        return (h // sh, w // sw, c)

    def integers(self, ins: Instruction) -> list[int]:
        dy, dx = ins.inputs["dy"], ins.output
        return [*dx.shape, dx.at, dx.row, dy.at, dy.row, *ins.attributes["size"]]


@register
class Repeat2D(_Enlarging):
    """``y[u, v] = x[⌊u/sh⌋, ⌊v/sw⌋]``: every pixel becomes a block."""

    name = "repeat2d"
    kernel = "upsampling.repeat2d"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        sh, sw = ins.attributes["size"]
        return ref(ins.inputs["x"], (cell[0], cell[1] // sh, cell[2] // sw, cell[3]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _block(ins, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"repeat({ins.inputs['x'].symbol})"


@register
class Repeat2DGrad(_Shrinking):
    """A pixel's gradient is the sum over its block."""

    name = "repeat2d_grad"
    kernel = "upsampling.repeat2d_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum(tuple(ref(ins.inputs["dy"], place) for place in _block(ins, cell)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        sh, sw = ins.attributes["size"]
        return [(cell[0], cell[1] // sh, cell[2] // sw, cell[3])]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['dy'].symbol} of each block"


@register
class Bilinear2D(_Enlarging):
    """``y[u, v] = Σ share · x`` over the (up to four) pixels whose centres surround the centre of (u, v).

    Centre of pixel u of y: ``(u + 1/2) / s - 1/2`` in pixels of x; beyond the outermost centres the edge is repeated.
    """

    name = "bilinear2d"
    kernel = "upsampling.bilinear2d"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        parts = _parts(ins, x.shape, cell[1], cell[2])
        return Sum(
            tuple(
                Product((Number(share), ref(x, (cell[0], *place, cell[3]))))
                for place, share in parts.items()
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _mixed_from(ins, ins.inputs["x"].shape, cell)

    def right_side(self, ins: Instruction) -> str:
        return f"interpolate({ins.inputs['x'].symbol})"


@register
class Bilinear2DGrad(_Shrinking):
    """Every gradient goes back to the pixels its value was mixed from, in the same shares."""

    name = "bilinear2d_grad"
    kernel = "upsampling.bilinear2d_grad"

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy, shape = ins.inputs["dy"], ins.output.shape
        return Sum(
            tuple(
                Product((Number(_parts(ins, shape, place[1], place[2])[cell[1:3]]), ref(dy, place)))
                for place in _mixed_from(ins, shape, cell)
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        parts = _parts(ins, ins.output.shape, cell[1], cell[2])
        return [(cell[0], *place, cell[3]) for place in parts]

    def right_side(self, ins: Instruction) -> str:
        return f"shares of {ins.inputs['dy'].symbol}"


def _block(ins: Instruction, cell: Cell) -> list[Cell]:
    sh, sw = ins.attributes["size"]
    return [
        (cell[0], cell[1] * sh + a, cell[2] * sw + b, cell[3]) for a in range(sh) for b in range(sw)
    ]


def _line(u: int, size: int, factor: int) -> dict[int, float]:
    """Pixels of one axis and their shares in pixel u of the larger image."""
    at = max((u + 0.5) / factor - 0.5, 0.0)
    first = int(at)
    second, share = min(first + 1, size - 1), at - first
    if second == first:
        return {first: 1.0}
    return {first: 1 - share, second: share} if share else {first: 1.0}


def _parts(ins: Instruction, shape: Shape, u: int, v: int) -> dict[tuple[int, ...], float]:
    sh, sw = ins.attributes["size"]
    return {
        (i, j): a * b
        for i, a in _line(u, shape[0], sh).items()
        for j, b in _line(v, shape[1], sw).items()
    }


def _mixed_from(ins: Instruction, shape: Shape, cell: Cell) -> list[Cell]:
    """Cells of the larger image in which a pixel has a share."""
    sh, sw = ins.attributes["size"]
    rows = [u for u in range(shape[0] * sh) if cell[1] in _line(u, shape[0], sh)]
    columns = [v for v in range(shape[1] * sw) if cell[2] in _line(v, shape[1], sw)]
    return [(cell[0], u, v, cell[3]) for u in rows for v in columns]
