"""Metrics of yes and no: how many answers are rightly or wrongly yes or no, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import SettingError
from core.metrics.base import CLASSES, Metric, chosen, shares, whole
from core.ops.metrics import NOTHING
from core.ops.scores import ALIKE, BY_SUPPORT

if TYPE_CHECKING:
    from core.tape.tensors import Shape, Tensor
    from core.tape.writing import Writing, Written

#: Rows of the counts.
TP, FP, TN, FN = 0, 1, 2, 3


def evenly(thresholds: tuple[float, ...]) -> bool:
    """True if they are spread from 0 to 1 in equal steps: then they need no comparison one by one."""
    count = len(thresholds)
    if count < 3:
        return False
    # As NumPy's allclose with Keras's tolerances.
    return all(
        abs(t - k / (count - 1)) <= 1e-7 + 1e-5 * (k / (count - 1))
        for k, t in enumerate(thresholds)
    )


class _Counting(Metric):
    """Counts answers above one or several thresholds."""

    targets = CLASSES
    single = True
    thresholds: Any
    top_k: int | None = None
    class_id: int | None = None

    def __init__(self, thresholds: Any, name: str | None, dtype: Any) -> None:
        super().__init__(name, dtype)
        self.thresholds = thresholds
        self._limits = (0.5,) if thresholds is None else shares(self, "thresholds", thresholds)

    @property
    def limits(self) -> tuple[float, ...]:
        """The thresholds; those of the k largest answers let every one of them pass."""
        if self.thresholds is None and self.top_k is not None:
            return (NOTHING,)
        return self._limits

    def problem(self, outputs: Shape, *, sparse: bool) -> str:
        last = outputs[-1] if outputs else 1
        if self.top_k is not None and self.top_k > last:
            return (
                f"{self.name} looks at the {self.top_k} largest numbers of a list, but a list has {last}. Give a "
                f"smaller top_k."
            )
        if self.class_id is not None and self.class_id >= last:
            return (
                f"{self.name} looks at class {self.class_id}, but classes are 0 to {last - 1}. Give another "
                f"class_id."
            )
        return super().problem(outputs, sparse=sparse)

    def counted(self, w: Writing) -> Tensor:
        """(4, thresholds): TP, FP, TN and FN of a batch."""
        p, target = w.p, w.one_hot()
        only = -1 if self.class_id is None else self.class_id
        if self.top_k is not None:
            p = w.op("top_k_only", p, role="best", symbol="best ŷ", k=self.top_k)
        limits = self.limits
        if len(limits) > 1:
            return w.op("outcomes_by_threshold", p, target, w.weight, role="counts", symbol="C",
                        thresholds=limits, even=int(evenly(limits)), columns=1, only=only, weights=())  # fmt: skip
        answers = w.op("decide", p, role="answers", symbol="d", way=0, threshold=limits[0])
        return w.op("outcomes", answers, target, w.weight, role="counts", symbol="C",
                    columns=1, only=only, soft=0)  # fmt: skip

    def scores(self, w: Writing, counts: Tensor, role: str) -> Tensor:
        """A number for each threshold."""
        raise NotImplementedError

    def write(self, w: Writing) -> Written:
        def score(s: Tensor, role: str) -> tuple[Tensor, Tensor | None]:
            each = self.scores(w, s, role)
            if len(self.limits) == 1:
                return each, None
            mean = w.op("average_scores", each, role=f"{role}/mean", symbol=f"{self.name} (mean)",
                        way=ALIKE, weights=())  # fmt: skip
            return mean, each

        return w.scored(self.counted(w), score)


class _Quotient(_Counting):
    """TP as a share of TP and another kind."""

    pair: ClassVar[tuple[int, int]] = (TP, FP)

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(thresholds, name, dtype)
        self.top_k = None if top_k is None else whole(self, "top_k", top_k, 1)
        self.class_id = None if class_id is None else whole(self, "class_id", class_id, 0)

    def scores(self, w: Writing, counts: Tensor, role: str) -> Tensor:
        return w.op("quotient_scores", counts, role=role, symbol=self.name, kinds=self.pair)


class Precision(_Quotient):
    """``TP / (TP + FP)``: of the answers that are yes, the share that is right; 0 if there are none.

    An answer is yes if it is above `thresholds` (0.5; several give a number each), or among the `top_k` largest of its
    list. `class_id` counts one class only.
    """


class Recall(_Quotient):
    """``TP / (TP + FN)``: of what should be yes, the share that is found; 0 if there is none.

    Arguments are those of `Precision`.
    """

    pair = (TP, FN)


class _Count(_Counting):
    """One kind of count."""

    share = False
    kind: ClassVar[int] = TP

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name, dtype)

    def scores(self, w: Writing, counts: Tensor, role: str) -> Tensor:
        return w.op("pick_counts", counts, role=role, symbol=self.name, kind=self.kind)


class TruePositives(_Count):
    """How many answers are rightly yes."""


class FalsePositives(_Count):
    """How many answers are wrongly yes."""

    kind = FP
    better = "min"


class TrueNegatives(_Count):
    """How many answers are rightly no."""

    kind = TN


class FalseNegatives(_Count):
    """How many answers are wrongly no."""

    kind = FN
    better = "min"


class FBetaScore(Metric):
    """``(1 + β²) p r / (β² p + r)`` of precision p and recall r: recall counts β times as much as precision.

    An answer is yes if it is the largest of its list, or above `threshold` if one is given. `average` None gives a
    score for each class, "micro" counts all classes together, "macro" is the mean of all classes, "weighted" by their
    samples.
    """

    targets = CLASSES
    flat = True
    average: str | None

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        kind = type(self).__name__
        self.average = chosen(self, "average", average, (None, "micro", "macro", "weighted"))
        if not isinstance(beta, float) or not beta > 0:
            raise SettingError(
                f"{kind}: beta must be a number greater than 0 with a point in it (2.0); it is {beta!r}.",
                "beta",
            )
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise SettingError(
                f"{kind}: threshold must be None or a number greater than 0 and at most 1 with a point in it (0.5); "
                f"it is "
                f"{threshold!r}.",
                "threshold",
            )
        self.beta, self.threshold = beta, threshold

    def write(self, w: Writing) -> Written:
        largest = self.threshold is None
        answers = w.op("decide", w.p, role="answers", symbol="d", way=int(largest),
                       threshold=0.5 if largest else self.threshold)  # fmt: skip
        columns = 1 if self.average == "micro" else w.p.last
        counts = w.op("outcomes", answers, w.one_hot(), w.weight, role="counts", symbol="C",
                      columns=columns, only=-1, soft=1)  # fmt: skip

        def score(s: Tensor, role: str) -> tuple[Tensor, Tensor | None]:
            each = w.op(
                "f_scores", s, role=f"{role}/each", symbol=f"F{self.beta:g}", beta=self.beta
            )
            result = each if self.average is None else None
            if columns == 1 and self.average != "weighted":
                return each, result
            way = BY_SUPPORT if self.average == "weighted" else ALIKE
            mean = w.op("average_scores", each, s if way else None, role=role,
                        symbol=f"F{self.beta:g} (mean)", way=way, weights=())  # fmt: skip
            return mean, result

        return w.scored(counts, score)


class F1Score(FBetaScore):
    """``2 p r / (p + r)`` of precision p and recall r: `FBetaScore` with β = 1."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


class ConfusionMatrix(Metric):
    """How many samples of each class (row) are taken for each class (column). Keras has no such metric.

    The matrix is `result()`, of a compiled model `model.confusion_matrix(x, y)`; it is not logged. Of a single output
    the classes are 0 and 1, told apart at `threshold`.
    """

    targets = CLASSES
    share = False
    better = ""

    def __init__(
        self, threshold: float = 0.5, name: str | None = "confusion_matrix", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        (self.threshold,) = shares(self, "threshold", [threshold])

    def write(self, w: Writing) -> Written:
        from core.tape.totals import Total
        from core.tape.writing import Written

        kind = 2 if w.p.last == 1 else 0 if w.sparse else 1
        counts = w.op("confusion_counts", w.p, w.target, w.weight, role="counts", symbol="C",
                      kind=kind, threshold=self.threshold)  # fmt: skip
        total = w.summed(counts)
        return Written(None, Total(total, result=total, sums=(total,), logged=False))
