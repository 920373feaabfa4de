"""Chance, as a function of seed, layer, step and place."""

from __future__ import annotations

from math import prod

from core.expressions import Expr
from core.ops.base import Cell, Instruction, Op, ref, register, span_integers
from core.ops.shared import shared_integers


class Random(Op):
    """Drawn numbers of the shape of `like`.

    Attributes of an instruction: `stream` (the layer's number; the emitter gives it) and `seed` (the layer's own, or
    None for the run's).
    """

    random = True
    operands = ("like",)

    def seed(self, ins: Instruction) -> list[int]:
        """(seeded, seed) as the kernels read it."""
        own = ins.attributes.get("seed")
        return [0, 0] if own is None else [1, int(own)]

    def stream(self, ins: Instruction) -> int:
        """Layers with the same seed of their own draw the same numbers, as in Keras."""
        return int(ins.attributes["stream"]) if ins.attributes.get("seed") is None else 0

    def integers(self, ins: Instruction) -> list[int]:
        y = ins.output
        return [*span_integers(y), self.stream(ins), y.size, *self.seed(ins)]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        # A drawn number has no formula: it is itself.
        return ref(ins.output, cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return []


@register
class DropoutMask(Random):
    """``0`` with chance `rate`, else ``1 / (1 - rate)``. Srivastava et al. 2014. Attribute: `rate`."""

    name = "dropout_mask"
    kernel = "random.dropout_mask"

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["rate"]]

    def right_side(self, ins: Instruction) -> str:
        return f"dropout({ins.attributes['rate']:g})"


@register
class SharedDropoutMask(DropoutMask):
    """A mask in which one draw serves several places. Attributes: `rate`, `shared` (the draws' shape, 1 where shared).

    The first number of `shared` is 1 if all samples of the batch share the draws.
    """

    name = "shared_dropout_mask"
    kernel = "random.shared_dropout_mask"

    def integers(self, ins: Instruction) -> list[int]:
        y, (rows, *shape) = ins.output, ins.attributes["shared"]
        draws = 0 if rows == 1 else prod(shape)
        head = [y.at, y.row, self.stream(ins), *self.seed(ins), draws]
        return [*head, *shared_integers(y.shape, tuple(shape))]


@register
class GaussianNoise(Random):
    """Normal numbers with mean 0. Attribute: `deviation`."""

    name = "gaussian_noise"
    kernel = "random.gaussian_noise"

    def reals(self, ins: Instruction) -> list[float]:
        return [ins.attributes["deviation"]]

    def right_side(self, ins: Instruction) -> str:
        return f"noise(0, {ins.attributes['deviation']:g}²)"
