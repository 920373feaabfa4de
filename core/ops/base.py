"""What an operation is: a kernel with named operands, its gradient, and how it explains one cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from core.expressions import Expr, Ref
from core.interrupting import glance
from core.tape.tensors import Shape, Tensor

if TYPE_CHECKING:
    from core.tape.emitter import Emitter

Cell = tuple[int, ...]
#: Modes of `core.kernels.span`, repeated here because importing kernels imports Numba.
STRIDED, PACKED, SINGLE = 0, 1, 2


@dataclass(eq=False)
class Instruction:
    """One step of the textbook, as written down by the compiler.

    Attributes
    ----------
    op
        Name of the operation.
    inputs, outputs
        Tensors by the operation's names for them.
    attributes
        Constants: strides, rates, weights of losses.
    layer
        Id of the layer it belongs to, or "".
    phase
        "data", "forward", "loss", "backward" or "update".
    """

    op: str
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    attributes: dict[str, Any] = field(default_factory=dict)
    layer: str = ""
    phase: str = "forward"
    scratch: Tensor | None = None

    @property
    def output(self) -> Tensor:
        """The first output."""
        return next(iter(self.outputs.values()))


@dataclass(frozen=True)
class Half:
    """One of two parts of an instruction that is shared by two threads, each writing cells of its own.

    Attributes
    ----------
    ints
        The kernel's integers of this part.
    cells
        For operands without a batch axis of which only a stretch is touched: from which element to which, by name.
    """

    ints: list[int]
    cells: dict[str, tuple[int, int]]


class Op:
    """Base of every operation. One object per operation, found by name.

    `kernel` names the compiled function (``"module.function"`` in `core.kernels`).
    """

    name: ClassVar[str] = ""
    kernel: ClassVar[str] = ""
    #: Names of the operands, in the order in which `Emitter.op` takes them.
    operands: ClassVar[tuple[str, ...]] = ("x",)
    #: True if its result is drawn: a function of seed, stream, step and place, without a formula or a gradient.
    random: ClassVar[bool] = False
    #: True if what it writes for one sample depends on others: it is not shared by rows of the batch.
    mixes_rows: ClassVar[bool] = False
    #: True if its kernel may stop the machine with an error code.
    may_fail: ClassVar[bool] = False
    #: Of a backward operation that is a learning rule and not the derivative: why, in a sentence for learners.
    not_the_slope: ClassVar[str] = ""
    #: Of a bounded function that hardly answers any more near the ends of its range: these ends.
    limits: ClassVar[tuple[float, float] | None] = None

    def dies(self, attributes: dict[str, Any]) -> bool:
        """True if a unit whose output is 0 has no slope, so that it may stay there for good: ReLU and its kin."""
        return False

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, Any]) -> Shape:
        """Shape of the output without the batch axis."""
        return next(iter(inputs.values())).shape

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        """True if the output has a batch axis."""
        return any(t.batch for t in inputs.values())

    def scratch(self, ins: Instruction) -> int:
        """Elements of working memory the kernel needs; not part of what is shown or undone."""
        return 0

    def integers(self, ins: Instruction) -> list[int]:
        """The kernel's integers. Called once places in the arena are known."""
        raise NotImplementedError(self.name)

    def work(self, ins: Instruction, rows: int) -> int:
        """About how long the kernel takes for a batch of `rows`, in multiply-adds."""
        tensors = (*ins.inputs.values(), *ins.outputs.values())
        return 2 * sum(t.size * (rows if t.batch else 1) for t in tensors)

    def halves(self, ins: Instruction) -> tuple[Half, Half] | None:
        """The instruction as two that write different cells, if what it writes has no batch axis.

        Every cell must come about by the same operations in the same order as in the whole: the same bits.
        """
        return None

    def reals(self, ins: Instruction) -> list[float]:
        """The kernel's constants."""
        return []

    def backward(
        self, e: Emitter, ins: Instruction, dy: Tensor, wanted: set[str]
    ) -> dict[str, Tensor]:
        """Write the instructions for the gradients of the operands in `wanted`.

        Returns
        -------
        Gradients by operand.
        """
        return {}

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        """What the kernel computes for `cell` of the output, over references to its operands."""
        raise NotImplementedError(self.name)

    def explain_output(self, ins: Instruction, output: str, cell: Cell) -> Expr:
        """The same for another output than the first, by the operation's name for it."""
        return self.explain(ins, cell)

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        """Cells of the output that read `cell` of an operand. By default the same cell."""
        return [cell]

    def title(self, ins: Instruction) -> str:
        """The instruction in one line of Unicode: ``z¹ = u¹ + b¹``."""
        return f"{ins.output.symbol} = {self.right_side(ins)}"

    def right_side(self, ins: Instruction) -> str:
        """What stands after the equals sign."""
        return f"{self.name}({', '.join(t.symbol for t in ins.inputs.values())})"

    def tex(self, ins: Instruction) -> str:
        """The instruction in LaTeX."""
        from core.ops.notation import line_to_tex

        return line_to_tex(self.title(ins))


_OPS: dict[str, Op] = {}
_SUPERINSTRUCTIONS: dict[str, Op] = {}


def register(cls: type[Op]) -> type[Op]:
    """Put an operation where `operation` finds it.

    Raises
    ------
    TypeError
        Another one has the name: it would be lost.
    """
    if cls.name in _OPS:
        raise TypeError(f"Two operations are called {cls.name!r}.")
    _OPS[cls.name] = cls()
    return cls


def superinstruction(cls: type[Op]) -> type[Op]:
    """Put an operation where `operation` finds it, but not among those of which tapes are written."""
    _SUPERINSTRUCTIONS[cls.name] = cls()
    return cls


def operation(name: str) -> Op:
    """The operation of this name."""
    import core.ops  # noqa: F401 - fills the registry

    return _OPS[name] if name in _OPS else _SUPERINSTRUCTIONS[name]


def operations() -> Iterable[Op]:
    """All operations of which tapes are written."""
    import core.ops  # noqa: F401

    return _OPS.values()


def superinstructions() -> Iterable[Op]:
    """All that may stand in place of several instructions: `core.ops.fused`."""
    import core.ops  # noqa: F401

    return _SUPERINSTRUCTIONS.values()


# ---- pieces shared by the operations ---------------------------------------------------------------------------


def ref(t: Tensor, cell: Cell) -> Ref:
    """A reference to a cell; the sample's number is left out of the printed index."""
    glance()
    index = cell[1:] if t.batch else cell
    return Ref(t.name, cell, t.symbol, ",".join([str(k + 1) for k in index]))


def span_integers(*tensors: Tensor) -> list[int]:
    """The operands of an elementwise kernel as `core.kernels.span` reads them."""
    if not any(t.batch for t in tensors):
        mode = SINGLE
    elif all(t.batch and t.packed for t in tensors):
        mode = PACKED
    else:
        mode = STRIDED
    out = [mode, tensors[0].size]
    for t in tensors:
        out += [t.at, t.row]
    return out


def middle(n: int) -> int:
    """Where n rows are cut in two: a multiple of what products compute at once, if there are enough of them."""
    together = 8 if n >= 64 else 4 if n >= 8 else 1
    return (n // 2 + together // 2) // together * together


def middle_cell(shape: Shape) -> int:
    """Where the elements of a weight are cut in two: between the rows of its gradient's product, if it is a matrix."""
    if len(shape) == 2 and shape[0] >= 16:
        return middle(shape[0]) * shape[1]
    return middle(prod(shape))


def span_halves(ins: Instruction, ints: list[int]) -> tuple[Half, Half] | None:
    """Halves of an elementwise instruction whose operands have no batch axis and all one size."""
    tensors = {**ins.inputs, **ins.outputs}
    n = ins.output.size
    if ints[0] != SINGLE or any(t.size != n for t in tensors.values()):
        return None
    at = middle_cell(ins.output.shape)
    first, second = list(ints), list(ints)
    first[1], second[1] = at, n - at
    for k in range(len(tensors)):
        second[2 + 2 * k] += at
    return tuple(
        Half(part, dict.fromkeys(tensors, cells))
        for part, cells in ((first, (0, at)), (second, (at, n)))
    )  # type: ignore[return-value]


def channels(t: Tensor) -> list[int]:
    """(inner, channels) of a tensor whose last axis is the channels."""
    return [t.inner, t.last]


def cells(shape: Shape) -> list[Cell]:
    """All indices of a shape."""
    out: list[Cell] = [()]
    for n in shape:
        out = [(*cell, k) for cell in out for k in range(n)]
    return out
