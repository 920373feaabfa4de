"""What a layer is: settings, a shape rule, weights, and the instructions it emits.

One class per kind, found by name.
"""

from __future__ import annotations

import inspect
import numbers
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

from core.errors import GraphError, SettingError
from core.layers.settings import TRAINABLE
from core.layers.symbolic import call_layer
from core.layers.wording import Placed, about
from core.naming import no_attribute, require_free, snake_case, suggestion

if TYPE_CHECKING:
    import numpy as np

    from core.layers.settings import Setting
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor
    from core.variables import Variable

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Weight:
    """A tensor a layer owns.

    Attributes
    ----------
    role
        Keras's name within the layer ("kernel", "bias", "gamma", ...).
    shape
        Shape as Keras stores it.
    initializer
        As a document holds it: a name in `core.initializers`, or ``{"class_name", "config"}``.
    trainable
        False for moving statistics, which training changes but gradients do not.
    symbol
        Letter used in formulas ("W", "b", ...).
    regularizer
        Penalty on it as a document holds it, for layers whose setting is not called ``<role>_regularizer`` (wrappers,
        whose inner layer has the setting). None otherwise.
    frozen
        True for a wrapper's weights if the inner layer they belong to is frozen.
    filters
        Axes along which filters are counted: what each unit, each filter, each word has for itself. () for what is one
        number a unit: biases, and what normalisation scales and shifts with.
    """

    role: str
    shape: Shape
    initializer: Any
    trainable: bool = True
    symbol: str = ""
    regularizer: Any = None
    frozen: bool = False
    filters: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of values."""
        n = 1
        for k in self.shape:
            n *= k
        return n


class Layer:
    """Base of every layer. Arguments are Keras's, in Keras's order; ``config`` holds them as given.

    A subclass sets the class attributes and overrides `output_shape`, `weights` and `emit`. Registering it is
    importing its file from `core.layers`: palette, form, summary, code, tests and the tape find it there.
    """

    #: Group in the palette.
    family: ClassVar[str] = "Core"
    #: One sentence: what the layer does.
    summary: ClassVar[str] = ""
    #: Icon name in ``assets/icons``.
    icon: ClassVar[str] = "dense"
    #: Arguments in Keras's order.
    settings: ClassVar[tuple[Setting, ...]] = ()
    #: How many inputs the layer takes: (least, most).
    arity: ClassVar[tuple[int, int]] = (1, 1)
    #: The argument of a call that takes the inputs after the first; "" if all come as one list.
    further_inputs: ClassVar[str] = ""
    #: True if the mask of the input holds for the output too.
    passes_mask: ClassVar[bool] = False
    #: The model that has its present weights, where several models share it.
    _holder: Any = None
    #: The models it is part of, which have to hear when it is frozen.
    _models: Models | None = None
    #: What ``input_shape=`` or ``input_dim=`` said of one sample: where the layer is the first of a Sequential model.
    sample_shape: Any = None
    #: Arguments that older files and code call by another name: present names by former ones.
    former_names: ClassVar[Mapping[str, str]] = MappingProxyType({})
    #: True once a model has named the layer because nobody else did.
    named_by_model = False

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        if name is not None and not isinstance(name, str):
            raise SettingError(
                f"{type(self).__name__}: the name must be a text; it is {name!r}.", "name"
            )
        self.id = ""
        self.name = name or ""
        self._owner: Any = None
        with about(lambda: [Placed(type(self).__name__, self.name, {})]):
            self._take_sample_shape(kwargs)
            self.config = self.normalise(self._arguments(args, kwargs))

    def _take_sample_shape(self, kwargs: dict[str, Any]) -> None:
        """Keep what Keras still lets the first layer of a Sequential model say in the place of Input."""
        own = {setting.name for setting in self.settings}
        given = [key for key in ("input_dim", "input_shape") if key in kwargs and key not in own]
        if not self.arity[1] or not given:
            return
        kind = type(self).__name__
        if len(given) > 1:
            message = f"{kind}: input_dim and input_shape say the same; give one of them."
            raise SettingError(message, "input_dim")
        value = kwargs.pop(given[0])
        if value is None:
            return
        sizes = [value] if given[0] == "input_dim" else value
        whole = isinstance(sizes, (list, tuple)) and all(
            not isinstance(n, bool) and isinstance(n, numbers.Integral) and int(n) > 0
            for n in sizes
        )
        if not whole:
            wanted = (
                "a whole number"
                if given[0] == "input_dim"
                else "the shape of one sample as a tuple of whole numbers, for example (28, 28, 1)"
            )
            raise SettingError(f"{kind}: {given[0]} must be {wanted}; it is {value!r}.", given[0])
        self.sample_shape = tuple(int(n) for n in sizes)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by name."""
        names = [setting.name for setting in self.settings]
        if len(args) > len(names):
            message = (
                f"{type(self).__name__} takes at most {len(names)} arguments: {', '.join(names)}."
            )
            raise SettingError(message)
        given = dict(zip(names, args, strict=False))
        for key in kwargs:
            if key in given:
                raise SettingError(f"{type(self).__name__}: {key} is given twice.", key)
        given = self._present_names(given | kwargs)
        # First what is misspelt: what is missing is often what was meant.
        self._refuse_unknown(given)
        for setting in self.settings:
            if setting.required and setting.name not in given:
                meaning = f" ({setting.help.rstrip('.')})" if setting.help else ""
                raise SettingError(
                    f"{type(self).__name__} needs the argument {setting.name!r}{meaning}.",
                    setting.name,
                )
        return given

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        """All settings with their defaults filled in, checked. Only a frozen layer mentions ``trainable``.

        Raises
        ------
        SettingError
            A value is out of range or an argument unknown.
        """
        config = cls._present_names(config)
        cls._refuse_unknown(config)
        known = {setting.name: setting for setting in cls.settings}
        found = {
            name: setting.normalise(config.get(name, setting.default), cls.__name__)
            for name, setting in known.items()
        }
        learns = TRAINABLE.normalise(config.get(TRAINABLE.name, True), cls.__name__)
        return found if learns else cls.with_trainable(found, False)

    @classmethod
    def _present_names(cls, config: dict[str, Any]) -> dict[str, Any]:
        """The same arguments under the names they have now; one that is given under both is left for a refusal."""
        now = {old: new for old, new in cls.former_names.items() if new not in config}
        return {now.get(key, key): value for key, value in config.items()}

    @classmethod
    def _refuse_unknown(cls, config: dict[str, Any]) -> None:
        """Say so, with the closest name, if an argument is none of the layer's settings."""
        known = [setting.name for setting in cls.settings]
        for key in config:
            if key in known or key == TRAINABLE.name:
                continue
            if key in _ELSEWHERE:
                raise SettingError(f"{cls.__name__} takes no {key!r}. {_ELSEWHERE[key]}", key)
            options = ", ".join(known) or "none"
            raise SettingError(
                f"{cls.__name__} has no setting {key!r}.{suggestion(key, known)} It has: {options}.",
                key,
            )

    @classmethod
    def with_trainable(cls, config: dict[str, Any], trainable: bool) -> dict[str, Any]:
        """The settings of the layer frozen, or learning again; what it wraps goes with it."""
        found = {name: value for name, value in config.items() if name != TRAINABLE.name}
        for setting in cls.settings:
            inside = found.get(setting.name)
            if setting.type == "layer" and inside is not None:
                wrapped = _KINDS[inside["class_name"]].with_trainable(inside["config"], trainable)
                found[setting.name] = {**inside, "config": wrapped}
        return found if trainable else {**found, TRAINABLE.name: False}

    @classmethod
    def owns_weights(cls) -> bool:
        """True for kinds that can have weights, and so can be frozen to some effect."""
        return cls.weights is not Layer.weights

    @classmethod
    def asked(cls) -> tuple[Setting, ...]:
        """What a form asks for: the settings, and whether the layer learns if it can."""
        return (*cls.settings, TRAINABLE) if cls.owns_weights() else cls.settings

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer with these settings; missing ones take their defaults."""
        layer = cls.__new__(cls)
        layer.config = cls.normalise(config)
        layer.id, layer.name, layer._owner = "", "", None
        return layer

    @property
    def trainable(self) -> bool:
        """False if the layer is frozen: training leaves its weights as they are.

        A frozen BatchNormalization uses its moving statistics and leaves them alone; Dropout drops all the same. It can
        be set at any time and holds from the next `compile` on. Source: Keras ``Layer.trainable``.
        """
        return bool(self.config.get(TRAINABLE.name, True))

    def learns(self, weight: Weight) -> bool:
        """True if gradients change this weight of the layer."""
        return weight.trainable and not weight.frozen and self.trainable

    def __getattr__(self, name: str) -> Any:
        """A setting (``layer.units``) or, in a model, a weight as an object (``layer.kernel``)."""
        config = self.__dict__.get("config", {})
        if name in config:
            return config[name]
        if name.startswith("__") or not config:
            raise AttributeError(name)
        owned = self._variables() if self._owner is not None and self._owner.built else []
        found = {one.path.removeprefix(f"{self.id}/"): one for one in owned}
        if name in found:
            return found[name]
        switch = _SWITCHES.get(name, "")
        if config.get(switch) is False:
            return None
        if switch or name.endswith(("kernel", "embeddings")):
            message = f"{type(self).__name__} has no {name!r} yet: put it into a model with an Input first."
            if not owned:
                raise AttributeError(message)
        options = [*config, *(one for one in found if "/" not in one)]
        raise no_attribute(type(self).__name__, name, options)

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep what the layer has; nothing else, for it would change nothing and nobody would notice."""
        if name.startswith("_") or name in _KEPT:
            object.__setattr__(self, name, value)
            return
        kind = type(self).__name__
        if name == TRAINABLE.name:
            set_trainable([self], TRAINABLE.normalise(value, kind))
            return
        if name in self.config:
            raise SettingError(
                f"{kind}: {name} is given when the layer is made, {kind}({name}=...); it cannot be changed afterwards. "
                "Make a new layer.",
                name,
            )
        raise SettingError(
            f"{kind} has nothing called {name!r} that could be set.{suggestion(name, self.config)} Settings are given "
            "when the layer is made; weights are replaced by set_weights.",
            name,
        )

    def __getitem__(self, setting: str) -> Any:
        """The value of a setting."""
        return self.config[setting]

    def output_shape(self, shapes: list[Shape]) -> Shape:
        """Shape of the output without the batch axis.

        Raises
        ------
        core.errors.ShapeError
            The layer cannot work with these inputs.
        """
        return shapes[0]

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """Shapes of all outputs; most layers have one."""
        return [self.output_shape(shapes)]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        """The tensors the layer owns, given the shapes of its inputs."""
        return ()

    def regularizer_of(self, weight: Weight) -> Any:
        """The penalty on one of the layer's weights as a document holds it, or None.

        By the setting Keras names after the weight: ``kernel_regularizer``; of ``recurrent_kernel`` it is
        ``recurrent_regularizer``.
        """
        if weight.regularizer is not None:
            return weight.regularizer
        return self.config.get(f"{weight.role.removesuffix('_kernel')}_regularizer")

    def multiply_adds(self, shapes: list[Shape]) -> int:
        """Multiplications (each with its addition) for one sample, forward."""
        return 0

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor | list[Tensor]:
        """Write the layer's forward instructions; backward ones follow from the operations.

        Returns
        -------
        The layer's output; a list if `output_shapes` has several.
        """
        return inputs[0]

    def describe(self) -> tuple[str, str]:
        """Two short lines for the layer's block: size, and the rest."""
        return ("", "")

    # ---- once it is part of a model -------------------------------------------------------------------

    def __call__(self, inputs: Any, *rest: Any, **more: Any) -> Any:
        """Call the layer on a symbolic tensor (or a list of them) of the functional API."""
        if rest:
            raise GraphError(self._one_by_one())
        further = more.pop(self.further_inputs, None) if self.further_inputs else None
        for key in more:
            message = f"{type(self).__name__} is called on its inputs; it takes no {key!r}."
            raise SettingError(message, key)
        if further is not None:
            first = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            inputs = [*first, *(further if isinstance(further, (list, tuple)) else [further])]
        return call_layer(self, inputs)

    def _one_by_one(self) -> str:
        """The sentence about inputs that are given one after the other."""
        kind = type(self).__name__
        if self.further_inputs:
            name = self.further_inputs
            return f"{kind} is called on one tensor; what follows is named: {kind}(...)(x, {name}=[...])."
        if self.arity[1] > 1:
            return f"{kind} takes its inputs as a list: {kind}(...)([a, b])."
        return f"{kind} is called on one tensor: {kind}(...)(x). Join several first, for example with Concatenate."

    @classmethod
    def snake_case_kind(cls) -> str:
        """Keras's automatic name of such a layer, without a number."""
        return snake_case(cls.__name__)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the layer's weights, in Keras's order."""
        return list(self._model().layer_weights(self))

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Replace the layer's weights."""
        self._model().set_layer_weights(self, weights)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The layer's weights that learn, as objects; none before it is part of a model."""
        return [one for one in self._variables() if one.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The layer's moving statistics, and all of its weights if it is frozen."""
        return [one for one in self._variables() if not one.trainable]

    def _variables(self) -> list[Variable]:
        from core.variables import variables

        return variables(self._owner, self) if self._owner is not None else []

    @property
    def output(self) -> Any:
        """Symbolic output of the layer in the model it belongs to."""
        return self._model().symbolic_output(self)

    def count_params(self) -> int:
        """Number of values in the layer's weights."""
        return sum(w.size for w in self.get_weights())

    def _model(self) -> Any:
        if self._owner is None:
            message = f"{type(self).__name__} {self.name!r} has no weights yet: put it into a model first."
            raise SettingError(message)
        return self._owner

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.config.items())
        return f"{type(self).__name__}({arguments})"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parameters = [
            inspect.Parameter(
                s.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if s.required else s.default,
            )
            for s in cls.settings
        ]
        # Optional before required would not be a signature; Keras never does it either.
        for name, default in ((TRAINABLE.name, True), ("name", None)):
            parameters.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            )
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        if not cls.__name__.startswith("_"):
            require_free(cls, _KINDS.get(cls.__name__), "layers")
            _KINDS[cls.__name__] = cls
            cls.__doc__ = _documented(cls)


class Models(WeakSet[Any]):
    """The models a layer is part of. A copy of the layer begins with none: the copied model comes by itself."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Models:
        return Models()


def set_trainable(layers: Iterable[Layer], trainable: bool) -> None:
    """Freeze layers, or let them learn again, and tell the models they are part of."""
    concerned: dict[int, Any] = {}
    for layer in layers:
        layer.config = layer.with_trainable(layer.config, trainable)
        concerned.update({id(model): model for model in layer._models or ()})
    for model in concerned.values():
        model._hear_of_freezing()


def _documented(cls: type[Layer]) -> str:
    """What ``help`` shows of a layer: what it computes, and its settings with their meanings."""
    lines = [
        inspect.cleandoc(cls.__dict__.get("__doc__") or cls.summary),
        "",
        "Parameters",
        "-" * 10,
    ]
    for setting in cls.settings:
        default = "" if setting.required else f" : default {setting.default!r}"
        options = ""
        if setting.type == "choice":
            known = (*setting.choices, "None") if setting.optional else setting.choices
            options = f" One of {', '.join(known)}."
        meaning = f"{setting.help or setting.label}".rstrip(".") + "."
        lines += [f"{setting.name}{default}", *textwrap.wrap(
            meaning + options, 110, initial_indent="    ", subsequent_indent="    "
        )]  # fmt: skip
    lines += ["trainable : default True", f"    {TRAINABLE.help}"]
    return "\n".join([*lines, "name : default None", "    Of the layer in its model."])


_KINDS: dict[str, type[Layer]] = {}
#: What may be set on a layer, by models and readers of files.
_KEPT = {"id", "name", "config", "sample_shape", "named_by_model"}
#: Weights that a setting leaves out: they are None then, as in Keras.
_SWITCHES = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
_FIRST = "Put Input((...)) before the first layer, with the shape of one sample."
#: What every layer of Keras takes, and what to do here instead.
_ELSEWHERE = {
    "batch_input_shape": _FIRST,
    "dtype": "All numbers are float32.",
    "activity_regularizer": "Give it to the layer before, or to a Dense or convolution layer.",
    "weights": "Call set_weights on the layer once the model is made.",
}
