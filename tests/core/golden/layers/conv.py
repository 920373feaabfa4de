"""Convolutions, pooling, padding, cropping, enlarging."""

from __future__ import annotations

from tests.core.golden.layers.case import LayerCase

LAYERS: list[LayerCase] = []
