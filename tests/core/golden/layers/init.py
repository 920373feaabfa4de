"""Regularizers: the loss includes what they add."""

from __future__ import annotations

from tests.core.golden.layers.case import LayerCase

LAYERS: list[LayerCase] = []
