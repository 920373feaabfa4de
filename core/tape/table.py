"""The table of compiled kernels: compiled when first needed, found in Numba's cache afterwards, called by number."""

from __future__ import annotations

import importlib
from typing import Any

from core.tape import cache

cache.prepare()

import numpy as np  # noqa: E402
from numba import types  # noqa: E402

# Private to Numba: the minor release is pinned in pyproject.toml and tests/core/tape/test_table.py guards it.
from numba.experimental.function_type import _get_wrapper_address  # noqa: E402

from core.kernels.kept import kept  # noqa: E402


class Kernel:
    """A compiled kernel and the address of its C wrapper.

    The machine calls kernels by address. A typed list of first-class functions does the same, but Numba compiles the
    list itself anew at every start (0.2 s), and appending dispatchers takes 0.15-0.2 s each.
    """

    def __init__(self, function: Any, signature: Any) -> None:
        self.signature = signature
        self.dispatcher = kept(function)
        self.dispatcher.compile(signature)
        self.address = int(_get_wrapper_address(self.dispatcher, signature))  # type: ignore[no-untyped-call]


class Table:
    """Kernels of one element type. Numbers are handed out in the order of first use."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        real = types.float32 if dtype == np.float32 else types.float64
        self._signature = types.void(
            real[::1], types.int64[::1], types.float64[::1], types.int64[::1]
        )
        self._numbers: dict[str, int] = {}
        # Compiled code lives as long as its kernel object.
        self._alive: list[Kernel] = []

    def number(self, name: str) -> int:
        """The number of a kernel (``"dense.bias_add"``), compiling it if this is its first use."""
        if name not in self._numbers:
            module, function = name.split(".")
            kernel = Kernel(
                getattr(importlib.import_module(f"core.kernels.{module}"), function),
                self._signature,
            )
            self._alive.append(kernel)
            self._numbers[name] = len(self._alive) - 1
        return self._numbers[name]

    def addresses(self, numbers: np.ndarray) -> np.ndarray:
        """Where the machine finds the kernels of these numbers."""
        return np.array([self._alive[k].address for k in numbers], np.int64)


_TABLES: dict[str, Table] = {}


def table(dtype: np.dtype[Any] | type) -> Table:
    """The one table of an element type (float32 to run, float64 to check)."""
    key = np.dtype(dtype).name
    if key not in _TABLES:
        _TABLES[key] = Table(np.dtype(dtype))
    return _TABLES[key]
