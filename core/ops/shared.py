"""Operations with an operand that serves several places at once: PReLU's slopes, and masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from core.expressions import Call, Expr, Negate, Number, Product, Sum, minus
from core.ops.base import Cell, Instruction, Op, cells, ref, register
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter


def _positive(x: Expr) -> Expr:
    return Call("positive", (x,))


def shared_integers(shape: Shape, alpha: Shape) -> list[int]:
    """Four sizes of x's axes and alpha's strides along them, 0 where it is shared; neighbouring axes are joined.

    Raises
    ------
    ValueError
        More than four groups are left.
    """
    groups: list[list[int]] = []
    stride = 1
    for n, m in zip(reversed(shape), reversed(alpha), strict=True):
        step = stride if m > 1 else 0
        stride *= m
        if n == 1:
            continue
        if groups and (
            step == groups[-1][1] == 0 or (step and step == groups[-1][0] * groups[-1][1])
        ):
            groups[-1][0] *= n
        else:
            groups.append([n, step])
    if len(groups) > 4:
        raise ValueError(f"{alpha} is shared along too many separate axes of {shape}")
    groups += [[1, 0]] * (4 - len(groups))
    groups.reverse()
    return [size for size, _ in groups] + [step for _, step in groups]


def _own(ins: Instruction, cell: Cell) -> Cell:
    """The cell of alpha that a cell of x reads."""
    return tuple(
        0 if n == 1 else k for k, n in zip(cell[1:], ins.inputs["alpha"].shape, strict=True)
    )


def _readers(shape: Shape, alpha: Shape, own: Cell, rows: int) -> list[Cell]:
    """The cells of x that read a cell of alpha."""
    free = tuple(n if m == 1 else 1 for n, m in zip(shape, alpha, strict=True))
    found = [
        tuple(c if m == 1 else k for c, m, k in zip(cell, alpha, own, strict=True))
        for cell in cells(free)
    ]
    return [(r, *cell) for r in range(rows) for cell in found]


@register
class Prelu(Op):
    """``y = x`` above 0, ``alpha x`` below, alpha learned. He et al. 2015."""

    name = "prelu"
    kernel = "rectifiers.prelu"
    operands: ClassVar[tuple[str, ...]] = ("x", "alpha")

    def integers(self, ins: Instruction) -> list[int]:
        x, alpha, y = ins.inputs["x"], ins.inputs["alpha"], ins.output
        return [x.at, x.row, y.at, y.row, alpha.at, *shared_integers(x.shape, alpha.shape)]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        x, alpha, found = ins.inputs["x"], ins.inputs["alpha"], {}
        if "alpha" in wanted:
            found["alpha"] = e.gradient(
                "prelu_alpha_grad", ins, "alpha", x=x, dy=dy, shape=alpha.shape
            )
        if "x" in wanted:
            found["x"] = e.gradient("prelu_grad", ins, "x", x=x, alpha=alpha, dy=dy)
        return found

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x = ref(ins.inputs["x"], cell)
        below = Product((ref(ins.inputs["alpha"], _own(ins, cell)), x))
        return Call("where", (_positive(x), x, below))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand != "alpha":
            return [cell]
        alpha, rows = ins.inputs["alpha"].shape, ins.attributes.get("rows", 1)
        return _readers(ins.output.shape, alpha, cell, rows)

    def right_side(self, ins: Instruction) -> str:
        x, alpha = ins.inputs["x"].symbol, ins.inputs["alpha"].symbol
        return f"{x} > 0 ? {x} : {alpha} ∘ {x}"


@register
class PreluGrad(Prelu):
    """Slope 1 above 0, alpha below, and 0 at 0 as in Keras, which makes it of two ReLUs."""

    name = "prelu_grad"
    kernel = "rectifiers.prelu_grad"
    operands = ("x", "alpha", "dy")

    def integers(self, ins: Instruction) -> list[int]:
        x, alpha, dy, dx = (*(ins.inputs[key] for key in self.operands), ins.output)
        shared = shared_integers(x.shape, alpha.shape)
        return [x.at, x.row, alpha.at, dy.at, dy.row, dx.at, dx.row, *shared]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ref(ins.inputs["x"], cell), ref(ins.inputs["dy"], cell)
        alpha = ref(ins.inputs["alpha"], _own(ins, cell))
        below = Product((alpha, _positive(Negate(x))))
        return Product((dy, Call("where", (_positive(x), Number(1), below))))

    def right_side(self, ins: Instruction) -> str:
        x, alpha, dy = (ins.inputs[key].symbol for key in self.operands)
        return f"{dy} ∘ ({x} > 0 ? 1 : {alpha})"


@register
class PreluAlphaGrad(Op):
    """``dalpha = Σ dy x`` where x is negative, over samples and the places that share it. Attribute: `shape`."""

    name = "prelu_alpha_grad"
    kernel = "rectifiers.prelu_alpha_grad"
    operands = ("x", "dy")

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> Shape:
        return tuple(attributes["shape"])  # type: ignore[arg-type]

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        x, dy, out = ins.inputs["x"], ins.inputs["dy"], ins.output
        shared = shared_integers(x.shape, out.shape)
        return [x.at, x.row, dy.at, dy.row, out.at, out.size, *shared]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        x, dy = ins.inputs["x"], ins.inputs["dy"]
        places = _readers(x.shape, ins.output.shape, cell, ins.attributes.get("rows", 1))
        below = (Negate(Call("relu", (Negate(ref(x, p)),))) for p in places)
        return Sum(tuple(Product((ref(dy, p), b)) for p, b in zip(places, below, strict=True)))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [tuple(0 if n == 1 else k for k, n in zip(cell[1:], ins.output.shape, strict=True))]

    def right_side(self, ins: Instruction) -> str:
        x, dy = ins.inputs["x"].symbol, ins.inputs["dy"].symbol
        return f"Σ {dy} ∘ min({x}, 0)"


# ---- where a mask says so -------------------------------------------------------------------------------------------


@register
class Select(Op):
    """``y = x`` where the mask is above 1/2, else the attribute `other`; the mask's axes are x's or 1.

    For softmax over what is not masked: numbers become -1e9 before it, so that their exponentials vanish, and 0 after
    it, so that a row in which all is masked is 0 and not one over n (as in Keras).
    """

    name = "select"
    kernel = "rectifiers.select"
    operands = ("x", "mask")

    def integers(self, ins: Instruction) -> list[int]:
        x, mask, y = ins.inputs["x"], ins.inputs["mask"], ins.output
        shared = shared_integers(x.shape, mask.shape)
        return [x.at, x.row, y.at, y.row, mask.at, mask.row, *shared]

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["other"]]

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        if "x" not in wanted:
            return {}
        return {"x": e.gradient("select", ins, "x", x=dy, mask=ins.inputs["mask"], other=0.0)}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        shape = ins.inputs["mask"].shape
        place = tuple(0 if n == 1 else k for k, n in zip(cell[1:], shape, strict=True))
        keep = _positive(minus(ref(ins.inputs["mask"], (cell[0], *place)), Number(0.5)))
        return Call("where", (keep, ref(ins.inputs["x"], cell), Number(ins.attributes["other"])))

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        if operand != "mask":
            return [cell]
        found = _readers(ins.output.shape, ins.inputs["mask"].shape, cell[1:], 1)
        return [(cell[0], *c[1:]) for c in found]

    def right_side(self, ins: Instruction) -> str:
        x, mask = ins.inputs["x"].symbol, ins.inputs["mask"].symbol
        return f"{mask} > 0.5 ? {x} : {ins.attributes['other']:g}".replace("-", "−")
