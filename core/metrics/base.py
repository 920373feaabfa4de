"""What a metric is: its arguments, what the tape counts for it, and the same on arrays."""

from __future__ import annotations

import importlib
import numbers
from typing import TYPE_CHECKING, Any, ClassVar

from core import objects
from core.errors import SettingError
from core.naming import snake_case, unknown

if TYPE_CHECKING:
    from core.tape.tensors import Shape
    from core.tape.writing import Writing, Written

#: What targets a metric compares: numbers in the shape of the outputs; rows of classes, for which labels will do as
#: well; one-hot rows; labels.
NUMBERS, CLASSES, ONE_HOT, LABELS = "numbers", "classes", "one-hot", "labels"


class Metric(objects.Configured):
    """Base of the metrics. Arguments are Keras's, in Keras's order.

    A metric is used in three ways: by name or as an object in ``compile(metrics=[...])``, in the training settings of a
    document, and by itself: `update_state` with batch after batch, `result`, `reset_state`. What it computes is written
    once, as instructions of the tape; by itself it runs those on a small tape of its own.

    Parameters
    ----------
    name
        As it is logged; by default the class's in snake case.
    dtype
        None or "float32".
    """

    what: ClassVar[str] = "metric"
    #: What targets it compares: `NUMBERS`, `CLASSES`, `ONE_HOT` or `LABELS`.
    targets: ClassVar[str] = NUMBERS
    #: The metric that compares labels where this one compares one-hot rows, or the other way round.
    counterpart: ClassVar[str] = ""
    #: "max" if more is better, "min" if less is, "" if neither.
    better: ClassVar[str] = "max"
    #: True if it lies between 0 and 1, as shares of what is right do.
    share: ClassVar[bool] = True
    #: True if each number of a prediction is compared by itself, so that a plain list is as many answers.
    single: ClassVar[bool] = False
    #: True if outputs have to be one list a sample.
    flat: ClassVar[bool] = False
    #: False for what cannot be given to `compile`.
    compiled: ClassVar[bool] = True

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        kind = type(self).__name__
        if name is not None and (not isinstance(name, str) or not name.strip()):
            raise SettingError(f"{kind}: name must be a text; it is {name!r}.", "name")
        if dtype not in (None, "float32"):
            raise SettingError(
                f'{kind}: dtype must be "float32", the type of all numbers of a model; it is {dtype!r}.',
                "dtype",
            )
        self.name = name or snake_case(kind)
        self.dtype = None
        self._given_name = name
        self._own: Any = None
        self._told: Any = None

    def get_config(self) -> dict[str, Any]:
        """The arguments, as plain values."""
        found = {}
        for argument in self.defaults():
            value = self._given_name if argument == "name" else getattr(self, argument)
            found[argument] = list(value) if isinstance(value, tuple) else value
        return found

    def to_document(self) -> objects.Document:
        """The metric as a document holds it: by name only where that name means this metric, and is logged as its."""
        document = super().to_document()
        named = self.defaults().get("name") or snake_case(type(self).__name__)
        if isinstance(document, str) and (named != document or document in OPEN):
            return {"class_name": type(self).__name__, "config": {}}
        if isinstance(document, dict):
            return {"class_name": document["class_name"], "config": self.changed()}
        return document

    # ---- for the tape ---------------------------------------------------------------------------------------------

    def write(self, w: Writing) -> Written:
        """Write the instructions that count a batch, add it to the epoch's sums, and give the numbers of both."""
        raise NotImplementedError(type(self).__name__)

    def problem(self, outputs: Shape, *, sparse: bool) -> str:
        """Why it cannot measure outputs of this shape against labels (`sparse`) or numbers; "" if it can."""
        last = outputs[-1] if outputs else 1
        if not self.compiled:
            return (
                f"{type(self).__name__} takes no targets and cannot be compiled; use it by itself, with "
                f"update_state."
            )
        if self.flat and len(outputs) != 1:
            shape = "×".join(map(str, outputs))
            return f"{self.name} compares one list a sample; the output has {shape} numbers. Put Flatten before it."
        if self.targets == LABELS and not sparse:
            return f"{self.name} compares labels of classes, but the targets are rows of numbers.{self._instead(last)}"
        if self.targets in (NUMBERS, ONE_HOT) and sparse:
            rows = (
                "one-hot rows" if self.targets == ONE_HOT else "numbers in the shape of the outputs"
            )
            return f"{self.name} compares {rows}, but the targets are labels of classes.{self._instead(last)}"
        return ""

    def _instead(self, last: int) -> str:
        other = "binary_accuracy" if self.targets == LABELS and last == 1 else self.counterpart
        return f" Use {other}." if other else ""

    # ---- by itself ------------------------------------------------------------------------------------------------

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Parameters
        ----------
        y_true, y_pred
            Targets and predictions (batch, ..., outputs); labels (batch, ...).
        sample_weight
            How much each sample counts: a number, (batch,), or (batch, time) for sequences.
        """
        self._told = None
        if self._own is None:
            self._own = standalone().Standalone(self)
        self._own.update(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        """The number of everything counted since the last reset: a float, or an array of several.

        Of a metric that was compiled, what was measured last.
        """
        if self._told is not None:
            return self._told
        return self._own.result() if self._own is not None else 0.0

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._told = self._own = None

    def tell(self, result: Any) -> None:
        """Let `result` be what a model has measured."""
        self._told = result

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch, and return the number of everything so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


def standalone() -> Any:
    """What runs a metric by itself. Found by name: documents name metrics, and are read without Numba."""
    return importlib.import_module("core.metrics.standalone")


#: Other names Keras knows metrics by; capitals as well.
SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
}
#: What targets and outputs decide: one of the accuracies.
OPEN = ("accuracy", "acc")


def names() -> tuple[str, ...]:
    """Names of all metrics that can be compiled, "accuracy" and "acc" first."""
    found = [name for name, kind in Metric.named.items() if kind.compiled and kind.public]
    return (*OPEN, *(name for name in found if name not in (*OPEN, "mean_metric_wrapper")))


def find(identifier: Any) -> Metric:
    """A metric by name ("mse", "Precision"), as ``{"class_name", "config"}``, as a class, a function, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such metric, or its arguments are not its.
    """
    if isinstance(identifier, Metric):
        return identifier
    given: Any = (
        getattr(identifier, "metric", None) or getattr(identifier, "loss", None) or identifier
    )
    if isinstance(given, type) and issubclass(given, Metric):
        if not given.public:
            raise SettingError(f"{given.__name__} is not a metric by itself.", "metrics")
        made: Metric = given()
        return made
    if isinstance(given, type) and hasattr(given, "operation"):
        # A function of core.losses, or the class of a loss.
        given = given.name  # type: ignore[attr-defined]
    if callable(given):
        raise SettingError(
            "A metric is given by its name or as an object of core.metrics; functions of your own cannot be "
            "written down "
            f"as instructions. Known metrics: {', '.join(names())}.",
            "metrics",
        )
    if isinstance(given, str):
        return _by_name(given)
    if not isinstance(given, dict) or not isinstance(given.get("class_name"), str):
        raise SettingError(
            f'A metric is given by its name ("accuracy") or as an object of core.metrics, not as {identifier!r}.',
            "metrics",
        )
    found: Metric = objects.find(Metric, given)
    return found


def _by_name(name: str) -> Metric:
    from core import losses

    key = SHORT.get(name.lower(), name) if name in (name.lower(), name.upper()) else name
    kind = Metric.kinds.get(key) or Metric.named.get(key)
    if kind is not None and kind.public and kind is not Metric.kinds.get("MeanMetricWrapper"):
        made: Metric = kind()
        return made
    short = {**losses.SHORT, **{loss: loss for loss in losses.names()}}
    if name.lower() in short:
        # Every loss can be measured, those too that Keras has no metric of.
        wrapped: Metric = Metric.kinds["MeanMetricWrapper"](short[name.lower()], name=name)
        return wrapped
    raise SettingError(unknown("metric", name, names()), "metrics")


# ---- arguments -------------------------------------------------------------------------------------------------------


def whole(owner: Metric, name: str, value: Any, least: int) -> int:
    """An argument as a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise SettingError(
            f"{type(owner).__name__}: {name} must be a whole number of at least {least}; it is {value!r}.",
            name,
        )
    return int(value)


def flag(owner: Metric, name: str, value: Any) -> bool:
    """An argument that is yes or no."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise SettingError(
            f"{type(owner).__name__}: {name} must be yes or no (True or False); it is {value!r}.",
            name,
        )
    return bool(value)


def chosen(owner: Metric, name: str, value: Any, options: tuple[Any, ...]) -> Any:
    """An argument that is one of a few."""
    if not (value is None or isinstance(value, str)) or value not in options:
        raise SettingError(
            f"{type(owner).__name__}: {name} must be one of {', '.join(map(str, options))}; it is {value!r}.",
            name,
        )
    return value


def shares(owner: Metric, name: str, value: Any) -> tuple[float, ...]:
    """An argument of one or several thresholds from 0 to 1."""
    given = (
        value if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray" else [value]
    )
    found = []
    for one in given:
        number = isinstance(one, numbers.Real) and not isinstance(one, bool)
        if not number or not 0 <= float(one) <= 1:
            raise SettingError(
                f"{type(owner).__name__}: {name} must be numbers from 0 to 1; {one!r} is given.",
                name,
            )
        found.append(float(one))
    if not found:
        raise SettingError(f"{type(owner).__name__}: {name} must be at least one number.", name)
    return tuple(found)
