"""The area under a curve of thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.metrics.base import CLASSES, Metric, flag, shares, whole
from core.metrics.counts import evenly
from core.ops.scores import ALIKE, BY_WEIGHTS

if TYPE_CHECKING:
    from core.tape.tensors import Shape, Tensor
    from core.tape.writing import Writing, Written

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "minoring", "majoring")
#: How far the first and last threshold lie outside of 0 to 1, in Keras.
_OUTSIDE = 1e-7


class AUC(Metric):
    """The area under a curve whose points are thresholds from 0 to 1, as Keras approximates it.

    Parameters
    ----------
    num_thresholds
        How many thresholds, in equal steps.
    curve
        "ROC" (true positive rate over false positive rate), "PR" (precision over recall) or "PRGAIN" (of their gains).
    summation_method
        "interpolation", "minoring" (the lower of two points) or "majoring" (the higher).
    thresholds
        Thresholds between 0 and 1 of your own.
    multi_label, num_labels, label_weights
        An area for each label, and their mean, by weights if given; else all labels are one, counting their weights.
    from_logits
        True if predictions come before the sigmoid.
    """

    targets = CLASSES
    single = True

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.num_thresholds = whole(self, "num_thresholds", num_thresholds, 2)
        self.curve = self._one_of("curve", curve, _CURVES, str.upper)
        self.summation_method = self._one_of(
            "summation_method", summation_method, _SUMMATIONS, str.lower
        )
        self.thresholds = thresholds
        if thresholds is not None:
            self.thresholds = tuple(sorted(shares(self, "thresholds", thresholds)))
            self.num_thresholds = len(self.thresholds) + 2
        self.multi_label = flag(self, "multi_label", multi_label)
        self.from_logits = flag(self, "from_logits", from_logits)
        self.num_labels = None if num_labels is None else whole(self, "num_labels", num_labels, 1)
        if num_labels is not None and not multi_label:
            raise SettingError("AUC: num_labels is for multi_label=True.", "num_labels")
        self.label_weights = None
        if label_weights is not None:
            try:
                self.label_weights = tuple(float(w) for w in label_weights)
            except (TypeError, ValueError):
                self.label_weights = (-1.0,)
            if not self.label_weights or not all(0 <= w < float("inf") for w in self.label_weights):
                raise SettingError(
                    f"AUC: label_weights must be numbers that are not negative, one for each label; they are "
                    f"{label_weights!r}.",
                    "label_weights",
                )

    def _one_of(self, name: str, value: Any, options: tuple[str, ...], spelt: Any) -> str:
        found = spelt(value) if isinstance(value, str) else value
        if found not in options:
            raise SettingError(
                f"AUC: {name} must be one of {', '.join(options)}; it is {value!r}.", name
            )
        return str(found)

    def problem(self, outputs: Shape, *, sparse: bool) -> str:
        last = outputs[-1] if outputs else 1
        if self.multi_label and len(outputs) != 1:
            return f"{self.name} of several labels compares one list a sample. Put Flatten before the output."
        if self.num_labels is not None and self.num_labels != last:
            return (
                f"{self.name} is of {self.num_labels} labels, but the output has {last} numbers. Leave num_labels "
                f"out."
            )
        if self.label_weights is not None and len(self.label_weights) != last:
            return (
                f"{self.name} has {len(self.label_weights)} label_weights, but the output has {last} numbers. Give one "
                "for each."
            )
        return super().problem(outputs, sparse=sparse)

    @property
    def limits(self) -> tuple[float, ...]:
        """All thresholds: the first lies a little below 0, the last a little above 1."""
        steps = self.num_thresholds - 1
        inside = self.thresholds
        if inside is None:
            inside = tuple((k + 1) / steps for k in range(self.num_thresholds - 2))
        return (-_OUTSIDE, *inside, 1 + _OUTSIDE)

    def write(self, w: Writing) -> Written:
        p = w.p
        if self.from_logits:
            p = w.op("sigmoid", p, role="p", symbol="σ(ŷ)")
        columns = p.last if self.multi_label else 1
        even = self.thresholds is None or evenly((0.0, *self.thresholds, 1.0))
        weights = self.label_weights or ()
        counts = w.op("outcomes_by_threshold", p, w.one_hot(), w.weight, role="counts", symbol="C",
                      thresholds=self.limits, even=2 if even else 0, columns=columns, only=-1,
                      weights=() if self.multi_label else weights)  # fmt: skip
        curve, summation = _CURVES.index(self.curve), _SUMMATIONS.index(self.summation_method)

        def score(s: Tensor, role: str) -> tuple[Tensor, Tensor | None]:
            each = w.op(
                "areas", s, role=f"{role}/each", symbol="AUC", curve=curve, summation=summation
            )
            if each.size == 1:
                return each, None
            way = BY_WEIGHTS if weights else ALIKE
            return w.op(
                "average_scores", each, role=role, symbol="AUC (mean)", way=way, weights=weights
            ), None

        return w.scored(counts, score)
