"""Callbacks of `Model.fit`, `evaluate` and `predict`, under their Keras names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.callbacks.backup_and_restore import BackupAndRestore
from core.callbacks.base import Callback
from core.callbacks.calling import CallbackList
from core.callbacks.csv_logger import CSVLogger
from core.callbacks.early_stopping import EarlyStopping
from core.callbacks.history import History
from core.callbacks.lambda_callback import LambdaCallback
from core.callbacks.learning_rate_scheduler import LearningRateScheduler
from core.callbacks.model_checkpoint import ModelCheckpoint
from core.callbacks.progbar_logger import ProgbarLogger
from core.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from core.callbacks.terminate_on_nan import TerminateOnNaN
from core.naming import no_attribute

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

#: Callbacks of Keras that are not here, and what there is instead.
_ELSEWHERE = {
    "TensorBoard": "it writes for a program of TensorFlow. CSVLogger writes a table; the window draws curves.",
    "RemoteMonitor": "nothing is sent anywhere. LambdaCallback calls a function of yours with the metrics.",
    "SwapEMAWeights": "optimizers keep no averages of weights in this version.",
    "OrbaxCheckpoint": "it is for JAX. ModelCheckpoint and BackupAndRestore keep models and weights.",
}

if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant, and what there is."""
        if name in _ELSEWHERE:
            raise AttributeError(f"core.callbacks has no {name!r}: {_ELSEWHERE[name]}")
        raise no_attribute("core.callbacks", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
