"""Which numbers a number is made of, for instructions that look at images through a window: no Qt, only geometry.

One cell of a convolution, of a pooling, of either's gradient or of an enlarged image is made of the cells of one or two
operands. They are laid out as planes of a grid, the way they are drawn: for a convolution one plane for each channel it
reads, as large as its filter; for the gradient of a filter one plane for each sample, as large as the error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from app.scenes.closeups import Index, Subject


@dataclass(frozen=True)
class Terms:
    """The cells one cell is made of.

    Attributes
    ----------
    left, right
        Names of the tensors; `right` is "" where there is one operand only.
    left_cells, right_cells
        ``(planes, height, width, rank)`` int: indices as the engine counts, the sample first where there is one.
        ``(planes, rank)`` for what is the same for a whole plane.
    there
        ``(planes, height, width)`` bool: False where the window reaches over the edge, or where nothing meets.
    shares
        ``(planes, height, width)`` constant factors, or None.
    how
        How the result comes of the products: ``"sum"``, ``"max"``, ``"mean"``, ``"kept mean"`` (of the places of which
        `right` is 1), ``"kept share"``, ``"winner"`` (planes whose first maximum is at `own` get `right`), or
        ``"equals"`` (those equal to the maximum share `right`).
    kind
        What a plane is: ``"channel"``, ``"filter"``, ``"sample"``, ``"window"`` or "".
    names
        ``(planes,)`` the number of each plane among its kind, from 0.
    own
        ``(planes,)`` place of the cell within each plane's window, counted along its rows; for ``"winner"``.
    """

    left: str
    left_cells: np.ndarray
    there: np.ndarray
    right: str = ""
    right_cells: np.ndarray | None = None
    shares: np.ndarray | None = None
    how: str = "sum"
    kind: str = ""
    names: tuple[Any, ...] = (0,)
    own: np.ndarray | None = None
    #: Which operands have the sample in front of their indices.
    batch: frozenset[str] = frozenset()
    #: Of sums over samples: what of the left and of the right operand is multiplied, for all samples at once.
    stretch: tuple[tuple[Any, ...], tuple[Any, ...] | None] | None = None

    @property
    def planes(self) -> int:
        """How many planes there are."""
        return int(self.there.shape[0])

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of a plane."""
        return int(self.there.shape[1]), int(self.there.shape[2])

    def folded(self) -> Terms:
        """Planes of one row each as the rows of one plane: the features of a sequence lie one under the other."""
        shared = self.right_cells is not None and self.right_cells.ndim == 2
        if self.there.shape[1] != 1 or self.planes == 1 or shared or self.how == "winner":
            return self

        def turned(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array[:, 0][None]

        left, there = turned(self.left_cells), turned(self.there)
        assert left is not None
        assert there is not None
        return replace(
            self, left_cells=left, there=there, right_cells=turned(self.right_cells),
            shares=turned(self.shares), kind=f"{self.kind} rows", names=self.names,
        )  # fmt: skip


@dataclass(frozen=True)
class Values:
    """The numbers of `Terms`; NaN where nothing is known.

    Attributes
    ----------
    left, right
        ``(planes, height, width)``, NaN where nothing is there.
    products
        What is added up, float64; NaN where nothing is there.
    sums
        ``(planes,)`` what each plane gives.
    total
        What all give together.
    winners
        ``(planes,)`` place of the first maximum in each plane, counted along its rows; None where none is looked for.
    """

    left: np.ndarray
    right: np.ndarray | None
    products: np.ndarray
    sums: np.ndarray
    total: float
    winners: np.ndarray | None = None
    count: float = 1.0


def _gather(array: np.ndarray | None, cells: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Cells of an array; NaN where there is none, or where the array is not known that far."""
    found = np.full(there.shape, np.nan)
    if array is None or cells.shape[-1] != array.ndim:
        return found
    known = there & (cells >= 0).all(axis=-1) & (cells < np.array(array.shape)).all(axis=-1)
    found[known] = array[tuple(np.moveaxis(cells[known], -1, 0))]
    return found


def evaluate(terms: Terms, arrays: Mapping[str, np.ndarray], row: int = 0) -> Values:
    """Return the numbers of terms.

    Parameters
    ----------
    terms
        Which cells.
    arrays
        By name, as `app.scenes.closeups.Moment.arrays` has them.
    row
        The sample that ``(1, ...)`` arrays hold.
    """
    there = terms.there
    left = _gather(
        arrays.get(terms.left),
        _known_rows(terms, terms.left_cells, arrays.get(terms.left), row),
        there,
    )
    right = None
    if terms.right and terms.right_cells is not None:
        cells = _known_rows(terms, terms.right_cells, arrays.get(terms.right), row)
        whole = np.ones(cells.shape[:-1], bool) if cells.ndim == 2 else there
        right = _gather(arrays.get(terms.right), cells, whole)
        if right.ndim == 1:
            right = np.broadcast_to(right[:, None, None], there.shape)
    return _HOW[terms.how](terms, left, right)


def _known_rows(terms: Terms, cells: np.ndarray, array: np.ndarray | None, row: int) -> np.ndarray:
    """Indices into an array that holds one sample only: others are counted as unknown."""
    if array is None or array.ndim != cells.shape[-1] or array.shape[0] != 1:
        return cells
    if not (cells[..., 0] > 0).any():
        return cells
    moved = cells.copy()
    moved[..., 0] = np.where(cells[..., 0] == row, 0, -1)
    return moved


def _sums(products: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Sums of planes; a number that is not known makes the sum unknown, a place that is not there does not."""
    sums: np.ndarray = np.where(there, products, 0.0).sum(axis=(1, 2), dtype=np.float64)
    return sums


def _of_sum(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    products = left.astype(np.float64)
    if right is not None:
        products = products * right
    if terms.shares is not None:
        products = products * terms.shares
    sums = _sums(products, terms.there)
    return Values(left, right, products, sums, float(sums.sum()))


def _of_max(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    flat = np.where(terms.there, left, -np.inf).reshape(terms.planes, terms.grid[0] * terms.grid[1])
    best = flat.argmax(axis=1)
    sums = flat[np.arange(terms.planes), best].astype(np.float64)
    if np.isnan(left[terms.there]).any():
        sums = np.full(terms.planes, np.nan)
    return Values(left, None, left.astype(np.float64), sums, float(sums.max(initial=-np.inf)), best)


def _of_mean(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    sums, count = _sums(left.astype(np.float64), terms.there), float(terms.there.sum())
    return Values(
        left, None, left.astype(np.float64), sums, float(sums.sum()) / count if count else 0.0, count=count
    )  # fmt: skip


def _of_kept_mean(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    assert right is not None
    products = np.where(np.isnan(right), np.nan, np.where(right > 0, left, 0.0))
    sums, count = _sums(products, terms.there), float(np.where(terms.there, right, 0.0).sum())
    total = float(sums.sum()) / count if count else float("nan")
    return Values(left, right, products, sums, total, count=count)


def _of_kept_share(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    """`left` are the marks of all steps, `right` the error, `own` the place of the step."""
    assert right is not None
    assert terms.own is not None
    count = float(np.where(terms.there, left, 0.0).sum())
    mine = float(left.reshape(-1)[int(terms.own[0])])
    error = float(right.reshape(-1)[0])
    total = float("nan") if count != count else error / count if mine > 0 else 0.0
    return Values(left, right, left.astype(np.float64), np.array([total]), total, count=count)


def _of_winner(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    assert right is not None
    assert terms.own is not None
    flat = np.where(terms.there, left, -np.inf).reshape(terms.planes, terms.grid[0] * terms.grid[1])
    best = flat.argmax(axis=1)
    errors = right[:, 0, 0].astype(np.float64)
    sums = np.where(best == terms.own, errors, 0.0)
    if np.isnan(left[terms.there]).any():
        sums = np.full(terms.planes, np.nan)
    return Values(left, right, left.astype(np.float64), sums, float(sums.sum()), best)


def _of_equals(terms: Terms, left: np.ndarray, right: np.ndarray | None) -> Values:
    assert right is not None
    assert terms.own is not None
    flat = np.where(terms.there, left, -np.inf).reshape(1, -1)
    top, own = float(flat.max()), int(terms.own[0])
    count = float((flat == top).sum())
    error = float(right.reshape(-1)[0])
    total = error / count if flat[0, own] == top else 0.0
    if np.isnan(left[terms.there]).any():
        total = float("nan")
    best = flat.argmax(axis=1)
    return Values(left, right, left.astype(np.float64), np.array([total]), total, best, count)


_HOW: dict[str, Callable[[Terms, np.ndarray, np.ndarray | None], Values]] = {
    "sum": _of_sum, "max": _of_max, "mean": _of_mean, "kept mean": _of_kept_mean,
    "kept share": _of_kept_share, "winner": _of_winner, "equals": _of_equals,
}  # fmt: skip


# ---- from an instruction to its terms ----------------------------------------------------------------------------

_Rule = Callable[["Subject", Mapping[str, str], Mapping[str, Any], np.ndarray], Terms]
_RULES: dict[str, _Rule] = {}


def rule(*names: str) -> Callable[[_Rule], _Rule]:
    """Register what makes the terms of operations of these names."""

    def registered(function: _Rule) -> _Rule:
        for name in names:
            _RULES[name] = function
        return function

    return registered


def known(op: str) -> bool:
    """Tell whether there is a rule for an operation."""
    import app.scenes.closeups.gathering_rules  # noqa: F401 - fills the rules

    return op in _RULES


def terms_of(subject: Subject, sample: int | None = None) -> Terms:
    """Return the cells the chosen cell is made of.

    Parameters
    ----------
    subject
        The instruction and the cell.
    sample
        Of what is summed over the samples of the batch only this one; all by default.

    Raises
    ------
    KeyError
        There is no rule for this operation.
    """
    import app.scenes.closeups.gathering_rules  # noqa: F401 - fills the rules

    line = subject.instruction
    samples = np.arange(subject.rows) if sample is None else np.array([sample])
    terms = _RULES[line.op](subject, line.operands, line.attributes, samples)
    batch = (name for name in (terms.left, terms.right) if name and subject.info(name).batch)
    return replace(terms.folded(), batch=frozenset(batch))


def sample_sums(terms: Terms, arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Return what each sample gives to a sum over samples, ``(rows,)`` float64; None if that is not known."""
    left = arrays.get(terms.left)
    if terms.stretch is None or left is None:
        return None
    a = left[terms.stretch[0]]
    axes = tuple(range(1, a.ndim))
    if terms.stretch[1] is None:
        return np.asarray(a.sum(axis=axes, dtype=np.float64))
    right = arrays.get(terms.right)
    if right is None or len(right) != len(left):
        return None
    return np.asarray(np.einsum("ruv,ruv->r", a, right[terms.stretch[1]], dtype=np.float64))


def cells_at(*parts: Any) -> np.ndarray:
    """Index arrays of one shape, or numbers, as one array of indices."""
    arrays = np.broadcast_arrays(*(np.asarray(part, np.int64) for part in parts))
    return np.stack(arrays, axis=-1)


def whole(subject: Subject, name: str) -> Index:
    """Shape of a tensor without the sample."""
    return tuple(subject.info(name).shape)
