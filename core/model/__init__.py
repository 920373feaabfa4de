"""The Keras-named face of the engine, a step in each file."""

from core.callbacks import History
from core.model.compiling import NO_LOSS, checked_metrics, require_loss
from core.model.model import Model, load_model
from core.model.running import Memory

__all__ = [
    "NO_LOSS",
    "History",
    "Memory",
    "Model",
    "checked_metrics",
    "load_model",
    "require_loss",
]
