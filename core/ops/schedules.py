"""The learning rate of a step, where it follows a schedule. Attribute `schedule`: one of `core.schedules`."""

from __future__ import annotations

from core.expressions import Expr, Symbol
from core.ops.base import Cell, Instruction, Op, ref, register
from core.tape.tensors import Shape, Tensor


class ScheduleOp(Op):
    """One number a step: a function of how many updates or epochs there have been.

    A rate that is set by hand while the network trains takes the place of the schedule's from then on.
    """

    operands = ("hand",)

    def shape(self, inputs: dict[str, Tensor], attributes: dict[str, object]) -> Shape:
        return ()

    def batch(self, inputs: dict[str, Tensor]) -> bool:
        return False

    def integers(self, ins: Instruction) -> list[int]:
        epochs = ins.attributes["schedule"].clock == "epoch"
        return [ins.output.at, ins.inputs["hand"].at, int(epochs)]

    def reals(self, ins: Instruction) -> list[float]:
        return [float(number) for number in ins.attributes["schedule"].numbers()]

    def explain(self, ins: Instruction, cell: Cell) -> Expr:
        if ins.attributes.get("by_hand", False):
            return ref(ins.inputs["hand"], ())
        schedule = ins.attributes["schedule"]
        if schedule.clock == "epoch":
            return self._formula(ins, Symbol("e", float(ins.attributes.get("epoch", 0))))
        return self._formula(ins, Symbol("t", float(ins.attributes.get("iteration", 1)) - 1))

    def _formula(self, ins: Instruction, now: Symbol) -> Expr:
        found: Expr = ins.attributes["schedule"].formula(now)
        return found

    def uses(self, ins: Instruction, operand: str, cell: Cell) -> list[Cell]:
        return [()] if ins.attributes.get("by_hand", False) else []

    def title(self, ins: Instruction) -> str:
        schedule = ins.attributes["schedule"]
        return f"{ins.output.symbol} = {type(schedule).__name__}({schedule.clock})"


@register
class InverseTime(ScheduleOp):
    """``η₀ / (1 + r t/T)``."""

    name = "inverse_time_schedule"
    kernel = "schedules.inverse_time"


@register
class Exponential(ScheduleOp):
    """``η₀ r^(t/T)``."""

    name = "exponential_schedule"
    kernel = "schedules.exponential"


@register
class Polynomial(ScheduleOp):
    """``(η₀ - η₁)(1 - t/T)^p + η₁``."""

    name = "polynomial_schedule"
    kernel = "schedules.polynomial"


@register
class Piecewise(ScheduleOp):
    """One number up to each boundary."""

    name = "piecewise_schedule"
    kernel = "schedules.piecewise"


@register
class Cosine(ScheduleOp):
    """Half a cosine, after a warm-up."""

    name = "cosine_schedule"
    kernel = "schedules.cosine"


@register
class Restarts(ScheduleOp):
    """Half a cosine, again and again (Loshchilov and Hutter 2017)."""

    name = "restarts_schedule"
    kernel = "schedules.restarts"


@register
class OneCycle(ScheduleOp):
    """Up and down once (Smith 2018)."""

    name = "one_cycle_schedule"
    kernel = "schedules.one_cycle"


@register
class SquareRoot(ScheduleOp):
    """``η₀ k / √(epoch + 1)``."""

    name = "square_root_schedule"
    kernel = "schedules.square_root"
