"""Operations that only move values: axes exchanged, repeated, put side by side, cut out."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Number, Sum
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Axes the kernels walk over. Neighbours that lie together count as one, so this is seldom met.
AXES = 5


def _strides(shape: Shape) -> list[int]:
    return [prod(shape[k + 1 :]) for k in range(len(shape))]


def _walk(lengths: list[int], strides: list[int]) -> list[int]:
    """The five lengths and five strides of the kernel: axes that lie one behind the other are one."""
    joined: list[tuple[int, int]] = []
    for n, s in zip(lengths, strides, strict=True):
        if n == 1:
            continue
        if joined and joined[-1][1] == n * s:
            joined[-1] = (joined[-1][0] * n, s)
        else:
            joined.append((n, s))
    assert len(joined) <= AXES, "the layer lets no more axes pass"
    padded = [(1, 0)] * (AXES - len(joined)) + joined
    if not joined:
        padded[-1] = (1, 1)
    return [n for n, _ in padded] + [s for _, s in padded]


@register
class Transpose(Op):
    """``y[i, j, ...] = x[j, i, ...]``: the axes in another order, `axes[k]` of x is axis k of y."""

    name = "transpose"
    kernel = "shapes.arrange"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(inputs["x"].shape[k] for k in attributes["axes"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        strides = _strides(x.shape)
        walk = _walk(list(y.shape), [strides[k] for k in ins.attributes["axes"]])
        return [x.at, x.row, y.at, y.row, *walk]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        axes = ins.attributes["axes"]
        back = tuple(axes.index(k) for k in range(len(axes)))
        return {"x": e.gradient("transpose", ins, "x", x=dy, axes=back)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        axes = ins.attributes["axes"]
        return ref(ins.inputs["x"], (cell[0], *(cell[1 + axes.index(k)] for k in range(len(axes)))))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [(cell[0], *(cell[1 + k] for k in ins.attributes["axes"]))]

    def right_side(self, ins: Instruction) -> str:
        x, axes = ins.inputs["x"].symbol, ins.attributes["axes"]
        if axes == (1, 0):
            return f"{x}ᵀ"
        return f"transpose({x}, {', '.join(str(k + 1) for k in axes)})"


def _repeated(x: Shape, y: Shape) -> list[int]:
    """Strides of x under the axes of y: 0 where x has one place and y several."""
    return [0 if n == 1 else s for n, s in zip(x, _strides(x), strict=True)]


@register
class Repeat(Op):
    """``y[i, j] = x[0, j]``: an axis of one place is repeated; `output` is the shape."""

    name = "repeat"
    kernel = "shapes.arrange"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        walk = _walk(list(y.shape), _repeated(x.shape, y.shape))
        return [x.at, x.row, y.at, y.row, *walk]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        return {"x": e.gradient("repeat_grad", ins, "x", dy=dy, output=ins.inputs["x"].shape)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ins.inputs["x"]
        places = (0 if n == 1 else k for n, k in zip(x.shape, cell[1:], strict=True))
        return ref(x, (cell[0], *places))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return _places(ins.inputs["x"].shape, ins.output.shape, cell)

    def right_side(self, ins: Instruction) -> str:
        x, y = ins.inputs["x"], ins.output
        times = (str(m // n) for n, m in zip(x.shape, y.shape, strict=True) if m != n)
        return f"{x.symbol} repeated {'×'.join(times)}"


def _places(small: Shape, large: Shape, cell: Cell) -> list[Cell]:
    """Cells of the large shape that a cell of the small one is repeated to."""
    free = tuple(m if n == 1 else 1 for n, m in zip(small, large, strict=True))
    return [
        (cell[0], *(k if n == 1 else c for n, k, c in zip(small, more, cell[1:], strict=True)))
        for more in cells(free)
    ]


@register
class RepeatGrad(Op):
    """``dx[0, j] = Σ_i dy[i, j]``: what was repeated gathers the gradients of all its copies."""

    name = "repeat_grad"
    kernel = "shapes.arrange_sum"
    operands = ("dy",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        dy, dx = ins.inputs["dy"], ins.output
        walk = _walk(list(dy.shape), _repeated(dx.shape, dy.shape))
        return [dx.at, dx.row, dy.at, dy.row, *walk, dx.size]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy = ins.inputs["dy"]
        return Sum(tuple(ref(dy, c) for c in _places(ins.output.shape, dy.shape, cell)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        places = (0 if n == 1 else k for n, k in zip(ins.output.shape, cell[1:], strict=True))
        return [(cell[0], *places)]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['dy'].symbol}"


@register
class Concatenate(Op):
    """Tensors side by side along `axis` (of the shape without the batch axis)."""

    name = "concatenate"
    kernel = "shapes.concatenate"
    operands = tuple(f"x{k}" for k in range(1, 65))

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        axis, shapes = attributes["axis"], [t.shape for t in inputs.values()]
        return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])

    def integers(self, ins: Instruction) -> list[int]:
        axis, y = ins.attributes["axis"], ins.output
        out = [len(ins.inputs), prod(y.shape[:axis]), y.at, y.row, prod(y.shape[axis:])]
        for x in ins.inputs.values():
            out += [x.at, x.row, prod(x.shape[axis:])]
        return out

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        axis, found, start = ins.attributes["axis"], {}, 0
        for key, x in ins.inputs.items():
            if key in wanted:
                found[key] = e.gradient(
                    "part", ins, key, x=dy, axis=axis, start=start, count=x.shape[axis]
                )
            start += x.shape[axis]
        return found

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        axis, place = ins.attributes["axis"] + 1, cell[ins.attributes["axis"] + 1]
        for x in ins.inputs.values():
            if place < x.shape[axis - 1]:
                return ref(x, (*cell[:axis], place, *cell[axis + 1 :]))
            place -= x.shape[axis - 1]
        raise IndexError(cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        axis, start = ins.attributes["axis"] + 1, 0
        for key, x in ins.inputs.items():
            if key == operand:
                break
            start += x.shape[axis - 1]
        return [(*cell[:axis], start + cell[axis], *cell[axis + 1 :])]

    def right_side(self, ins: Instruction) -> str:
        return f"[{', '.join(x.symbol for x in ins.inputs.values())}]"


@register
class Part(Op):
    """``y = x[..., start:start+count, ...]`` along `axis`: what belongs to one of the tensors put side by side."""

    name = "part"
    kernel = "shapes.part"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        axis, x = attributes["axis"], inputs["x"].shape
        return (*x[:axis], attributes["count"], *x[axis + 1 :])

    def integers(self, ins: Instruction) -> list[int]:
        axis, x, y = ins.attributes["axis"], ins.inputs["x"], ins.output
        each = prod(x.shape[axis + 1 :])
        return [
            prod(x.shape[:axis]), prod(y.shape[axis:]), x.at, x.row, prod(x.shape[axis:]),
            ins.attributes["start"] * each, y.at, y.row,
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        axis, start = ins.attributes["axis"] + 1, ins.attributes["start"]
        return ref(ins.inputs["x"], (*cell[:axis], start + cell[axis], *cell[axis + 1 :]))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        axis = ins.attributes["axis"] + 1
        place = cell[axis] - ins.attributes["start"]
        if not 0 <= place < ins.attributes["count"]:
            return []
        return [(*cell[:axis], place, *cell[axis + 1 :])]

    def right_side(self, ins: Instruction) -> str:
        start, count = ins.attributes["start"], ins.attributes["count"]
        return f"{ins.inputs['x'].symbol}[{start + 1}…{start + count}]"


@register
class Fill(Op):
    """``y = value`` at every place of `output`: a mask under which every step counts."""

    name = "fill"
    kernel = "shapes.fill"
    operands = ("like",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def integers(self, ins: Instruction) -> list[int]:
        y = ins.output
        return [y.at, y.row, y.size]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["value"]]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Number(ins.attributes["value"])

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return []

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.attributes['value']:g}"
