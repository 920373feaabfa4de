"""Objects with arguments that documents hold by name: initializers and regularizers.

A document holds ``"he_normal"`` for an object with its defaults, and
``{"class_name": "HeNormal", "config": {"seed": 3}}`` for one with other arguments, as Keras does. Nothing here needs
NumPy: forms and the command line read documents too.
"""

from __future__ import annotations

import inspect
import numbers
from functools import cache
from typing import Any, ClassVar, TypeVar

from core.errors import SettingError
from core.naming import no_argument, require_free, snake_case, unknown
from core.signatures import telling

#: How a document holds an object.
Document = str | dict[str, Any]


class Configured:
    """Base of objects made of plain arguments. Two are equal if they would do the same.

    A family of such objects is a subclass with a `what` of its own; its subclasses register themselves.
    """

    #: "initializer", "regularizer": how sentences call the family.
    what: ClassVar[str] = ""
    #: False for what a layer uses but no learner chooses.
    public: ClassVar[bool] = True
    #: The family's classes by class name.
    kinds: ClassVar[dict[str, type[Any]]] = {}
    #: The same by snake case.
    named: ClassVar[dict[str, type[Any]]] = {}
    #: What an argument that is a text may be, by its name.
    options: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: Other names Keras knows them by.
    aliases: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = telling(cls.__dict__["__init__"])  # type: ignore[method-assign]
        if "what" in cls.__dict__:
            cls.kinds, cls.named = {}, {}
        elif not cls.__name__.startswith("_"):
            require_free(cls, cls.kinds.get(cls.__name__), f"{cls.what}s")
            require_free(cls, cls.named.get(snake_case(cls.__name__)), f"{cls.what}s")
            cls.kinds[cls.__name__] = cls.named[snake_case(cls.__name__)] = cls

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Arguments in their order, with their defaults."""
        found: Any = cls  # a type checker takes the class for one of its objects, which may change
        return dict(_defaults(found))

    def get_config(self) -> dict[str, Any]:
        """The arguments, as plain values."""
        return {name: getattr(self, name) for name in self.defaults()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object with these arguments; missing ones take their defaults."""
        known = cls.defaults()
        for name in config:
            if name not in known:
                raise SettingError(no_argument(cls.__name__, name, known), name)
        return cls(**config)

    def changed(self) -> dict[str, Any]:
        """The arguments that are not the defaults."""
        defaults = self.defaults()
        return {name: value for name, value in self.get_config().items() if value != defaults[name]}

    def to_document(self) -> Document:
        """The object as a document holds it."""
        if not self.changed():
            return snake_case(type(self).__name__)
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self).__name__, repr(self.get_config())))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.changed().items())
        return f"{type(self).__name__}({arguments})"


@cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    # Documents are read at every edit, and asking a class for its signature takes longest.
    parameters = inspect.signature(cls).parameters
    return tuple((name, parameter.default) for name, parameter in parameters.items())


Family = TypeVar("Family", bound=Configured)


def names(family: type[Family]) -> tuple[str, ...]:
    """Names of a family's objects, as a choice shows them."""
    return tuple(name for name, kind in family.named.items() if kind.public)


def lower_case(family: type[Family], name: str) -> type[Family] | None:
    """The class of a family that Keras's modules also call so: ``he_normal``, ``l2``; None if there is none."""
    found = family.named.get(family.aliases.get(name, name))
    return found if found is not None and found.public else None


def listed(family: type[Family]) -> list[str]:
    """The names under which a module has a family's classes."""
    public = [name for name, kind in family.kinds.items() if kind.public]
    return [*public, *names(family)]


def find(family: type[Family], identifier: Any) -> Family:
    """An object by name ("he_normal" or "HeNormal"), as ``{"class_name", "config"}``, as a class, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such object, or its arguments are not its.
    """
    if isinstance(identifier, family):
        return identifier
    config: Any = {}
    if inspect.isclass(identifier) and identifier.__name__ in family.kinds:
        identifier = identifier.__name__
    if isinstance(identifier, dict):
        config = identifier.get("config") or {}
        identifier = identifier.get("class_name")
    if not isinstance(identifier, str) or not isinstance(config, dict):
        example = next(iter(names(family)), "")
        raise SettingError(
            f"A{'n' if family.what[0] in 'aeiou' else ''} {family.what} is given by its name ({example!r}) or as an "
            f"object of core.{family.what}s, not as {identifier!r}."
        )
    found = family.kinds.get(identifier)
    found = found or family.named.get(family.aliases.get(identifier, identifier))
    if found is None:
        raise SettingError(unknown(family.what, identifier, names(family)))
    made: Family = found.from_config(config)
    return made


def real(owner: Configured, name: str, value: Any, least: float | None = None) -> float:
    """An argument as a number, at least `least`.

    Raises
    ------
    core.errors.SettingError
        It is something else, or not finite.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Real)
        or not -1e30 < float(value) < 1e30
        or (least is not None and float(value) < least)
    ):
        limit = "" if least is None else f" of at least {least:g}"
        if (
            not isinstance(value, bool)
            and isinstance(value, numbers.Real)
            and not -1e30 < float(value) < 1e30
        ):
            limit = f" between {-1e30 if least is None else least:g} and 1e+30"
        raise SettingError(
            f"{type(owner).__name__}: {name} must be a number{limit}; it is {value!r}.", name
        )
    return float(value)


def seed_of(owner: Configured, value: Any) -> int | None:
    """An argument `seed`: a whole number of at least 0, or None for the model's."""
    if value is None:
        return None
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not 0 <= int(value) < 2**63:
        raise SettingError(
            f"{type(owner).__name__}: seed must be a whole number of at least 0, or None to follow the model's "
            f"seed; it is {value!r}.",
            "seed",
        )
    return int(value)
