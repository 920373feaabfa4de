"""The activations a layer may name, as data. Importing it costs neither NumPy nor Numba."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.naming import unknown

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Function:
    """An activation.

    Attributes
    ----------
    name
        Keras's; `binary_step` and `arctan`, which Keras does not have, are those of the textbooks.
    summary
        One sentence for a learner: what it does, and what it is for.
    attributes
        Constants of its operation, as the name alone means them.
    operation
        Of the tape: the name, or "" for linear, which writes nothing.
    """

    name: str
    summary: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        return "" if self.name == "linear" else self.name


_FUNCTIONS = {
    function.name: function
    for function in (
        Function("linear", "Passes the sum on as it is: for numbers to be predicted."),
        Function(
            "binary_step",
            "1 from 0 upwards, 0 below: the perceptron's. It has no slope, so it learns by the perceptron rule.",
        ),
        Function("sigmoid", "Squeezes any number into the range from 0 to 1: a probability."),
        Function("hard_sigmoid", "The sigmoid drawn with a ruler: 0 up to −3, 1 from 3, a line between."),
        Function("tanh", "Squeezes any number into the range from −1 to 1."),
        Function("arctan", "Squeezes any number into the range from −π/2 to π/2, more gently than tanh."),
        Function("relu", "Passes positive numbers, makes negative ones 0."),
        Function("relu6", "ReLU that stops growing at 6."),
        Function("leaky_relu", "ReLU that lets a fifth of negative numbers through.", {"slope": 0.2}),
        Function("elu", "ReLU with a soft floor at −1: exp(x) − 1 below 0.", {"alpha": 1.0}),
        Function("selu", "ELU, scaled so that mean 0 and variance 1 go on from layer to layer."),
        Function("gelu", "Weighs x by the chance that a standard normal number is smaller."),
        Function("silu", "x times its own sigmoid; also called swish."),
        Function("softplus", "A smooth ReLU: ln(1 + exp x)."),
        Function("softsign", "x / (1 + |x|): like tanh, but it flattens more slowly."),
        Function("exponential", "exp x: always positive."),
        Function("softmax", "Turns the numbers of the last axis into probabilities that add up to 1."),
        Function("log_softmax", "The logarithm of softmax, without going through tiny probabilities."),
    )
}  # fmt: skip
#: Other names that Keras accepts.
_ALIASES = {"swish": "silu"}


def names() -> tuple[str, ...]:
    """Names of all activations."""
    return tuple(_FUNCTIONS)


def resolve(identifier: Any) -> Any:
    """The registered name for an alias or one of the functions themselves; anything else as it is."""
    if callable(identifier) and not isinstance(identifier, type):
        given = getattr(identifier, "__name__", "")
        identifier = given if given in _FUNCTIONS or given in _ALIASES else identifier
    return _ALIASES.get(identifier, identifier) if isinstance(identifier, str) else identifier


def describe(identifier: Any) -> Function:
    """What is known of an activation, by its name; None is linear.

    Raises
    ------
    core.errors.SettingError
        There is no such activation.
    """
    name = "linear" if identifier is None else resolve(identifier)
    found = _FUNCTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise SettingError(unknown("activation", str(identifier), _FUNCTIONS), "activation")
    return found


def get(identifier: Any) -> Callable[..., np.ndarray]:
    """The function of arrays for a name; None is linear, a function is itself. As ``keras.activations.get``.

    Raises
    ------
    core.errors.SettingError
        There is no such activation.
    """
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    from core.activations import functions

    found: Callable[..., np.ndarray] = getattr(functions, describe(identifier).name)
    return found
