"""Settings of layers as data: one table validates, builds the form, and writes the error sentence."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

from core import activations
from core.errors import SettingError
from core.naming import suggestion


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
        ``"int"``, ``"float"``, ``"bool"``, ``"choice"``, ``"pair"`` (two whole numbers), ``"pairs"`` (two pairs: rows
        before and after, columns before and after; kept as a pair if both are even), ``"shape"``, ``"text"``,
        ``"data_format"``,
        ``"initializer"``, ``"regularizer"`` or ``"constraint"``. The value of an initializer or regularizer is its
        name, or ``{"class_name", "config"}`` if it has arguments; objects are taken and stored so.
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
            near = suggestion(value, self.choices) if isinstance(value, str) else ""
            options = (*self.choices, "None") if self.optional else self.choices
            raise self._error(owner, "one of " + ", ".join(options), value, near)
        if self.type == "text":
            if isinstance(value, str):
                return value
            raise self._error(owner, "a text", value)
        if self.type in ("initializer", "regularizer", "constraint"):
            return self._object(value, owner)
        if self.type == "data_format":
            return self._data_format(value, owner)
        if self.type in ("pair", "shape"):
            return self._numbers(value, owner)
        if self.type == "pairs":
            return self._pairs(value, owner)
        return self._number(value, owner, whole=self.type == "int")

    def choice_of(self, value: Any) -> str:
        """The name in `choices` that shows an initializer or regularizer, or "" if none does."""
        name = value.get("class_name", "") if isinstance(value, dict) else str(value or "")
        plain = {choice.replace("_", ""): choice for choice in self.choices}
        return plain.get(name.replace("_", "").lower(), "")

    def _object(self, value: Any, owner: str) -> Any:
        from core import initializers, regularizers

        if self.type == "constraint":
            raise SettingError(
                f"{owner}: {self.name} must be None; this version trains without constraints on weights.",
                self.name,
            )
        family = initializers if self.type == "initializer" else regularizers
        try:
            return family.document(value)
        except SettingError as error:
            raise SettingError(f"{owner}, {self.name}: {error}", self.name) from error

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

    def _pairs(self, value: Any, owner: str) -> list[Any]:
        if _is_number(value):
            value = (value, value)
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            expected = "a number, two (rows, columns), or ((top, bottom), (left, right))"
            raise self._error(owner, expected, value)
        sides = []
        for item in value:
            both = (item, item) if _is_number(item) else item
            if not isinstance(both, (list, tuple)) or len(both) != 2:
                raise self._error(
                    owner, "two numbers, before and after, for rows and columns", value
                )
            sides.append([self._number(side, owner, whole=True) for side in both])
        if all(before == after for before, after in sides):
            return [before for before, _ in sides]
        return sides

    def _data_format(self, value: Any, owner: str) -> None:
        """None: there is one format, and files do not mention it."""
        if value == "channels_first":
            raise SettingError(
                f"{owner}: channels come last here, as in (height, width, channels); channels_first is not in this "
                "version. Leave data_format out, and move the channels of your data: numpy.moveaxis(x, 1, -1).",
                self.name,
            )
        if not isinstance(value, str) or value != "channels_last":
            raise self._error(owner, "channels_last or None", value)

    def _number(self, value: Any, owner: str, *, whole: bool) -> Any:
        if (
            not isinstance(value, bool)
            and isinstance(value, numbers.Real)
            and not _is_number(value)
        ):
            raise self._error(owner, "a number larger than -1e+300 and smaller than 1e+300", value)
        if not _is_number(value) or (whole and int(value) != value):
            raise self._error(owner, "a whole number" if whole else "a number", value)
        value = int(value) if whole else float(value)
        if self.minimum is not None and value < self.minimum:
            raise self._error(owner, f"at least {_plain(self.minimum)}", value)
        if self.maximum is not None and value > self.maximum:
            raise self._error(owner, f"at most {_plain(self.maximum)}", value)
        return value

    def _error(self, owner: str, expected: str, value: Any, near: str = "") -> SettingError:
        return SettingError(
            f"{owner}: {self.label.lower()} must be {expected}; it is {value!r}.{near}", self.name
        )


def both_sides(value: list[Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) of the value of a setting of pairs."""
    (top, bottom), (left, right) = (v if isinstance(v, list) else (v, v) for v in value)
    return (top, bottom), (left, right)


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


@dataclass(frozen=True)
class ActivationSetting(Setting):
    """A choice of an activation: by name, by another name of Keras's, or as a function of `core.activations`."""

    def normalise(self, value: Any, owner: str) -> Any:
        return super().normalise(activations.resolve(value), owner)


ACTIVATIONS = activations.names()

ACTIVATION = ActivationSetting(
    "activation", "Activation", "choice", "linear", choices=ACTIVATIONS, optional=True,
    help="The function each unit applies to its sum before it passes it on.",
)  # fmt: skip
USE_BIAS = Setting(
    "use_bias", "Use bias", "bool", True, help="Add a learned number to every unit's sum."
)


def initializer(name: str, default: str, label: str = "", hint: str = "") -> Setting:
    """A setting that takes an initializer: a name, an object of `core.initializers`, or its document."""
    words = name.removesuffix("_initializer").replace("_", " ")
    return Setting(
        name, label or f"{words.capitalize()} initializer", "initializer", default, choices=INITIALIZERS,
        help=hint or f"How {words} is drawn before training.",
    )  # fmt: skip


def regularizer(name: str, label: str = "", hint: str = "") -> Setting:
    """A setting that takes a regularizer, or None: a name, an object of `core.regularizers`, or its document.

    What a layer calls ``<role>_regularizer`` applies to its weight of that role.
    """
    words = name.removesuffix("_regularizer").replace("_", " ")
    return Setting(
        name, label or f"{words.capitalize()} regularizer", "regularizer", None, choices=REGULARIZERS, optional=True,
        help=hint or f"A penalty on large numbers in {words}, added to the loss.",
    )  # fmt: skip


def constraint(name: str) -> Setting:
    """A setting under the name of Keras's constraint. Only None is taken."""
    words = name.removesuffix("_constraint").replace("_", " ")
    return Setting(
        name, f"{words.capitalize()} constraint", "constraint", None, optional=True,
        help="Not in this version: weights are not constrained.",
    )  # fmt: skip


#: What forms offer, the usual ones first: `core.initializers.names` without importing it.
INITIALIZERS = (
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "random_uniform",
    "random_normal", "truncated_normal", "variance_scaling", "orthogonal", "identity", "zeros", "ones", "constant",
)  # fmt: skip
REGULARIZERS = ("l1", "l2", "l1_l2")

#: Every layer takes it, by name only; documents mention it if it is False.
TRAINABLE = Setting(
    "trainable", "Trainable", "bool", True,
    help="Let training change the weights. Off freezes the layer.",
)  # fmt: skip

DATA_FORMAT = Setting(
    "data_format", "Data format", "data_format", None, optional=True,
    help="Channels come last: (height, width, channels).",
)  # fmt: skip
KERNEL_INITIALIZER = initializer(
    "kernel_initializer", "glorot_uniform", "Initializer",
    "How the weights are drawn before training. He suits ReLU, Glorot suits tanh and sigmoid.",
)  # fmt: skip
BIAS_INITIALIZER = initializer(
    "bias_initializer", "zeros", hint="How the biases are drawn before training."
)
RECURRENT_INITIALIZER = initializer(
    "recurrent_initializer", "orthogonal", hint="How the recurrent weights are drawn."
)
EMBEDDINGS_INITIALIZER = initializer(
    "embeddings_initializer",
    "random_uniform",
    "Initializer",
    "How the table is drawn before training.",
)
DEPTHWISE_INITIALIZER = initializer("depthwise_initializer", "glorot_uniform")
POINTWISE_INITIALIZER = initializer("pointwise_initializer", "glorot_uniform")
BETA_INITIALIZER = initializer("beta_initializer", "zeros", hint="How the shifts start.")
GAMMA_INITIALIZER = initializer("gamma_initializer", "ones", hint="How the scales start.")
ALPHA_INITIALIZER = initializer("alpha_initializer", "zeros", hint="How the slopes start.")
MOVING_MEAN_INITIALIZER = initializer("moving_mean_initializer", "zeros")
MOVING_VARIANCE_INITIALIZER = initializer("moving_variance_initializer", "ones")

KERNEL_REGULARIZER = regularizer(
    "kernel_regularizer", hint="A penalty on large weights, added to the loss."
)
BIAS_REGULARIZER = regularizer(
    "bias_regularizer", hint="A penalty on large biases, added to the loss."
)
ACTIVITY_REGULARIZER = regularizer(
    "activity_regularizer",
    hint="A penalty on large outputs of the layer, divided by the batch size and added to the loss.",
)
RECURRENT_REGULARIZER = regularizer("recurrent_regularizer")
EMBEDDINGS_REGULARIZER = regularizer("embeddings_regularizer")
DEPTHWISE_REGULARIZER = regularizer("depthwise_regularizer")
POINTWISE_REGULARIZER = regularizer("pointwise_regularizer")
BETA_REGULARIZER = regularizer("beta_regularizer")
GAMMA_REGULARIZER = regularizer("gamma_regularizer")
ALPHA_REGULARIZER = regularizer("alpha_regularizer")

KERNEL_CONSTRAINT = constraint("kernel_constraint")
BIAS_CONSTRAINT = constraint("bias_constraint")
RECURRENT_CONSTRAINT = constraint("recurrent_constraint")
EMBEDDINGS_CONSTRAINT = constraint("embeddings_constraint")
DEPTHWISE_CONSTRAINT = constraint("depthwise_constraint")
POINTWISE_CONSTRAINT = constraint("pointwise_constraint")
BETA_CONSTRAINT = constraint("beta_constraint")
GAMMA_CONSTRAINT = constraint("gamma_constraint")
ALPHA_CONSTRAINT = constraint("alpha_constraint")
