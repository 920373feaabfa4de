"""Products of matrices and sums along rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.expressions import Expr, Product, Sum
from core.ops.base import Cell, Half, Instruction, Op, cells, channels, middle, ref, register
from core.ops.summing import everywhere, sum_of
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

#: Kinds of `core.kernels.products`, repeated here because importing kernels imports Numba.
TURN, TURNED = 5, 6


@register
class Matmul(Op):
    """``y = x · w`` over the last axis: one row of x for each sample (and time step)."""

    name = "matmul"
    kernel = "products.products"
    operands = ("x", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (*inputs["x"].shape[:-1], inputs["w"].shape[1])

    def integers(self, ins: Instruction) -> list[int]:
        x, w, y = ins.inputs["x"], ins.inputs["w"], ins.output
        k, n = w.shape
        return [0, x.inner, n, k, x.at, x.row, k, w.at, 0, 0, y.at, y.row, n, 0]

    def work(self, ins: Instruction, rows: int) -> int:
        return rows * ins.inputs["x"].size * ins.inputs["w"].shape[1]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, w, out = ins.inputs["x"], ins.inputs["w"], {}
        if "w" in wanted:
            out["w"] = e.gradient("matmul_weight_grad", ins, "w", x=x, dy=dy)
        if "x" in wanted:
            out["x"] = e.gradient("matmul_input_grad", ins, "x", dy=dy, w=w)
        return out

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, w = ins.inputs["x"], ins.inputs["w"]
        return Sum(
            tuple(
                Product((ref(x, (*cell[:-1], k)), ref(w, (k, cell[-1])))) for k in range(w.shape[0])
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        y, w = ins.output, ins.inputs["w"]
        if operand == "x":
            return [(*cell[:-1], j) for j in range(w.shape[1])]
        rows = ins.attributes.get("rows", 1)
        return [(r, *inner, cell[1]) for r in range(rows) for inner in cells(y.shape[:-1])]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol}·{ins.inputs['w'].symbol}"


@register
class MatmulWeightGrad(Op):
    """``dw = xᵀ · dy``, summed over samples and time steps."""

    name = "matmul_weight_grad"
    kernel = "products.products"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["x"].last, inputs["dy"].last)

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, dw = ins.inputs["x"], ins.inputs["dy"], ins.output
        k, n = dw.shape
        return [1, x.inner, n, k, x.at, x.row, k, dy.at, dy.row, n, dw.at, 0, n, 0]

    def work(self, ins: Instruction, rows: int) -> int:
        return rows * ins.inputs["x"].size * ins.inputs["dy"].last

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        (k, n), ints = ins.output.shape, self.integers(ins)
        parts = []
        # By rows of the weight; a matrix with few of them by columns.
        cut = middle(k) if k >= 16 else middle(n)
        for first, last in ((0, cut), (cut, k if k >= 16 else n)):
            own = list(ints)
            if k >= 16:
                own[3], own[4], own[10] = last - first, ints[4] + first, ints[10] + first * n
                cells = (first * n, last * n)
            else:
                own[2], own[7], own[10] = last - first, ints[7] + first, ints[10] + first
                cells = (0, k * n)
            parts.append(Half(own, {"y": cells}))
        return (parts[0], parts[1]) if cut > 0 else None

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy, rows = ins.inputs["x"], ins.inputs["dy"], ins.attributes.get("rows", 1)
        places = everywhere(rows, *x.shape[:-1])
        return sum_of((x, (*places, cell[0])), (dy, (*places, cell[1])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        k, n = ins.output.shape
        return (
            [(cell[-1], j) for j in range(n)]
            if operand == "x"
            else [(i, cell[-1]) for i in range(k)]
        )

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol}ᵀ·{ins.inputs['dy'].symbol}"


@register
class MatmulInputGrad(Op):
    """``dx = dy · wᵀ``."""

    name = "matmul_input_grad"
    kernel = "products.products"
    operands = ("dy", "w")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (*inputs["dy"].shape[:-1], inputs["w"].shape[0])

    def scratch(self, ins: Instruction) -> int:
        return ins.inputs["w"].size + 32

    def integers(self, ins: Instruction) -> list[int]:
        dy, w, dx = ins.inputs["dy"], ins.inputs["w"], ins.output
        k, n = w.shape
        assert ins.scratch is not None
        return [2, dy.inner, n, k, dy.at, dy.row, n, w.at, 0, 0, dx.at, dx.row, k, ins.scratch.at]

    def work(self, ins: Instruction, rows: int) -> int:
        return rows * ins.inputs["dy"].size * ins.inputs["w"].shape[0]

    def turned(self, ins: Instruction, at: int) -> tuple[Half, Half]:
        """Turning the weight into working memory at `at`, which the kernel does first, as two instructions."""
        k, n = ins.inputs["w"].shape
        w, cut = ins.inputs["w"].at, middle(k)
        return (
            Half([TURN, 1, n, cut, 0, 0, 0, w, 0, 0, 0, 0, k, at], {"w": (0, cut * n)}),
            Half([TURN, 1, n, k - cut, 0, 0, 0, w + cut * n, 0, 0, 0, 0, k, at + cut], {"w": (cut * n, k * n)}),
        )  # fmt: skip

    def after_turning(self, ins: Instruction, at: int) -> list[int]:
        """The kernel's integers if the turned weight is in working memory at `at` already."""
        return [TURNED, *self.integers(ins)[1:13], at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        dy, w = ins.inputs["dy"], ins.inputs["w"]
        return Sum(
            tuple(
                Product((ref(dy, (*cell[:-1], j)), ref(w, (cell[-1], j))))
                for j in range(w.shape[1])
            )
        )

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "dy":
            return [(*cell[:-1], k) for k in range(ins.output.last)]
        rows = ins.attributes.get("rows", 1)
        return [(r, *inner, cell[0]) for r in range(rows) for inner in cells(ins.output.shape[:-1])]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['dy'].symbol}·{ins.inputs['w'].symbol}ᵀ"


@register
class BiasAdd(Op):
    """``z = x + b``, b repeated for every sample and place."""

    name = "bias_add"
    kernel = "dense.bias_add"
    operands = ("x", "b")

    def integers(self, ins: Instruction) -> list[int]:
        x, y = ins.inputs["x"], ins.output
        return [*channels(x), x.at, x.row, ins.inputs["b"].at, y.at, y.row]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        out = {}
        if "b" in wanted:
            out["b"] = e.gradient("column_sum", ins, "b", x=dy)
        if "x" in wanted:
            out["x"] = dy
        return out

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Sum((ref(ins.inputs["x"], cell), ref(ins.inputs["b"], cell[-1:])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand == "x":
            return [cell]
        rows = ins.attributes.get("rows", 1)
        return [(r, *inner, cell[0]) for r in range(rows) for inner in cells(ins.output.shape[:-1])]

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} + {ins.inputs['b'].symbol}"


@register
class Scale(BiasAdd):
    """``y = x ∘ g``, g repeated for every sample and place."""

    name = "scale"
    kernel = "dense.scale"
    operands = ("x", "b")

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        out = {}
        if "b" in wanted:
            out["b"] = e.gradient("column_dot", ins, "b", a=ins.inputs["x"], b=dy)
        if "x" in wanted:
            out["x"] = e.gradient("scale", ins, "x", x=dy, b=ins.inputs["b"])
        return out

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        return Product((ref(ins.inputs["x"], cell), ref(ins.inputs["b"], cell[-1:])))

    def right_side(self, ins: Instruction) -> str:
        return f"{ins.inputs['x'].symbol} ∘ {ins.inputs['b'].symbol}"


@register
class ColumnSum(Op):
    """``y[c] = Σ x[..., c]`` over samples and places: the gradient of a bias."""

    name = "column_sum"
    kernel = "dense.column_sum"

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["x"].last,)

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x = ins.inputs["x"]
        return [*channels(x), x.at, x.row, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, rows = ins.inputs["x"], ins.attributes.get("rows", 1)
        return sum_of((x, (*everywhere(rows, *x.shape[:-1]), cell[0])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[-1:]]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['x'].symbol}"


@register
class ColumnDot(Op):
    """``y[c] = Σ a[..., c] b[..., c]`` over samples and places: the gradient of a scale."""

    name = "column_dot"
    kernel = "dense.column_dot"
    operands = ("a", "b")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        return (inputs["a"].last,)

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        a, b = ins.inputs["a"], ins.inputs["b"]
        return [*channels(a), a.at, a.row, b.at, b.row, ins.output.at]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        a, b, rows = ins.inputs["a"], ins.inputs["b"], ins.attributes.get("rows", 1)
        places = (*everywhere(rows, *a.shape[:-1]), cell[0])
        return sum_of((a, places), (b, places))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [cell[-1:]]

    def right_side(self, ins: Instruction) -> str:
        return f"Σ {ins.inputs['a'].symbol} ∘ {ins.inputs['b'].symbol}"
