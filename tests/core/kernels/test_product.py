"""The product against its definition, for shapes of all kinds of tiles and tails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numba import njit

from core.kernels.product import product

BEHIND = 64


@njit(nogil=True, error_model="numpy")
def _run(mem, m, n, k, s, strides, init, outer):  # type: ignore[no-untyped-def]
    a, ams, aks, ass, b, bks, bss, c, cms = strides
    P, ap, bp, cp, Q, aq, bq, cq = outer
    product(mem, m, n, k, s, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq)  # fmt: skip


@dataclass
class Case:
    """A product of random numbers whose rows of C lie one after the other for all p and q."""

    m: int
    n: int
    k: int
    s: int
    P: int = 1
    Q: int = 1
    accumulate: bool = False
    turned: bool = False
    dtype: str = "float32"

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A (P, Q, S, K, m) or with m before K, B (S, K, n), C (P, Q, m, n)."""
        rng = np.random.default_rng([self.m, self.n, self.k, self.s])
        inner = (self.k, self.m) if self.turned else (self.m, self.k)
        a = rng.normal(size=(self.P, self.Q, self.s, *inner)).astype(self.dtype)
        b = rng.normal(size=(self.s, self.k, self.n)).astype(self.dtype)
        return a, b, rng.normal(size=(self.P, self.Q, self.m, self.n)).astype(self.dtype)

    def run(self, rows: tuple[int, int] | None = None, columns: int = 0) -> np.ndarray:
        """C: at once, or only a stretch of the rows of each (p, q), or without the first columns."""
        a, b, c = self.arrays()
        mem = np.concatenate([a.ravel(), b.ravel(), c.ravel(), np.full(BEHIND, 7, self.dtype)])
        first, last = rows or (0, self.m)
        ams, aks = (1, self.m) if self.turned else (self.k, 1)
        size, at_b, at_c = self.m * self.k, a.size, a.size + b.size
        strides = (
            first * ams, ams, aks, size, at_b + columns, self.n, self.k * self.n, at_c + first * self.n + columns,
            self.n,
        )  # fmt: skip
        images, image = self.s * size, self.m * self.n
        outer = (self.P, self.Q * images, 0, self.Q * image, self.Q, images, 0, image)
        init = -2 if self.accumulate else -1
        _run(mem, last - first, self.n - columns, self.k, self.s, strides, init, outer)
        assert (mem[-BEHIND:] == 7).all()
        assert np.array_equal(mem[:at_c], np.concatenate([a.ravel(), b.ravel()]))
        return mem[at_c:-BEHIND].reshape(c.shape)

    def expected(self) -> np.ndarray:
        """The definition, in float64."""
        a, b, c = (x.astype(np.float64) for x in self.arrays())
        way = "pqskm,skn->pqmn" if self.turned else "pqsmk,skn->pqmn"
        return np.einsum(way, a, b) + (c if self.accumulate else 0)


SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 14, 17, 27, 32]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 12, 16, 19, 32, 50])
@pytest.mark.parametrize("accumulate", [False, True])
def test_every_number_of_rows_and_columns(n: int, accumulate: bool) -> None:
    for m in SIZES:
        case = Case(m, n, 11, 2, accumulate=accumulate, turned=m % 2 == 0)
        assert np.allclose(case.run(), case.expected(), rtol=0, atol=1e-5), case


@pytest.mark.parametrize("n", [1, 4, 8, 10, 16, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("accumulate", [False, True])
def test_rows_of_images_that_go_on_are_what_they_are_one_by_one(
    n: int, dtype: str, accumulate: bool
) -> None:
    """Folded, a tile holds rows of several q: their bits are those they have when each q is computed alone."""
    for m in SIZES:
        case = Case(m, n, 9, 3, 2, 5, accumulate, turned=m % 3 == 0, dtype=dtype)
        got = case.run()
        assert np.allclose(got, case.expected(), rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)
        for p, q in np.ndindex(2, 5):
            assert np.array_equal(got[p, q], _alone(case, p, q)), (case, p, q)


def _alone(case: Case, p: int, q: int) -> np.ndarray:
    """Row by row, each a product of its own: nothing is folded and no tile has a second row."""
    a, b, c = case.arrays()
    out = []
    for row in range(case.m):
        own = a[p, q, :, :, row] if case.turned else a[p, q, :, row, :]
        mem = np.concatenate([own.ravel(), b.ravel(), c[p, q, row], np.zeros(BEHIND, case.dtype)])
        strides = (0, 0, 1, case.k, own.size, case.n, case.k * case.n, own.size + b.size, case.n)
        init = -2 if case.accumulate else -1
        _run(mem, 1, case.n, case.k, case.s, strides, init, (1, 0, 0, 0, 1, 0, 0, 0))
        out.append(mem[own.size + b.size : own.size + b.size + case.n])
    return np.array(out)


@pytest.mark.parametrize("n", [8, 10, 24, 33])
def test_bits_do_not_depend_on_how_rows_and_columns_are_cut(n: int) -> None:
    case = Case(29, n, 23, 2, 2, 3)
    whole = case.run()
    for first, last in ((0, 16), (16, 29), (3, 12)):
        assert np.array_equal(case.run((first, last))[:, :, first:last], whole[:, :, first:last])
    for columns in (1, 5, 7):
        assert np.array_equal(case.run(columns=columns)[..., columns:], whole[..., columns:])
