"""From formulas to the short lists of instructions that `core.kernels.landscape` runs.

Equal parts of a formula are computed once. Registers that nobody reads any more are used again, but for those of an
optimizer's rule, all of whose lines are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
    children,
)

if TYPE_CHECKING:
    import numpy as np

    from core.optimizers import Optimizer

#: As in `core.kernels.landscape`, which is not imported before something is computed: it brings Numba.
NAMES = (
    "copy", "add", "subtract", "multiply", "divide", "negate", "square", "whole_power", "power", "exp", "log", "sqrt",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sigmoid", "softplus", "relu", "abs",
    "sign", "max", "min",
)  # fmt: skip
_NUMBER = {name: k for k, name in enumerate(NAMES)}
#: Functions of one number.
FUNCTIONS = NAMES[_NUMBER["exp"] : _NUMBER["max"]]
#: Whole exponents up to this are multiplied out: as exact as a power, and faster.
_MULTIPLIED = 16


@dataclass(frozen=True)
class Program:
    """A formula, or the lines of a rule, as instructions.

    Attributes
    ----------
    code
        (operation, target, a, b) of each instruction. Of "whole_power" b is the exponent.
    constants
        Numbers of the registers from `first` on.
    first
        How many registers are inputs.
    registers
        How many there are in all.
    results
        The registers that are asked for.
    """

    code: tuple[tuple[int, int, int, int], ...]
    constants: tuple[float, ...]
    first: int
    registers: int
    results: tuple[int, ...]

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The instructions and the constants as kernels take them."""
        import numpy as np

        code = np.array(self.code, np.int64).reshape(len(self.code), 4)
        return code, np.array(self.constants, np.float64)


class _Writer:
    """Writes instructions into registers without end; `of_formula` packs them."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self.code: list[tuple[int, int, int, int]] = []
        self.constants: dict[float, int] = {}
        self.known: dict[str, int] = {name: k for k, name in enumerate(inputs)}
        self.done: dict[tuple[int, int, int], int] = {}
        #: Registers: inputs from 0, constants from -1 downwards, results from `inputs` on.
        self.next = len(inputs)

    def constant(self, value: float) -> int:
        if value not in self.constants:
            self.constants[value] = -1 - len(self.constants)
        return self.constants[value]

    def put(self, name: str, a: int, b: int = 0) -> int:
        key = (_NUMBER[name], a, b)
        if key not in self.done:
            self.done[key] = self.next
            self.code.append((key[0], self.next, a, b))
            self.next += 1
        return self.done[key]

    def write(self, expr: Expr) -> int:
        """The register with the value of an expression."""
        if isinstance(expr, Ref):
            return self.known[expr.tensor]
        if isinstance(expr, (Number, Symbol)):
            return self.constant(float(expr.value))
        if isinstance(expr, Sum):
            return self._sum(expr)
        if isinstance(expr, Product):
            total = self.write(expr.factors[0])
            for factor in expr.factors[1:]:
                total = self.put("multiply", total, self.write(factor))
            return total
        if isinstance(expr, Quotient):
            return self.put("divide", self.write(expr.numerator), self.write(expr.denominator))
        if isinstance(expr, Negate):
            return self.put("negate", self.write(expr.x))
        if isinstance(expr, Power):
            return self._power(expr)
        assert isinstance(expr, Call)
        given = [self.write(argument) for argument in expr.arguments]
        if expr.function in ("max", "min"):
            best = given[0]
            for other in given[1:]:
                best = self.put(expr.function, best, other)
            return best
        return self.put(expr.function, given[0])

    def _sum(self, expr: Sum) -> int:
        total = self.write(expr.terms[0])
        for term in expr.terms[1:]:
            if isinstance(term, Negate):
                total = self.put("subtract", total, self.write(term.x))
            else:
                total = self.put("add", total, self.write(term))
        return total

    def _power(self, expr: Power) -> int:
        exponent = whole(expr.exponent)
        if exponent is None or abs(exponent) > _MULTIPLIED:
            return self.put("power", self.write(expr.base), self.write(expr.exponent))
        if exponent == 0:
            return self.constant(1.0)
        base = self.write(expr.base)
        if exponent == 1:
            return base
        return (
            self.put("square", base) if exponent == 2 else self.put("whole_power", base, exponent)
        )


def whole(expr: Expr) -> int | None:
    """The whole number that an expression is, if it is one."""
    if isinstance(expr, Negate):
        inside = whole(expr.x)
        return None if inside is None else -inside
    if isinstance(expr, Number) and expr.value == int(expr.value):
        return int(expr.value)
    return None


def of_formula(expr: Expr, inputs: Sequence[str]) -> Program:
    """The program of one formula over inputs by name."""
    writer = _Writer(inputs)
    result = writer.write(expr)
    return _packed(writer, result)


def _packed(writer: _Writer, result: int) -> Program:
    """The same with few registers: those of what nobody reads any more are used again."""
    inputs, constants = writer.next - len(writer.code), len(writer.constants)
    last = {result: len(writer.code)}
    for at in range(len(writer.code) - 1, -1, -1):
        for register in _read(writer.code[at]):
            last.setdefault(register, at)
    place: dict[int, int] = {}
    free: list[int] = []
    count = inputs + constants

    def at_place(register: int) -> int:
        if register < 0:
            return inputs - 1 - register
        return place.get(register, register)

    code: list[tuple[int, int, int, int]] = []
    for at, (op, out, a, b) in enumerate(writer.code):
        read = at_place(a), b if NAMES[op] == "whole_power" else at_place(b)
        free += {place[r] for r in _read(writer.code[at]) if r >= inputs and last[r] == at}
        if free:
            place[out] = free.pop()
        else:
            place[out] = count
            count += 1
        code.append((op, place[out], *read))
    return Program(tuple(code), tuple(writer.constants), inputs, count, (at_place(result),))


def _read(instruction: tuple[int, int, int, int]) -> tuple[int, ...]:
    op, _, a, b = instruction
    two = NAMES[op] in ("add", "subtract", "multiply", "divide", "power", "max", "min")
    return (a, b) if two else (a,)


@dataclass(frozen=True)
class Rule:
    """An optimizer's rule as a program.

    Attributes
    ----------
    program
        Its inputs are g, w, rate, the factors, and what is remembered.
    factors
        Names of the numbers that all axes share.
    slots
        What is remembered, with the numbers it starts from.
    told
        Names of the lines, in the order of the program's results; the last is "step".
    """

    program: Program
    factors: tuple[str, ...]
    slots: dict[str, float]
    told: tuple[str, ...]


def of_rule(optimizer: Optimizer, factors: Sequence[str]) -> Rule:
    """The program of an optimizer's rule. `factors`: names of the numbers it shares between weights."""
    slots = dict(optimizer.slots)
    writer = _Writer(("g", "w", "rate", *factors, *slots))
    inputs = writer.next
    slot_registers = {name: writer.known[name] for name in slots}
    told: dict[str, int] = {}
    for line in optimizer.rule():
        told[line.name] = writer.known[line.name] = writer.write(line.formula)
    told["step"] = told.pop("step")
    code = list(writer.code)
    constants = len(writer.constants)

    def placed(register: int) -> int:
        if register < 0:
            return inputs - 1 - register
        return register + constants if register >= inputs else register

    packed = [
        (op, placed(out), placed(a), b if NAMES[op] == "whole_power" else placed(b))
        for op, out, a, b in code
    ]
    # What is remembered takes its new value last: lines read the old one until their own is computed. Copies go by way
    # of registers of their own where a line passes on an input as it is.
    results = {name: placed(register) for name, register in told.items()}
    count = inputs + constants + len(code)
    copies = []
    for name, register in results.items():
        if register < inputs + constants:
            packed.append((_NUMBER["copy"], count, register, register))
            results[name] = count
            count += 1
    for name, register in slot_registers.items():
        if name in results:
            copies.append((_NUMBER["copy"], register, results[name], results[name]))
    program = Program(
        (*packed, *copies), tuple(writer.constants), inputs, count, tuple(results.values())
    )
    return Rule(program, tuple(factors), slots, tuple(results))


def depth(expr: Expr) -> int:
    """How deep an expression is nested."""
    deepest, waiting = 0, [(expr, 1)]
    while waiting:
        one, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in children(one)]
    return deepest
