"""Recurrent layers and what wraps layers."""

from __future__ import annotations

from tests.core.golden.layers.case import LayerCase

LAYERS: list[LayerCase] = []
