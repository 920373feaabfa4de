"""Models under the name Keras has them: ``from core.models import Sequential, load_model``."""

from __future__ import annotations

from core.model import Model, load_model
from core.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model"]
