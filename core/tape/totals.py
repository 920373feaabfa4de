"""What is summed over an epoch, and the numbers that follow from it: the one place where they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from core.tape.program import Program
    from core.tape.tensors import Tensor


@dataclass(frozen=True, eq=False)
class Total:
    """Where the number of an epoch stands.

    Attributes
    ----------
    value
        The number, or with a `count` the running sum whose mean it is.
    count
        How much is in the sum; None if `value` is the number itself.
    result
        The numbers it is made of (of each class, a matrix), if there are several.
    sums
        What is summed over the epoch.
    logged
        False for what is no single number: it is asked for, and not logged.
    """

    value: Tensor
    count: Tensor | None = None
    result: Tensor | None = None
    sums: tuple[Tensor, ...] = ()
    logged: bool = True

    def read(self, program: Program) -> float:
        """The number, as far as the epoch has come; 0 if nothing counts."""
        value = float(program.mem[self.value.at])
        if self.count is None:
            return value
        count = float(program.mem[self.count.at])
        return value / count if count else 0.0

    def read_all(self, program: Program) -> Any:
        """All numbers: an array, or the single one."""
        if self.result is None:
            return self.read(program)
        return np.array(program.tensor(self.result.name))


def epoch_values(program: Program) -> dict[str, float]:
    """Loss and metrics of the epoch so far by name."""
    return {
        name: total.read(program) for name, total in program.tape.totals.items() if total.logged
    }


def all_values(program: Program) -> dict[str, Any]:
    """The same with every number of those that have several, and with those that are not logged."""
    return {name: total.read_all(program) for name, total in program.tape.totals.items()}
