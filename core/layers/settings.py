"""Settings of layers as data: one table validates, builds the form, and writes the error sentence."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

from core.errors import SettingError


@dataclass(frozen=True)
class Setting:
    """One argument of a layer, under its Keras name.

    Attributes
    ----------
    name
        Keras's argument name.
    label
        What a form shows.
    type
        ``"int"``, ``"float"``, ``"bool"``, ``"choice"``, ``"pair"`` (two whole numbers), ``"shape"`` or ``"text"``.
    default
        Value used when the argument is not given. A setting without one is required (`required`).
    minimum, maximum
        Closed bounds of numbers (of each number of a pair or shape).
    step
        Step of a slider or arrow key.
    choices
        Allowed values of a choice.
    help
        One sentence for a tooltip.
    optional
        True if ``None`` is a value of its own.
    required
        True if the argument has to be given in code; forms start from `default`.
    """

    name: str
    label: str
    type: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    choices: tuple[str, ...] = ()
    help: str = ""
    optional: bool = False
    required: bool = False

    def normalise(self, value: Any, owner: str) -> Any:
        """The value in the form in which documents store it.

        Raises
        ------
        SettingError
            A sentence that says what `owner` (a layer's kind) expected and what it got.
        """
        if value is None and self.optional:
            return None
        if self.type == "bool":
            # By name: NumPy has a bool of its own and is not imported for the sake of a form.
            if type(value).__name__ in ("bool", "bool_"):
                return bool(value)
            raise self._error(owner, "yes or no (True or False)", value)
        if self.type == "choice":
            if isinstance(value, str) and value in self.choices:
                return value
            raise self._error(owner, "one of " + ", ".join(self.choices), value)
        if self.type == "text":
            if isinstance(value, str):
                return value
            raise self._error(owner, "a text", value)
        if self.type in ("pair", "shape"):
            return self._numbers(value, owner)
        return self._number(value, owner, whole=self.type == "int")

    def _numbers(self, value: Any, owner: str) -> list[Any]:
        if self.type == "pair" and _is_number(value):
            value = (value, value)
        if (
            not isinstance(value, (list, tuple))
            or not value
            or (self.type == "pair" and len(value) != 2)
        ):
            expected = "two whole numbers" if self.type == "pair" else "a list of whole numbers"
            raise self._error(owner, expected, value)
        return [self._number(item, owner, whole=True) for item in value]

    def _number(self, value: Any, owner: str, *, whole: bool) -> Any:
        if not _is_number(value) or (whole and int(value) != value):
            raise self._error(owner, "a whole number" if whole else "a number", value)
        value = int(value) if whole else float(value)
        if self.minimum is not None and value < self.minimum:
            raise self._error(owner, f"at least {_plain(self.minimum)}", value)
        if self.maximum is not None and value > self.maximum:
            raise self._error(owner, f"at most {_plain(self.maximum)}", value)
        return value

    def _error(self, owner: str, expected: str, value: Any) -> SettingError:
        return SettingError(
            f"{owner}: {self.label.lower()} must be {expected}; it is {value!r}.", self.name
        )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if not isinstance(value, (int, float)):
        # Numbers of NumPy, whose float32 does not know 1e300.
        if not isinstance(value, numbers.Real):
            return False
        value = float(value)
    # Not math.isfinite: whole numbers of 400 digits do not become floats.
    return bool(-1e300 < value < 1e300)


def _plain(value: float) -> str:
    return f"{int(value):,}" if int(value) == value else f"{value:g}"


ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax")
INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "random_normal",
    "zeros",
    "ones",
)

ACTIVATION = Setting(
    "activation", "Activation", "choice", "linear", choices=ACTIVATIONS, optional=True,
    help="The function each unit applies to its sum before it passes it on.",
)  # fmt: skip
USE_BIAS = Setting(
    "use_bias", "Use bias", "bool", True, help="Add a learned number to every unit's sum."
)
KERNEL_INITIALIZER = Setting(
    "kernel_initializer", "Initializer", "choice", "glorot_uniform", choices=INITIALIZERS,
    help="How the weights are drawn before training. He suits ReLU, Glorot suits tanh and sigmoid.",
)  # fmt: skip
BIAS_INITIALIZER = Setting(
    "bias_initializer", "Bias initializer", "choice", "zeros", choices=INITIALIZERS,
    help="How the biases are drawn before training.",
)  # fmt: skip
