"""A callback made of functions."""

from __future__ import annotations

from typing import Any

from core.callbacks.base import HOOKS, Callback
from core.errors import SettingError
from core.naming import suggestion


class LambdaCallback(Callback):
    """Call functions at hooks, without a class of one's own.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end
        Called with the epoch and the logs.
    on_train_begin, on_train_end
        Called with the logs.
    on_train_batch_begin, on_train_batch_end
        Called with the batch and ``logs=``.
    hooks
        Functions for other hooks of `Callback`, by name.

    Raises
    ------
    core.errors.SettingError
        There is no such hook, or it is given what is no function.
    """

    def __init__(
        self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_train_begin: Any = None,
        on_train_end: Any = None, on_train_batch_begin: Any = None, on_train_batch_end: Any = None,
        **hooks: Any,
    ) -> None:  # fmt: skip
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin, "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin, "on_train_batch_end": on_train_batch_end,
            **hooks,
        }  # fmt: skip
        for name, function in given.items():
            if name not in HOOKS:
                raise SettingError(
                    f"LambdaCallback knows no hook {name!r}.{suggestion(name, HOOKS)} There are {', '.join(HOOKS)}.",
                    name,
                )
            if function is None:
                continue
            if not callable(function):
                raise SettingError(
                    f"LambdaCallback: {name} must be a function; it is {function!r}.", name
                )
            setattr(self, name, function)
