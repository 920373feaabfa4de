"""Optimizers under their Keras names. Each is one class: the operation the tape emits, and the same step on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from core.errors import SettingError
from core.naming import no_attribute, suggestion, unknown


class Optimizer:
    """Base of the optimizers.

    Attributes
    ----------
    slots
        Names of what it remembers of each weight.
    operation
        The operation of one update.
    learning_rate
        The step's size; changing it on a running model takes effect at the next step.
    """

    name: ClassVar[str] = ""
    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, learning_rate: float | None = None, **arguments: Any) -> None:
        given = {} if learning_rate is None else {"learning_rate": learning_rate}
        given.update(arguments)
        given = {key: _plain(value) for key, value in given.items()}
        for key in given:
            if key not in self.defaults:
                options = ", ".join(self.defaults)
                near = suggestion(key, self.defaults)
                raise SettingError(
                    f"{type(self).__name__} has no argument {key!r}.{near} It has: {options}.", key
                )
        self.config: dict[str, Any] = {**self.defaults, **given}
        self.config["learning_rate"] = _rate(self.config["learning_rate"])
        #: Told of a new learning rate: the model that trains with it.
        self.on_rate: Callable[[float], None] | None = None
        self.iterations = 0
        self._memory: dict[int, dict[str, np.ndarray]] = {}
        self.check()

    @property
    def learning_rate(self) -> float:
        """The step's size."""
        return float(self.config["learning_rate"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.config["learning_rate"] = _rate(_plain(value))
        if self.on_rate is not None:
            self.on_rate(self.learning_rate)

    slots: tuple[str, ...] = ()
    operation = ""

    def check(self) -> None:
        """Raise a sentence if an argument is out of range."""

    def constants(self) -> dict[str, Any]:
        """Constants of the operation."""
        return {}

    def update(
        self, gradient: np.ndarray, variable: np.ndarray, memory: dict[str, np.ndarray], t: int
    ) -> None:
        """One step on arrays, in place; `t` counts from 1."""
        raise NotImplementedError

    def apply_gradients(self, grads_and_vars: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """One step for pairs (gradient, variable) of NumPy arrays; the variables change in place."""
        self.iterations += 1
        for gradient, variable in grads_and_vars:
            if gradient.shape != variable.shape:
                message = f"A gradient of shape {gradient.shape} does not fit a variable of shape {variable.shape}."
                raise SettingError(message)
            memory = self._memory.setdefault(
                id(variable), {name: np.zeros_like(variable) for name in self.slots}
            )
            self.update(gradient, variable, memory, self.iterations)

    def to_config(self) -> dict[str, Any]:
        """As documents store it."""
        return {"kind": self.name, **self.config}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            _OPTIMIZERS[cls.name] = cls


_OPTIMIZERS: dict[str, type[Optimizer]] = {}


def _rate(value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not 0 <= float(value) < float("inf")
    ):
        raise SettingError(
            f"The learning rate must be a number that is not negative; it is {value!r}.",
            "learning_rate",
        )
    return float(value)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _between(owner: Optimizer, *keys: str) -> None:
    for key in keys:
        value = owner.config[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise SettingError(
                f"{owner.name}: {key} must be at least 0 and less than 1; it is {value!r}.", key
            )


class SGD(Optimizer):
    """``w ← w - η g``; with momentum μ ``v ← μ v - η g, w ← w + v``; Nesterov ``w ← w + μ v - η g``.

    Sutskever et al. 2013.
    """

    name = "SGD"
    defaults: ClassVar[dict[str, Any]] = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}

    def check(self) -> None:
        _between(self, "momentum")
        nesterov = self.config["nesterov"]
        if not isinstance(nesterov, bool):
            raise SettingError(
                f"SGD: nesterov must be True or False; it is {nesterov!r}.", "nesterov"
            )

    @property
    def slots(self) -> tuple[str, ...]:  # type: ignore[override]
        """Velocity, if there is momentum."""
        return ("velocity",) if self.config["momentum"] else ()

    @property
    def operation(self) -> str:  # type: ignore[override]
        """Plain or with momentum."""
        return "momentum" if self.config["momentum"] else "sgd"

    def constants(self) -> dict[str, Any]:
        return (
            {k: self.config[k] for k in ("momentum", "nesterov")} if self.config["momentum"] else {}
        )

    def update(
        self, gradient: np.ndarray, variable: np.ndarray, memory: dict[str, np.ndarray], t: int
    ) -> None:
        step = self.learning_rate * gradient
        if not self.config["momentum"]:
            variable -= step
            return
        velocity = memory["velocity"]
        velocity *= self.config["momentum"]
        velocity -= step
        variable += (
            self.config["momentum"] * velocity - step if self.config["nesterov"] else velocity
        )


class Adam(Optimizer):
    """Kingma and Ba 2015 as Keras writes it: ε stands outside the root and is the paper's ε-hat."""

    name = "Adam"
    defaults: ClassVar[dict[str, Any]] = {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
    }
    slots = ("m", "v")
    operation = "adam"

    def check(self) -> None:
        _between(self, "beta_1", "beta_2")
        epsilon = self.config["epsilon"]
        if (
            isinstance(epsilon, bool)
            or not isinstance(epsilon, (int, float))
            or not 0 <= epsilon < float("inf")
        ):
            raise SettingError(
                f"Adam: epsilon must be a number that is not negative; it is {epsilon!r}.",
                "epsilon",
            )

    def constants(self) -> dict[str, Any]:
        return {k: self.config[k] for k in ("beta_1", "beta_2", "epsilon")}

    def update(
        self, gradient: np.ndarray, variable: np.ndarray, memory: dict[str, np.ndarray], t: int
    ) -> None:
        b1, b2 = self.config["beta_1"], self.config["beta_2"]
        memory["m"] += (gradient - memory["m"]) * (1 - b1)
        memory["v"] += (gradient * gradient - memory["v"]) * (1 - b2)
        rate = self.learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
        variable -= rate * memory["m"] / (np.sqrt(memory["v"]) + self.config["epsilon"])


def names() -> tuple[str, ...]:
    """Names of all optimizers."""
    return tuple(_OPTIMIZERS)


def get(identifier: str | dict[str, Any] | Optimizer) -> Optimizer:
    """An optimizer by name, by its document ``{"kind": "Adam", ...}``, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such optimizer, or it has no such argument.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if not isinstance(identifier, (str, dict)):
        raise SettingError(
            f"An optimizer is given by its name or as an object of core.optimizers, not as {identifier!r}."
        )
    config = {"kind": identifier} if isinstance(identifier, str) else dict(identifier)
    kind = str(config.pop("kind", ""))
    found = next((cls for name, cls in _OPTIMIZERS.items() if name.lower() == kind.lower()), None)
    if found is None:
        raise SettingError(unknown("optimizer", kind, _OPTIMIZERS))
    return found(**config)


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant."""
        raise no_attribute("core.optimizers", name, (cls.__name__ for cls in _OPTIMIZERS.values()))
