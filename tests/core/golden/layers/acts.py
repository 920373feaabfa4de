"""Activations, and the layers that are one function of each number."""

from __future__ import annotations

from tests.core.golden.layers.case import LayerCase

LAYERS: list[LayerCase] = []
