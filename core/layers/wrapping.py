"""Layers inside of layers: how they are given, stored and made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.errors import SettingError
from core.layers.base import _KINDS, Layer, Weight
from core.layers.settings import Setting
from core.naming import suggestion


@dataclass(frozen=True)
class LayerSetting(Setting):
    """A layer: an object in code, ``{"class_name": "LSTM", "config": {...}}`` in documents. `choices` are its kinds."""

    def normalise(self, value: Any, owner: str) -> Any:
        if value is None and self.optional:
            return None
        if isinstance(value, Layer):
            kind, config = type(value).__name__, value.config
        else:
            kind, config = self._described(value, owner)
        if kind not in _KINDS:
            near = suggestion(str(kind), self.choices or sorted(_KINDS))
            raise SettingError(f"{owner}: there is no layer called {kind!r}.{near}", self.name)
        if self.choices and kind not in self.choices:
            raise SettingError(
                f"{owner} wraps one of {', '.join(self.choices)}; {kind} is not one of them.",
                self.name,
            )
        try:
            return {"class_name": kind, "config": _KINDS[kind].normalise(config)}
        except SettingError as error:
            raise SettingError(f"{owner}, {self.name}: {error}", self.name) from error

    def _described(self, value: Any, owner: str) -> tuple[str, dict[str, Any]]:
        if isinstance(value, dict) and isinstance(value.get("class_name"), str):
            config = value.get("config") or {}
            if isinstance(config, dict) and all(isinstance(key, str) for key in config):
                return value["class_name"], config
        example = self.choices[0] if self.choices else "Dense"
        raise self._error(owner, f"a layer such as {example}(8)", value)

    def choice_of(self, value: Any) -> str:
        return value.get("class_name", "") if isinstance(value, dict) else ""


@dataclass(frozen=True)
class OnlyNone(Setting):
    """An argument of Keras that can only be left out here; `help` says why."""

    def normalise(self, value: Any, owner: str) -> Any:
        if value is not None:
            raise SettingError(f"{owner}: {self.name} must be None. {self.help}", self.name)
        return None


def inner(document: Any) -> Layer:
    """The layer a setting holds."""
    return _KINDS[document["class_name"]].from_config(document["config"])


def owned(
    layer: Layer, weights: tuple[Weight, ...], before: str = "", mark: str = ""
) -> tuple[Weight, ...]:
    """An inner layer's weights as the wrapper's: roles and symbols told apart, penalties kept, frozen or not."""
    return tuple(
        replace(
            w, role=f"{before}{w.role}", symbol=f"{w.symbol or w.role}{mark}", regularizer=layer.regularizer_of(w),
            frozen=w.frozen or not layer.trainable
        )
        for w in weights
    )  # fmt: skip
