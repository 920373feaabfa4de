"""What an optimizer is: settings, a rule, and what it remembers of each weight."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core import schedules
from core.errors import SettingError
from core.layers.settings import Setting
from core.naming import no_argument
from core.optimizers.rule import Line, over_arrays

if TYPE_CHECKING:
    import numpy as np

#: Arguments of every optimizer, after its own.
COMMON = (
    Setting("weight_decay", "Weight decay", "float", None, 0.0, step=0.001, optional=True,
            help="Share of each weight, times the learning rate, that is taken away at every step"),
    Setting("clipnorm", "Clip norm", "float", None, 0.0, step=0.1, optional=True,
            help="Longest gradient of one weight tensor; longer ones are shortened"),
    Setting("clipvalue", "Clip value", "float", None, 0.0, step=0.1, optional=True,
            help="Largest number in a gradient; larger ones are cut off"),
    Setting("global_clipnorm", "Global clip norm", "float", None, 0.0, step=0.1, optional=True,
            help="Longest gradient of all weights together; longer ones are shortened"),
)  # fmt: skip
#: Arguments of Keras that are taken as long as they change nothing.
_NOT_HERE: dict[str, Any] = {
    "use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None,
    "loss_scale_factor": None, "gradient_accumulation_steps": None,
}  # fmt: skip


@dataclass(frozen=True)
class RateSetting(Setting):
    """A learning rate: a number, or a schedule, which documents hold as ``{"kind": "CosineDecay", ...}``."""

    def normalise(self, value: Any, owner: str) -> Any:
        if isinstance(value, (dict, schedules.Schedule)):
            return schedules.get(value).to_document()
        return super().normalise(value, owner)


def rate_setting(default: float) -> Setting:
    """The learning rate."""
    return RateSetting("learning_rate", "Learning rate", "float", default, 0.0, step=0.001,
                   help="How far each step goes against the gradient")  # fmt: skip


def share(name: str, label: str, default: float, tip: str) -> Setting:
    """A number from 0 to 1."""
    return Setting(name, label, "float", default, 0.0, 1.0, 0.01, help=tip)


EPSILON = Setting("epsilon", "Epsilon", "float", 1e-7, 0.0, step=1e-7,
                  help="Keeps the division by a root from becoming a division by 0")  # fmt: skip


class Optimizer:
    """Base of the optimizers.

    Parameters
    ----------
    arguments, named
        Those of Keras, in Keras's order: ``inspect.signature(Adam)`` tells them with their defaults.

    Attributes
    ----------
    settings
        Its arguments.
    operation
        The operation of one update.
    iterations, steps_per_epoch
        Updates made, and how many of them a schedule takes for an epoch.
    on_rate
        Told of a new learning rate: the model that trains with it.
    """

    #: Name in documents and in Keras; "" for a base that nobody chooses.
    name: ClassVar[str] = ""
    #: Its own arguments, in Keras's order.
    own: ClassVar[tuple[Setting, ...]] = ()
    settings: ClassVar[tuple[Setting, ...]] = ()
    defaults: ClassVar[dict[str, Any]] = {}
    #: Shares that must stay below 1: at 1 nothing new would ever be seen.
    below_one: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[dict[str, type[Optimizer]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        have = {setting.name for setting in cls.own}
        cls.settings = (*cls.own, *(one for one in COMMON if one.name not in have))
        cls.defaults = {setting.name: setting.default for setting in cls.settings}
        one = inspect.Parameter
        given = [one(key, one.POSITIONAL_OR_KEYWORD, default=v) for key, v in cls.defaults.items()]
        cls.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
        if cls.name:
            Optimizer.kinds[cls.name] = cls

    def __init__(self, *arguments: Any, **named: Any) -> None:
        if len(arguments) > len(self.defaults):
            raise SettingError(
                f"{self.name} has {len(self.defaults)} arguments; {len(arguments)} are given."
            )
        given = dict(zip(self.defaults, arguments, strict=False))
        for key in named:
            if key in given:
                raise SettingError(f"{self.name} is given {key} twice.", key)
        given.update(named)
        self._refuse_unknown(given)
        self.config: dict[str, Any] = {}
        for setting in self.settings:
            value = given.get(setting.name, setting.default)
            self.config[setting.name] = setting.normalise(_plain(value), self.name)
        self.on_rate: Callable[[float], None] | None = None
        self.iterations = 0
        self.steps_per_epoch = 1
        self._memory: dict[int, dict[str, np.ndarray]] = {}
        self._shared: dict[str, float] = {}
        self.check()

    def _refuse_unknown(self, given: dict[str, Any]) -> None:
        given.pop("name", None)
        for key, harmless in _NOT_HERE.items():
            if key in given and given.pop(key) != harmless:
                raise SettingError(f"{self.name}: {key} is not in this version. Leave it out.", key)
        for key in given:
            if key not in self.defaults:
                raise SettingError(no_argument(self.name, key, self.defaults), key)

    def check(self) -> None:
        """Raise a sentence if arguments do not go together."""
        for key in self.below_one:
            if self.config[key] >= 1:
                value = self.config[key]
                raise SettingError(
                    f"{self.name}: {key} must be at least 0 and less than 1; it is {value!r}.", key
                )
        chosen = [key for key in ("clipnorm", "clipvalue", "global_clipnorm")
                  if self.config[key] is not None]  # fmt: skip
        if len(chosen) > 1:
            raise SettingError(
                f"{self.name}: gradients are clipped in one way only, but {' and '.join(chosen)} are given. "
                "Keep one of them.",
                chosen[1],
            )

    @property
    def learning_rate(self) -> float:
        """The step's size; a new one holds from the next step of a running model on.

        Of a schedule it is the rate of the next update. As in Keras that one cannot be set.
        """
        schedule = self.schedule
        if schedule is None:
            return float(self.config["learning_rate"])
        return schedule(self.iterations, self.steps_per_epoch)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        setting = self.settings[0]
        for one in (self.config["learning_rate"], value):
            if isinstance(one, (dict, schedules.Schedule)):
                raise SettingError(
                    f"The learning rate of {self.name} follows {type(schedules.get(one)).__name__} for the whole "
                    "training. Compile the model with another optimizer to change that.",
                    "learning_rate",
                )
        self.config["learning_rate"] = setting.normalise(_plain(value), self.name)
        if self.on_rate is not None:
            self.on_rate(self.learning_rate)

    @property
    def schedule(self) -> schedules.Schedule | None:
        """The schedule that the learning rate follows, if it does."""
        given = self.config["learning_rate"]
        return schedules.get(given) if isinstance(given, dict) else None

    # ---- the rule --------------------------------------------------------------------------------------------

    @property
    def operation(self) -> str:
        """Name of the operation that one update is."""
        return self.name.lower()

    @property
    def slots(self) -> dict[str, float]:
        """What is remembered of each weight, with the number it starts from."""
        return {}

    def rule(self) -> tuple[Line, ...]:
        """What is computed, line by line; the last one is ``step``, which the weight is changed by."""
        raise NotImplementedError

    #: Operation that computes the numbers that all weights of a step share, or "".
    factors: ClassVar[str] = ""
    #: Those of them that the update reads.
    shared: ClassVar[tuple[str, ...]] = ()
    #: What the factors remember, by name, with the numbers they start from.
    remembered: ClassVar[dict[str, float]] = {}

    def factor_values(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        """The numbers that all weights of update `t` (from 1) share; `before` is what is remembered of them."""
        return {}

    def uncorrected(self, rate: float, t: int, before: dict[str, float]) -> dict[str, float]:
        """The same as `factor_values` without bias correction: to see what it is for."""
        return self.factor_values(rate, t, before)

    def constants(self) -> dict[str, Any]:
        """Its own arguments besides the learning rate: what operations are told."""
        common = {setting.name for setting in COMMON}
        return {key: value for key, value in self.config.items()
                if key not in common and key != "learning_rate"}  # fmt: skip

    @property
    def clipping(self) -> str:
        """The way gradients are clipped, or ""; as in Keras 0 is none."""
        return next((key for key in ("clipnorm", "global_clipnorm", "clipvalue")
                     if self.config[key]), "")  # fmt: skip

    # ---- on arrays --------------------------------------------------------------------------------------------

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> list[dict[str, np.ndarray]]:
        """One step for pairs (gradient, variable) of NumPy arrays; the variables change in place.

        Returns
        -------
        The terms of each variable's step by name, such as ``m``, ``v``, ``step``.
        """
        import numpy as np

        pairs = list(grads_and_vars)
        for gradient, variable in pairs:
            if gradient.shape != variable.shape:
                message = f"A gradient of shape {gradient.shape} does not fit a variable of shape {variable.shape}."
                raise SettingError(message)
        rate = self.learning_rate
        self.iterations += 1
        before = self._shared or dict(self.remembered)
        self._shared = self.factor_values(rate, self.iterations, before)
        keep = 1 - rate * (self.config["weight_decay"] or 0.0)
        found = []
        gradients = self.clipped([gradient for gradient, _ in pairs])
        for gradient, (_, variable) in zip(gradients, pairs, strict=True):
            memory = self._memory.setdefault(
                id(variable),
                {name: np.full_like(variable, start) for name, start in self.slots.items()},
            )
            terms = self.terms(gradient, variable, memory, rate, self._shared)
            for name, values in memory.items():
                values[...] = terms[name]
            variable[...] = (
                variable * keep + terms["step"] if keep != 1 else variable + terms["step"]
            )
            found.append(terms)
        return found

    def terms(
        self,
        gradient: np.ndarray,
        variable: np.ndarray,
        memory: dict[str, np.ndarray],
        rate: float,
        factors: dict[str, float],
    ) -> dict[str, np.ndarray]:
        """Every term of one update by name, from what is remembered before it; nothing is changed."""
        known = {**memory, **factors, "g": gradient, "w": variable, "rate": rate}
        return {"g": gradient, **over_arrays(self.rule(), known)}

    def clipped(self, gradients: list[np.ndarray]) -> list[np.ndarray]:
        """The gradients as the rule gets them (Pascanu et al. 2013)."""
        import numpy as np

        if not self.clipping:
            return gradients
        limit = float(self.config[self.clipping])
        if self.clipping == "clipvalue":
            return [np.clip(g, -limit, limit) for g in gradients]
        norms = [float(np.sqrt((g.astype(np.float64) ** 2).sum())) for g in gradients]
        if self.clipping == "global_clipnorm":
            norms = [float(np.sqrt(sum(n * n for n in norms)))] * len(norms)
        return [g * (limit / max(n, limit)) for g, n in zip(gradients, norms, strict=True)]

    def to_config(self) -> dict[str, Any]:
        """As documents store it: its own arguments, and of the common ones those that are given."""
        own = {setting.name for setting in self.own}
        return {"kind": self.name, **{key: value for key, value in self.config.items()
                                      if key in own or value is not None}}  # fmt: skip

    def __repr__(self) -> str:
        changed = {k: v for k, v in self.config.items() if v != self.defaults[k]}
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
