"""What a command takes: the parameters its handler declares, and the sentence when something else is given."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import numpy as np

from app.text import tr

#: A place counted from 0: of an instruction, a sample, a step.
Place = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
#: The place of a number in a tensor.
Index = list[Place]

_MOST_TEXT = 60
_NOTHING = (None, type(None))
_WORDS = {
    int: (tr("a whole number"), tr("whole numbers")),
    float: (tr("a number"), tr("numbers")),
    str: (tr("a text"), tr("texts")),
    bool: (tr("true or false"), tr("true or false each")),
    dict: (tr("values by name"), tr("values by name")),
}


class ArgumentError(Exception):
    """Arguments are not what is declared; its text is a sentence for learners."""


class Declared:
    """The parameters of a handler, by which arguments are checked before anything happens.

    Parameters
    ----------
    handler : callable
        Its annotations are what is declared: types that JSON has, lists of them, ``Literal``, ``X | None``, and
        ``Annotated`` with bounds. What is not annotated, or Any, is checked by the handler itself.
    fields : type of struct, optional
        What ``**`` of the handler may hold, by the fields of this; without it anything, which the handler checks.

    Attributes
    ----------
    kinds : dict
        Types by parameter.
    needed : tuple of str
        Parameters without a default.
    open : bool
        Whether there may be others besides.
    """

    def __init__(
        self, handler: Callable[..., Any], fields: type[msgspec.Struct] | None = None
    ) -> None:
        found = inspect.signature(handler, eval_str=True).parameters.values()
        own = [p for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.open = fields is None and any(p.kind is p.VAR_KEYWORD for p in found)
        self.kinds = {p.name: Any if p.annotation is p.empty else p.annotation for p in own}
        self.needed = tuple(p.name for p in own if p.default is p.empty)
        if fields is not None:
            self.kinds |= {field.name: field.type for field in msgspec.structs.fields(fields)}

    def checked(self, command: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments as what is declared: a number where one of NumPy is given, a list for a tuple.

        Raises
        ------
        ArgumentError
            One is missing, unknown, or of another kind.
        """
        for name in self.needed:
            if name not in given:
                raise ArgumentError(
                    tr("The command {command} needs “{name}”: {kind}.", command=command, name=name,
                       kind=words(self.kinds[name]))
                )  # fmt: skip
        found = {}
        for name, value in given.items():
            if name not in self.kinds and not self.open:
                raise ArgumentError(
                    tr("The command {command} knows no “{name}”. It takes {known}.", command=command,
                       name=name, known=", ".join(self.kinds))
                    if self.kinds
                    else tr("The command {command} takes nothing, so no “{name}”.", command=command, name=name)
                )  # fmt: skip
            found[name] = self._value(command, name, value)
        return found

    def _value(self, command: str, name: str, value: Any) -> Any:
        kind = self.kinds.get(name, Any)
        if kind is Any:
            return value
        try:
            found = msgspec.convert(_plain(value), kind)
        except (msgspec.ValidationError, RecursionError):
            found = math.nan
        if _finite(found):
            return found
        raise ArgumentError(
            tr("The command {command} takes {kind} for “{name}”; {value} is given.", command=command,
               kind=words(kind), name=name, value=_shown(value))
        )  # fmt: skip


def words(kind: Any, *, several: bool = False) -> str:
    """Return what a declared type takes, as one says it: "a whole number", "a list of numbers"."""
    if kind in _NOTHING:
        return tr("nothing")
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        low = next((m.ge for m in inside[1:] if getattr(m, "ge", None) is not None), None)
        said = words(inside[0], several=several)
        return said if low is None else tr("{kind} from {low} on", kind=said, low=low)
    if origin is Literal:
        return tr("one of {names}", names=", ".join(map(repr, inside)))
    if origin in (Union, types.UnionType):
        return tr("{a} or {b}", a=", ".join(map(words, inside[:-1])), b=words(inside[-1]))
    if origin is not None and issubclass(origin, Sequence):
        of = words(inside[0], several=True)
        return tr("lists of {kind}", kind=of) if several else tr("a list of {kind}", kind=of)
    one, many = _WORDS.get(origin or kind, (tr("something else"), tr("something else")))
    return many if several else one


def _plain(value: Any) -> Any:
    """Without NumPy's own numbers, which JSON does not have."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, list | tuple) or all(map(_finite, value))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
