"""The product of two tensors over one axis of each: what the layer Dot computes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Product, Sum
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def _free(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _with(free: Cell, axis: int, k: int) -> Cell:
    return (*free[:axis], k, *free[axis:])


def _three(shape: Shape, axis: int) -> tuple[int, int, int]:
    """(places before, length of, places behind) an axis."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


@register
class Contract(Op):
    """``y[i, j] = Σ_k a[i, k] b[k, j]`` for each sample; `axes` says which axis of a and of b is summed over."""

    name = "contract"
    kernel = "merging.contract"
    operands = ("a", "b")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        p, q = attributes["axes"]
        return (*_free(inputs["a"].shape, p), *_free(inputs["b"].shape, q)) or (1,)

    def integers(self, ins: Instruction) -> list[int]:
        a, b, y, (p, q) = ins.inputs["a"], ins.inputs["b"], ins.output, ins.attributes["axes"]
        (n0, k, n1), (n2, _, n3) = _three(a.shape, p), _three(b.shape, q)
        return [
            a.at, a.row, b.at, b.row, y.at, y.row,
            n0, k * n1, 0, n1 * n2 * n3,
            n1, 1, 0, n2 * n3,
            n2, 0, k * n3, n3,
            n3, 0, 1, 1,
            1, 0, 0, 0,
            k, n1, n3, 0,
        ]  # fmt: skip

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        axes = ins.attributes["axes"]
        return {
            key: e.gradient(
                "contract_grad", ins, key, dy=dy, other=ins.inputs["b" if key == "a" else "a"],
                axes=axes, left=key == "a", output=ins.inputs[key].shape,
            )
            for key in sorted(wanted)
        }  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, b, (p, q) = ins.inputs["a"], ins.inputs["b"], ins.attributes["axes"]
        split = len(a.shape)
        i, j = cell[1:split], cell[split : split + len(b.shape) - 1]
        return Sum(
            tuple(
                Product((ref(a, (cell[0], *_with(i, p, k))), ref(b, (cell[0], *_with(j, q, k)))))
                for k in range(a.shape[p])
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        a, b, (p, q) = ins.inputs["a"], ins.inputs["b"], ins.attributes["axes"]
        if operand == "a":
            own = _free(cell[1:], p)
            return [(cell[0], *((*own, *j) or (0,))) for j in cells(_free(b.shape, q))]
        own = _free(cell[1:], q)
        return [(cell[0], *((*i, *own) or (0,))) for i in cells(_free(a.shape, p))]

    def right_side(self, ins: Instruction) -> str:
        a, b, (p, q) = ins.inputs["a"], ins.inputs["b"], ins.attributes["axes"]
        if (p, q) == (len(a.shape) - 1, 0):
            return f"{a.symbol}·{b.symbol}"
        if (p, q) == (1, 1) and len(a.shape) == len(b.shape) == 2:
            return f"{a.symbol}·{b.symbol}ᵀ"
        return f"Σ {a.symbol} ∘ {b.symbol}"


@register
class ContractGrad(Op):
    """The gradient of a factor: that of the product times the other factor, summed over the other's free axes."""

    name = "contract_grad"
    kernel = "merging.contract"
    operands = ("dy", "other")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return tuple(attributes["output"])

    def _axes(self, ins: Instruction) -> tuple[int, int]:
        """(summed axis of the factor whose gradient this is, and of the other)."""
        p, q = ins.attributes["axes"]
        return (p, q) if ins.attributes["left"] else (q, p)

    def integers(self, ins: Instruction) -> list[int]:
        dy, other, dx, (own, its) = (
            ins.inputs["dy"],
            ins.inputs["other"],
            ins.output,
            self._axes(ins),
        )
        (n0, k, n1), (n2, _, n3) = _three(dx.shape, own), _three(other.shape, its)
        # In dy the free axes of the first factor come before those of the second.
        if ins.attributes["left"]:
            s0, s1, s2, s3 = n1 * n2 * n3, n2 * n3, n3, 1
        else:
            s0, s1, s2, s3 = n1, 1, n3 * n0 * n1, n0 * n1
        return [
            dy.at, dy.row, other.at, other.row, dx.at, dx.row,
            n0, s0, 0, k * n1,
            k, 0, n3, n1,
            n1, s1, 0, 1,
            1, 0, 0, 0,
            n2, s2, k * n3, 0,
            n3, s3, 1, 0,
        ]  # fmt: skip

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy, other, (own, its) = ins.inputs["dy"], ins.inputs["other"], self._axes(ins)
        free, k = _free(cell[1:], own), cell[1 + own]
        terms = []
        for more in cells(_free(other.shape, its)):
            place = (*free, *more) if ins.attributes["left"] else (*more, *free)
            terms.append(
                Product(
                    (
                        ref(dy, (cell[0], *(place or (0,)))),
                        ref(other, (cell[0], *_with(more, its, k))),
                    )
                )
            )
        return Sum(tuple(terms))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        dx, (own, its) = ins.output, self._axes(ins)
        if operand == "other":
            return [
                (cell[0], *_with(free, own, cell[1 + its])) for free in cells(_free(dx.shape, own))
            ]
        count = len(dx.shape) - 1
        place = cell[1:]
        free = place[:count] if ins.attributes["left"] else place[len(place) - count :]
        free = free if count else ()
        return [(cell[0], *_with(free, own, k)) for k in range(dx.shape[own])]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['dy'].symbol} ∘ {ins.inputs['other'].symbol}"
