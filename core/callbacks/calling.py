"""The callbacks of one `fit`, `evaluate` or `predict`, called one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from core.callbacks.base import HOOKS, Callback, Logs, overrides
from core.callbacks.history import History
from core.callbacks.progbar_logger import ProgbarLogger
from core.errors import ChainruleError
from core.naming import suggestion

if TYPE_CHECKING:
    from core.model import Model

_HOOK = re.compile(r"on_\w+_(begin|end)")
_OF_BATCHES = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList(Callback):
    """Several callbacks as one, called in the order given; the history and the progress lines come last.

    Parameters
    ----------
    callbacks
        One, or lists of them.
    add_history, add_progbar
        Add a `History` and a `ProgbarLogger` if there is none.
    model
        What they are used with.
    params
        For `set_params`.

    Raises
    ------
    core.errors.ChainruleError
        One is not a callback, or waits for a hook that is never called.
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False,
        model: Any = None, **params: Any,
    ) -> None:  # fmt: skip
        self.callbacks: list[Callback] = list(_flat(callbacks))
        for one in self.callbacks:
            _require_known_hooks(one)
        found = [one for one in self.callbacks if isinstance(one, History)]
        if add_history and not found:
            found = [History()]
            self.callbacks += found
        #: The history among them.
        self.history = found[-1] if found else None
        bars = [one for one in self.callbacks if isinstance(one, ProgbarLogger)]
        if add_progbar and not bars:
            bars = [ProgbarLogger()]
            self.callbacks += bars
        #: The progress line among them.
        self.progress = bars[-1] if bars else None
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def set_model(self, model: Model) -> None:
        self.model = model
        if self.history is not None:
            model.history = self.history
        for one in self.callbacks:
            one.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for one in self.callbacks:
                one.set_params(dict(params))

    def hears(self, what: str) -> bool:
        """True if somebody wants to hear of the batches of "train", "test" or "predict": they are run singly then."""
        return any(
            overrides(one, hook)
            for one in self.callbacks
            if one.hears_batches
            for hook in _OF_BATCHES[what]
        )

    def has(self, kind: type[Callback]) -> bool:
        """True if one of them is of this kind."""
        return any(isinstance(one, kind) for one in self.callbacks)

    def require(self, metrics: list[str], batches: list[str], open_: bool = False) -> None:
        open_ = open_ or any(not type(one).__module__.startswith("core.") for one in self.callbacks)
        known = list(metrics)
        for one in self.callbacks:
            known += [name for name in one.adds() if name not in known]
            one.require(known, batches, open_)


def _forward(hook: str) -> Any:
    """A hook that calls that of each: as Keras does, `logs` is named where it follows a batch."""
    if "_batch_" in hook:

        def of_batch(self: CallbackList, batch: int, logs: Logs | None = None) -> None:
            shared = {} if logs is None else logs
            for one in self.callbacks:
                getattr(one, hook)(batch, logs=shared)

        return of_batch

    def other(self: CallbackList, *given: Any, logs: Logs | None = None) -> None:
        counts = 1 if "_epoch_" in hook else 0
        place, found = given[:counts], given[counts:]
        shared = found[0] if found and found[0] is not None else {} if logs is None else logs
        for one in self.callbacks:
            getattr(one, hook)(*place, shared)

    return other


for _name in HOOKS:
    setattr(CallbackList, _name, _forward(_name))


def _flat(given: Any) -> Iterator[Callback]:
    """Callbacks in lists of lists, one after the other."""
    if given is None:
        return
    if isinstance(given, CallbackList):
        yield from given.callbacks
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _flat(one)
    elif isinstance(given, Callback):
        yield given
    else:
        hint = " Make an object of it: add ()." if _is_kind(given) else ""
        raise ChainruleError(
            f"Callbacks are objects of core.callbacks; {given!r} is not one.{hint}"
        )


def _is_kind(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, Callback)


def _require_known_hooks(one: Callback) -> None:
    """Say so if a callback has a hook that Keras or nobody knows, which would never be called."""
    kind = type(one)
    for name in dir(kind):
        if _HOOK.fullmatch(name) and callable(getattr(kind, name)) and name not in HOOKS:
            raise ChainruleError(
                f"{kind.__name__}.{name} would never be called: there are {', '.join(HOOKS)}."
                f"{suggestion(name, HOOKS)}"
            )
