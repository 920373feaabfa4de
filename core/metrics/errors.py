"""How far predictions are from targets: the losses as metrics, and those that no loss is."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import SettingError
from core.metrics.base import LABELS, Metric, chosen, whole
from core.ops.scores import ALIKE, BY_VARIATION

if TYPE_CHECKING:
    from core.losses import Loss
    from core.tape.tensors import Shape, Tensor
    from core.tape.writing import Writing, Written


class _OfLoss(Metric):
    """The mean of a loss's numbers, one a list."""

    share = False
    better = "min"
    #: The loss it is the mean of, and which of its arguments it takes.
    loss_name: ClassVar[str] = ""
    own: ClassVar[tuple[str, ...]] = ()

    @property
    def loss(self) -> Loss:
        """The loss whose numbers are averaged."""
        from core import losses

        config = {name: getattr(self, name) for name in self.own}
        return losses.get({"class_name": self.loss_name, "config": config})

    def write(self, w: Writing) -> Written:
        loss = self.loss
        return w.mean(w.loss_rows(loss), self.name, ignore=loss.ignore_class)

    def problem(self, outputs: Shape, *, sparse: bool) -> str:
        if self.targets == LABELS and not sparse and outputs and outputs[-1] == 1:
            return (
                f"{self.name} compares labels of several classes; the output has one number. Use "
                f"binary_crossentropy."
            )
        return super().problem(outputs, sparse=sparse)


def _plain(class_name: str, loss: str, default: str, doc: str, **more: Any) -> type[Metric]:
    """A metric with no arguments of its own."""

    def __init__(self: Metric, name: str | None = default, dtype: Any = None) -> None:
        Metric.__init__(self, name, dtype)

    body = {"__init__": __init__, "loss_name": loss, "__doc__": doc, "__module__": __name__, **more}
    return type(class_name, (_OfLoss,), body)


MeanSquaredError = _plain(
    "MeanSquaredError", "mean_squared_error", "mean_squared_error", "``mean (t - p)²``."
)
MeanAbsoluteError = _plain(
    "MeanAbsoluteError", "mean_absolute_error", "mean_absolute_error", "``mean |t - p|``."
)
MeanAbsolutePercentageError = _plain(
    "MeanAbsolutePercentageError",
    "mean_absolute_percentage_error",
    "mean_absolute_percentage_error",
    "``100 mean |(t - p) / t|``, with |t| of at least 1e-7 below the line.",
)
MeanSquaredLogarithmicError = _plain(
    "MeanSquaredLogarithmicError",
    "mean_squared_logarithmic_error",
    "mean_squared_logarithmic_error",
    "``mean (ln(1 + p) - ln(1 + t))²``; numbers below 1e-7 count as 1e-7.",
)
LogCoshError = _plain(
    "LogCoshError",
    "log_cosh",
    "logcosh",
    "``mean ln cosh(p - t)``: squares near 0, lengths far from it.",
)
Hinge = _plain("Hinge", "hinge", "hinge", "``mean max(1 - t p, 0)`` for targets of -1 and 1.")
SquaredHinge = _plain(
    "SquaredHinge",
    "squared_hinge",
    "squared_hinge",
    "``mean max(1 - t p, 0)²`` for targets of -1 and 1.",
)
CategoricalHinge = _plain(
    "CategoricalHinge",
    "categorical_hinge",
    "categorical_hinge",
    "How much the right class fails to lead the others by 1; targets are one-hot.",
)
KLDivergence = _plain(
    "KLDivergence", "kl_divergence", "kl_divergence", "``Σ t ln(t / p)``, both kept in [1e-7, 1]."
)
Poisson = _plain("Poisson", "poisson", "poisson", "``mean (p - t ln p)``.")


class BinaryCrossentropy(_OfLoss):
    """``-mean (t ln p + (1 - t) ln(1 - p))``."""

    loss_name = "binary_crossentropy"
    own = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing
        _ = self.loss  # says what is wrong with an argument


class CategoricalCrossentropy(_OfLoss):
    """``-Σ t ln p`` for one-hot targets."""

    loss_name = "categorical_crossentropy"
    own = ("from_logits", "label_smoothing", "axis")
    counterpart = "sparse_categorical_crossentropy"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis
        _ = self.loss


class SparseCategoricalCrossentropy(_OfLoss):
    """``-ln p[label]``."""

    loss_name = "sparse_categorical_crossentropy"
    own = ("from_logits", "ignore_class", "axis")
    targets = LABELS
    counterpart = "categorical_crossentropy"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis
        _ = self.loss


class CosineSimilarity(_OfLoss):
    """``Σ t p / (|t| |p|)``: 1 if they point the same way. The loss of that name has a minus before it."""

    loss_name = "cosine_similarity"
    better = "max"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype)
        if axis != -1:
            raise SettingError(
                f"CosineSimilarity: axis must be -1, because outputs are the last axis here; it is {axis!r}.",
                "axis",
            )
        self.axis = -1

    def write(self, w: Writing) -> Written:
        opposite = w.loss_rows(self.loss)
        return w.mean(w.op("negate", opposite, role="rows", symbol="cos′"), "cos")


class MeanMetricWrapper(_OfLoss):
    """The mean of a loss's numbers: ``MeanMetricWrapper("huber")``.

    `fn` is a loss by name, as an object or as a function of `core.losses`; Keras takes functions of one's own besides.
    """

    def __init__(self, fn: Any, name: str | None = None, dtype: Any = None) -> None:
        from core import losses

        if inspect.isfunction(fn) and not hasattr(fn, "loss"):
            raise SettingError(
                "MeanMetricWrapper takes a loss of core.losses; functions of your own cannot be written down as "
                "instructions.",
                "fn",
            )
        found = losses.get(fn)
        super().__init__(name, dtype)
        self.fn = found.to_document()
        if found.sparse:
            self.targets = LABELS  # type: ignore[misc]

    @property
    def loss(self) -> Loss:
        from core import losses

        return losses.get(self.fn)


class RootMeanSquaredError(Metric):
    """``√ mean (t - p)²`` over all samples: an error in the unit of the targets."""

    share = False
    better = "min"
    single = True

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def write(self, w: Writing) -> Written:
        from core import losses
        from core.tape.totals import Total
        from core.tape.writing import Written

        # Keras does not look at the mask here.
        squares = w.mean(w.loss_rows(losses.get("mean_squared_error")), "mse", masked=False)
        assert squares.batch is not None
        batch = w.op("root", squares.batch, role="root", symbol="rmse")
        total = w.op("root", *squares.total.sums, role="epoch", symbol="rmse (epoch)")
        return Written(batch, Total(total, sums=squares.total.sums))


class R2Score(Metric):
    """``1 - Σ(t - p)² / Σ(t - mean t)²``: 1 is perfect, 0 no better than the mean of the targets.

    `class_aggregation` says how scores of several outputs become one; None gives all of them. `num_regressors` makes it
    the adjusted score for so many independent variables. Targets that are all the same give 0.
    """

    share = False
    flat = True

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        options = (None, "uniform_average", "variance_weighted_average")
        self.class_aggregation = chosen(self, "class_aggregation", class_aggregation, options)
        self.num_regressors = whole(self, "num_regressors", num_regressors, 0)

    def write(self, w: Writing) -> Written:
        means = w.op("target_means", w.target, w.weight, role="mean", symbol="ȳ")
        sums = w.op("r2_sums", w.p, w.target, w.weight, means, role="counts", symbol="S")

        def score(s: Tensor, role: str) -> tuple[Tensor, Tensor | None]:
            each = w.op("r2_scores", s, role=f"{role}/each", symbol="R²",
                        num_regressors=self.num_regressors)  # fmt: skip
            if each.size == 1:
                return each, each if self.class_aggregation is None else None
            way = BY_VARIATION if self.class_aggregation == "variance_weighted_average" else ALIKE
            mean = w.op("average_scores", each, s if way else None, role=role, symbol="R² (mean)",
                        way=way, weights=())  # fmt: skip
            return mean, each if self.class_aggregation is None else None

        return w.scored(sums, score, joined="accumulate_moments")
