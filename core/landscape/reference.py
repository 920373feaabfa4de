"""What the machine of `core.kernels.landscape` computes, in NumPy: for checks that need no Numba, and for its tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.landscape.program import NAMES, Program

if TYPE_CHECKING:
    import numpy as np

    #: (value, slope by the first input, slope by the second), arrays of one shape.
    Dual = tuple[np.ndarray, np.ndarray, np.ndarray]


def evaluated(program: Program, inputs: list[Any]) -> Dual:
    """Values and slopes of a program at inputs of one shape, of which the first two are the variables."""
    import numpy as np

    arrays = [np.asarray(one, np.float64) for one in inputs]
    zero = np.zeros_like(arrays[0])
    registers: dict[int, Dual] = {}
    for k, array in enumerate(arrays):
        registers[k] = (array, zero + (k == 0), zero + (k == 1))
    for k, number in enumerate(program.constants):
        registers[program.first + k] = (zero + number, zero, zero)
    with np.errstate(all="ignore"):
        for op, out, a, b in program.code:
            name = NAMES[op]
            if name == "whole_power":
                registers[out] = _whole_power(registers[a], b)
            elif name in _OF_TWO:
                registers[out] = _OF_TWO[name](registers[a], registers[b])
            else:
                registers[out] = _of_one(name, registers[a])
    return registers[program.results[0]]


def _chained(slope: np.ndarray, inner: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.where(inner == 0, 0.0, slope * inner)


def _whole_power(x: Dual, n: int) -> Dual:
    slope = n * x[0] ** float(n - 1)
    return x[0] ** float(n), _chained(slope, x[1]), _chained(slope, x[2])


def _of_one(name: str, x: Dual) -> Dual:
    value, slope = _FUNCTIONS[name](x[0])
    return value, _chained(slope, x[1]), _chained(slope, x[2])


def _multiply(x: Dual, y: Dual) -> Dual:
    return x[0] * y[0], x[1] * y[0] + x[0] * y[1], x[2] * y[0] + x[0] * y[2]


def _divide(x: Dual, y: Dual) -> Dual:
    q = x[0] / y[0]
    return q, (x[1] - q * y[1]) / y[0], (x[2] - q * y[2]) / y[0]


def _power(x: Dual, y: Dual) -> Dual:
    import numpy as np

    value = x[0] ** y[0]
    first = y[0] * x[0] ** (y[0] - 1)
    second = np.where(x[0] < 0, np.nan, np.where(value == 0, 0.0, value * np.log(x[0])))
    slopes = [_chained(first, x[k]) + np.where(y[k] == 0, 0.0, second * y[k]) for k in (1, 2)]
    return value, slopes[0], slopes[1]


def _extreme(sign: float) -> Callable[[Dual, Dual], Dual]:
    def chosen(x: Dual, y: Dual) -> Dual:
        import numpy as np

        share = np.where(sign * x[0] > sign * y[0], 1.0, np.where(x[0] == y[0], 0.5, 0.0))
        value = np.where((share == 1.0) | np.isnan(x[0]), x[0], y[0])
        return value, share * x[1] + (1 - share) * y[1], share * x[2] + (1 - share) * y[2]

    return chosen


_OF_TWO: dict[str, Callable[[Dual, Dual], Dual]] = {
    "add": lambda x, y: (x[0] + y[0], x[1] + y[1], x[2] + y[2]),
    "subtract": lambda x, y: (x[0] - y[0], x[1] - y[1], x[2] - y[2]),
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "max": _extreme(1.0),
    "min": _extreme(-1.0),
}


def _sigmoid(x: Any) -> Any:
    import numpy as np

    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + z), z / (1 + z))


def _functions() -> dict[str, Callable[[Any], tuple[Any, Any]]]:
    import numpy as np

    return {
        "copy": lambda x: (x, np.ones_like(x)),
        "negate": lambda x: (-x, -np.ones_like(x)),
        "square": lambda x: (x * x, 2 * x),
        "exp": lambda x: (np.exp(x), np.exp(x)),
        "log": lambda x: (np.log(x), np.where(x > 0, 1 / x, np.nan)),
        "sqrt": lambda x: (np.sqrt(x), 0.5 / np.sqrt(x)),
        "sin": lambda x: (np.sin(x), np.cos(x)),
        "cos": lambda x: (np.cos(x), -np.sin(x)),
        "tan": lambda x: (np.tan(x), 1 + np.tan(x) ** 2),
        "arcsin": lambda x: (np.arcsin(x), 1 / np.sqrt((1 - x) * (1 + x))),
        "arccos": lambda x: (np.arccos(x), -1 / np.sqrt((1 - x) * (1 + x))),
        "arctan": lambda x: (np.arctan(x), 1 / (1 + x * x)),
        "sinh": lambda x: (np.sinh(x), np.cosh(x)),
        "cosh": lambda x: (np.cosh(x), np.sinh(x)),
        "tanh": lambda x: (np.tanh(x), 1 / np.cosh(x) / np.cosh(x)),
        "sigmoid": lambda x: (_sigmoid(x), _sigmoid(x) * _sigmoid(-x)),
        "softplus": lambda x: (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), _sigmoid(x)),
        "relu": lambda x: (np.where(x <= 0, 0.0, x), np.where(x <= 0, 0.0, 1.0)),
        "abs": lambda x: (np.abs(x), np.sign(x)),
        "sign": lambda x: (np.sign(x), np.zeros_like(x)),
    }


class _Functions(dict[str, Callable[[Any], tuple[Any, Any]]]):
    """Filled at first use: documents are read without NumPy."""

    def __missing__(self, name: str) -> Callable[[Any], tuple[Any, Any]]:
        self.update(_functions())
        return self[name]


_FUNCTIONS = _Functions()
