"""What a loss is: its arguments, what the tape emits for it, and the same number in NumPy."""

from __future__ import annotations

import inspect
import math
import numbers
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from core.arguments import target_advice
from core.errors import AdviceWarning, ChainruleError, SettingError
from core.losses.labels import labels_for
from core.losses.reduction import REDUCTIONS, reduce, same_rank
from core.naming import no_argument, unknown

if TYPE_CHECKING:
    from core.tape.tensors import Tensor

#: Keras keeps probabilities this far from 0 and 1.
EPSILON = 1e-7
#: What every loss takes after its own arguments, in Keras's order.
COMMON = (("reduction", "sum_over_batch_size"), ("name", None), ("dtype", None))


class Loss:
    """Base of the losses. Calling one on arrays gives the number that training would minimise.

    Arguments are Keras's, in Keras's order. A loss compares the last axis of targets and predictions and gives one
    number for what is left of a sample: one for a list, one a time step for a sequence, one a pixel for an image.

    Attributes
    ----------
    name
        Keras's name in snake case.
    title, brief, abbreviation
        What people call it in a list, on a button, and where there is room for a few letters only; an empty one is
        the one before it.
    arguments
        (name, default) of the arguments in Keras's order.
    operation
        The operation that gives one number a sample.
    sparse
        True if targets are labels.
    link
        The activation that turns logits into what the operation reads; empty if the loss has no logits.
    logits_operation
        The operation that gives one number a sample from logits, without that activation in between.
    suits
        An activation of the last layer whose outputs are of the kind the loss compares.
    signed
        True if targets of 0 and 1 are read as -1 and 1.
    weight
        How much it counts among the losses of several outputs.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    brief: ClassVar[str] = ""
    abbreviation: ClassVar[str] = ""
    arguments: ClassVar[tuple[tuple[str, Any], ...]] = COMMON
    operation: ClassVar[str] = ""
    sparse: ClassVar[bool] = False
    link: ClassVar[str] = ""
    logits_operation: ClassVar[str] = ""
    suits: ClassVar[str] = "linear"
    signed: ClassVar[bool] = False
    weight = 1.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = [name for name, _ in self.arguments]
        kind = type(self).__name__
        if len(args) > len(names):
            raise SettingError(f"{kind} takes at most {len(names)} arguments: {', '.join(names)}.")
        given = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            if key in given:
                raise SettingError(f"{kind}: {key} is given twice.", key)
            if key not in names:
                self._unknown(key, names)
            given[key] = value
        #: Every argument with its value.
        self.config: dict[str, Any] = {}
        for name, default in self.arguments:
            self.config[name] = self._checked(name, given.get(name, default))

    def _unknown(self, key: str, names: list[str]) -> None:
        kind = type(self).__name__
        if key == "from_logits":
            raise SettingError(f"{kind} has no logits: it compares the numbers themselves.", key)
        raise SettingError(no_argument(kind, key, names), key)

    def _checked(self, name: str, value: Any) -> Any:
        kind = type(self).__name__

        def refuse(wanted: str) -> None:
            raise SettingError(f"{kind}: {name} must be {wanted}; it is {value!r}.", name)

        if name == "from_logits":
            if type(value).__name__ not in ("bool", "bool_"):
                refuse("yes or no (True or False)")
            return bool(value)
        if name == "reduction":
            if not (value is None or isinstance(value, str)) or value not in REDUCTIONS:
                refuse("one of " + ", ".join(map(str, REDUCTIONS)))
            return None if value == "none" else value
        if name == "name":
            if value is not None and not isinstance(value, str):
                refuse("a text")
            return value
        if name == "dtype":
            if value not in (None, "float32"):
                refuse('"float32", the type of all numbers of a model')
            return None
        if name == "axis":
            if isinstance(value, bool) or not isinstance(value, numbers.Integral):
                refuse("a whole number")
            if value != -1:
                refuse("-1, because classes and outputs are the last axis here")
            return -1
        if name == "ignore_class":
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, numbers.Integral)
            ):
                refuse("a whole number or None")
            return None if value is None else int(value)
        number = not isinstance(value, bool) and isinstance(value, numbers.Real)
        if not number or not math.isfinite(value):
            refuse("a number")
        if name == "label_smoothing" and not 0 <= value <= 1:
            refuse("at least 0 and at most 1")
        if name == "delta" and value <= 0:
            refuse("greater than 0")
        return float(value)

    # ---- what it was made with ------------------------------------------------------------------------------------

    @property
    def from_logits(self) -> bool:
        """True if predictions are logits: what comes before the sigmoid or softmax."""
        return bool(self.config.get("from_logits", False))

    @property
    def label_smoothing(self) -> float:
        """Share of every target that is spread over all classes."""
        return float(self.config.get("label_smoothing", 0.0))

    @property
    def ignore_class(self) -> int | None:
        """A label that does not count."""
        return self.config.get("ignore_class")

    @property
    def reduction(self) -> str | None:
        """How the numbers of a batch become one."""
        chosen: str | None = self.config["reduction"]
        return chosen

    @property
    def mean(self) -> bool:
        """True if the batch is averaged, False if it is summed."""
        return self.reduction != "sum"

    def changed(self) -> dict[str, Any]:
        """The arguments that are not the defaults."""
        return {
            name: self.config[name]
            for name, default in self.arguments
            if self.config[name] != default and name not in ("name", "dtype")
        }

    def to_document(self) -> str | dict[str, Any]:
        """For documents: the name, or ``{"class_name": "Huber", "config": {"delta": 0.5}}``."""
        changed = self.changed()
        return {"class_name": type(self).__name__, "config": changed} if changed else self.name

    def weighted(self, weight: float) -> Loss:
        """The same loss, counting this much among several."""
        other = type(self)(**self.config)
        other.weight = weight
        return other

    # ---- for the tape ---------------------------------------------------------------------------------------------

    def constants(self, p: Tensor) -> dict[str, Any]:
        """Constants of the operation for predictions of this shape."""
        return {}

    def smoothing(self, classes: int) -> tuple[float, float]:
        """(a, b) of the smoothed targets ``a t + b``."""
        return 1.0 - self.label_smoothing, self.label_smoothing / classes

    # ---- in NumPy -------------------------------------------------------------------------------------------------

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """One number for each list along the last axis, in float64."""
        raise NotImplementedError

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The same from logits."""
        raise NotImplementedError

    def values(self, y_true: Any, y_pred: Any) -> np.ndarray:
        """The numbers before they are reduced to one: (batch, ...) without the last axis, in float64."""
        t, p = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
        if self.sparse:
            t = self._labels(t, p)
        else:
            t, p = same_rank(t, p)
            if t.ndim == p.ndim == 0:
                # As in Keras, single numbers are compared with each other.
                return self.values(t[None], p[None]).reshape(())
        if self.label_smoothing:
            scale, shift = self.smoothing(p.shape[-1])
            t = t * scale + shift
        if self.signed and np.isin(t, (0, 1)).all():
            t = 2 * t - 1
        if not self.sparse and t.shape != p.shape:
            # Keras broadcasts some of these; what comes out is never what was meant.
            raise ChainruleError(
                f"{self.name} compares targets and predictions of one shape; targets have {t.shape}, predictions "
                f"{p.shape}."
            )
        return np.asarray(self.logit_rows(t, p) if self.from_logits else self.rows(t, p))

    def warn(self, y_true: Any) -> None:
        """Warn the caller's caller of targets that are no probabilities, as `fit` does."""
        found = np.asarray(y_true)
        if self.sparse or found.dtype.kind not in "biuf":
            return
        hint = target_advice(np.atleast_1d(found), self.link, self.name, "y_true")
        if hint:
            warnings.warn(hint, AdviceWarning, stacklevel=3)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Parameters
        ----------
        y_true, y_pred
            Targets and predictions (batch, ..., outputs); labels (batch, ...).
        sample_weight
            How much each of the numbers counts: (batch,), or (batch, time) for sequences.

        Returns
        -------
        A number; an array with ``reduction=None``.
        """
        self.warn(y_true)
        values = self.values(y_true, y_pred)
        mask = None
        if self.ignore_class is not None:
            mask = self._labels(np.asarray(y_true), np.asarray(y_pred)) != self.ignore_class
        return reduce(values, self.reduction, sample_weight, mask)

    def _labels(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Labels without a last axis of length 1 that says nothing, each one of the classes."""
        if not y_pred.ndim:
            raise ChainruleError(
                f"{self.name} needs the probabilities of all classes; one number is given."
            )
        if y_true.dtype.kind not in "biuf":
            raise ChainruleError(
                f"{self.name} needs whole numbers as labels. Number the classes from 0."
            )
        if y_pred.ndim == 1:
            # One sample without the axis of samples.
            one = labels_for(y_true[None], (), len(y_pred), self.name, self.ignore_class)
            return one.reshape(())
        if not y_true.ndim or len(y_true) != len(y_pred):
            raise ChainruleError(
                f"{self.name} needs a label for each list of probabilities; targets have {y_true.shape}, predictions "
                f"{y_pred.shape}."
            )
        places, classes = y_pred.shape[1:-1], y_pred.shape[-1]
        because = f", because predictions have {y_pred.shape}"
        fix = "Give one label for each list of probabilities."
        return labels_for(
            y_true, places, classes, self.name, self.ignore_class, because, fix if places else ""
        )

    def __repr__(self) -> str:
        given = ", ".join(
            f"{k}={v!r}" for k, v in self.config.items() if k not in ("name", "dtype")
        )
        return f"{type(self).__name__}({given})"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parameters = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
            for name, default in cls.arguments
        ]
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        if cls.name:
            _LOSSES[cls.name] = cls


_LOSSES: dict[str, type[Loss]] = {}
#: Keras's short names; upper case is accepted as well.
SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
}


def names() -> tuple[str, ...]:
    """Names of all losses."""
    return tuple(_LOSSES)


def get(identifier: Any) -> Loss:
    """A loss by name ("mse" is short for "mean_squared_error"), by name and arguments, or the one given.

    Parameters
    ----------
    identifier
        ``"huber"``, ``{"class_name": "Huber", "config": {"delta": 0.5}}`` as documents and Keras write it, a class or
        a function of `core.losses`, or a loss.

    Raises
    ------
    core.errors.SettingError
        There is no such loss, or it does not take these arguments.
    """
    if isinstance(identifier, Loss):
        return identifier
    if inspect.isfunction(identifier):
        # The functions of core.losses know the loss they belong to.
        identifier = getattr(identifier, "loss", identifier)
    if isinstance(identifier, type) and issubclass(identifier, Loss) and identifier.name:
        return identifier()
    config: Any = {}
    if isinstance(identifier, dict):
        identifier, config = identifier.get("class_name"), identifier.get("config") or {}
    if not isinstance(identifier, str) or not isinstance(config, dict):
        raise SettingError(
            f"A loss is given by its name or as an object of core.losses, not as {identifier!r}.",
            "loss",
        )
    return _class(identifier)(**{str(key): value for key, value in config.items()})


def is_open(identifier: Any) -> bool:
    """True for "crossentropy": the targets decide which of the three is meant."""
    return isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce")


def decided(identifier: Any, targets: tuple[int, ...], outputs: tuple[int | None, ...]) -> Any:
    """The loss "crossentropy" means for targets and outputs of these shapes (batch, ...), as Keras 3 chooses it."""
    if not is_open(identifier):
        return identifier
    if outputs[-1] == 1:
        return "binary_crossentropy"
    labels = len(targets) < len(outputs) or targets[-1] == 1
    return "sparse_categorical_crossentropy" if labels else "categorical_crossentropy"


def _class(name: str) -> type[Loss]:
    key = SHORT.get(name.lower(), name) if name in (name.lower(), name.upper()) else name
    by_class = {cls.__name__: cls for cls in _LOSSES.values()}
    found = _LOSSES.get(key) or by_class.get(key)
    if found is None:
        raise SettingError(unknown("loss", name, _LOSSES), "loss")
    return found
