"""What a callback is: hooks that `fit`, `evaluate` and `predict` call while they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.signatures import telling

if TYPE_CHECKING:
    from core.layers.settings import Setting
    from core.model import Model

#: What is measured so far, by name; `predict` gives its outputs under "outputs".
Logs = dict[str, Any]


class Callback:
    """Base: override what you need. Hooks are called as Keras calls them, with the metrics so far in ``logs``.

    The callbacks of one `fit` share the ``logs`` of an epoch: what one adds there, those after it and the history read.

    Attributes
    ----------
    model
        What is trained; ``model.stop_training = True`` ends it after the present batch or epoch.
    params
        ``{"verbose", "epochs", "steps"}`` of this `fit`; `steps` are batches an epoch.
    settings
        Arguments a document may hold, with their forms; empty where a callback needs Python.
    """

    model: Model
    params: dict[str, Any]
    settings: ClassVar[tuple[Setting, ...]] = ()
    #: What a form calls it, and says about it.
    title: ClassVar[str] = ""
    tip: ClassVar[str] = ""
    #: False where batch hooks are for others to find: then batches need not be run one by one for it.
    hears_batches: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = telling(cls.__dict__["__init__"])  # type: ignore[method-assign]

    def set_model(self, model: Model) -> None:
        """Called once before training."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once before training."""
        self.params = params

    def require(self, metrics: list[str], batches: list[str], open_: bool) -> None:
        """Say so before training if it cannot work.

        Parameters
        ----------
        metrics, batches
            What will be measured at the ends of epochs, and at those of batches.
        open_
            True if a callback of the reader's own may add more to the logs.

        Raises
        ------
        core.errors.SettingError
            It cannot.
        """

    def adds(self) -> tuple[str, ...]:
        """Names it adds to the logs of an epoch."""
        return ()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with its metrics."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before each epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After each epoch, with its metrics and those of validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch, with the means of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before samples are measured: by `evaluate`, and by `fit` for validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After samples were measured, with what was found."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch that is measured."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch that is measured, with the means so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before `predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After `predict` has finished."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each batch of `predict`, with ``{"outputs": ...}``."""


#: Names of all hooks.
HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def overrides(callback: Callback, hook: str) -> bool:
    """True if somebody wrote this hook: in a class, or on the object as `LambdaCallback` does."""
    return hook in vars(callback) or getattr(type(callback), hook) is not getattr(Callback, hook)


def say(sentence: str) -> None:
    """Print what a callback with ``verbose=1`` tells."""
    print(sentence)  # noqa: T201 - what verbose means
