"""The accuracies: the share of answers that are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.metrics.base import LABELS, ONE_HOT, Metric, flag, whole

if TYPE_CHECKING:
    from core.tape.tensors import Shape, Tensor
    from core.tape.writing import Writing, Written

#: Kinds of `accuracy_rows` and `top_k_rows`.
_LABELS, _ONE_HOT, _BINARY, _EQUAL = 0, 1, 2, 3


class _OfRows(Metric):
    """A mean of 1 where a list is right and 0 where it is wrong."""

    def write(self, w: Writing) -> Written:
        return w.mean(self.rows(w), self.symbol)

    #: How formulas call it.
    symbol = "accuracy"

    def rows(self, w: Writing) -> Tensor:
        """1 for every list that is right."""
        raise NotImplementedError


class Accuracy(_OfRows):
    """The share of numbers that are equal to their targets."""

    single = True

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def rows(self, w: Writing) -> Tensor:
        return w.op("accuracy_rows", w.p, w.target, role="rows", symbol="right", kind=_EQUAL)


class BinaryAccuracy(_OfRows):
    """The share of numbers that are on their target's side of `threshold`; targets are 0 and 1."""

    single = True
    counterpart = "sparse_categorical_accuracy"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(name, dtype)
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
            raise SettingError(
                f"BinaryAccuracy: threshold must be a number; it is {threshold!r}.", "threshold"
            )
        self.threshold = float(threshold)

    def rows(self, w: Writing) -> Tensor:
        return w.op("accuracy_rows", w.p, w.target, role="rows", symbol="right", kind=_BINARY,
                    threshold=self.threshold)  # fmt: skip


class CategoricalAccuracy(_OfRows):
    """The share of lists whose largest number is where the one-hot target has its 1."""

    targets = ONE_HOT
    counterpart = "sparse_categorical_accuracy"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def rows(self, w: Writing) -> Tensor:
        return w.op("accuracy_rows", w.p, w.target, role="rows", symbol="right", kind=_ONE_HOT)


class SparseCategoricalAccuracy(_OfRows):
    """The share of lists whose largest number is where the label says."""

    targets = LABELS
    counterpart = "categorical_accuracy"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def rows(self, w: Writing) -> Tensor:
        return w.op("accuracy_rows", w.p, w.target, role="rows", symbol="right", kind=_LABELS)


class _TopK(_OfRows):
    symbol = "top k"
    k: int

    def problem(self, outputs: Shape, *, sparse: bool) -> str:
        last = outputs[-1] if outputs else 1
        if self.k > last:
            return (
                f"{self.name} asks whether the right class is among the {self.k} best, but there are only {last}. "
                f"Give it "
                f"a smaller k: {type(self).__name__}(k={max(1, last - 1)})."
            )
        return super().problem(outputs, sparse=sparse)


class TopKCategoricalAccuracy(_TopK):
    """The share of lists in which the one-hot target's class is among the `k` largest; equal ones share a place."""

    targets = ONE_HOT
    counterpart = "sparse_top_k_categorical_accuracy"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        self.k = whole(self, "k", k, 1)

    def rows(self, w: Writing) -> Tensor:
        return w.op(
            "top_k_rows", w.p, w.target, role="rows", symbol="right", kind=_ONE_HOT, k=self.k
        )


class SparseTopKCategoricalAccuracy(_TopK):
    """The share of lists in which the label is among the `k` largest; equal numbers share a place.

    With `from_sorted_ids` predictions are the classes themselves, the best first.
    """

    targets = LABELS
    counterpart = "top_k_categorical_accuracy"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = whole(self, "k", k, 1)
        self.from_sorted_ids = flag(self, "from_sorted_ids", from_sorted_ids)

    def rows(self, w: Writing) -> Tensor:
        kind = 2 if self.from_sorted_ids else _LABELS
        return w.op("top_k_rows", w.p, w.target, role="rows", symbol="right", kind=kind, k=self.k)
