"""The network document: an immutable graph, serialisable, checked; shape inference; errors that say how to fix."""

from __future__ import annotations

from core.spec.advice import Advice
from core.spec.inspection import Inspection, Row, inspect
from core.spec.network import Layer, Network, Node, new_layer
from core.spec.problem import Fix, Problem
from core.spec.training import Training, check_training

__all__ = [
    "Advice",
    "Fix",
    "Inspection",
    "Layer",
    "Network",
    "Node",
    "Problem",
    "Row",
    "Training",
    "check_training",
    "inspect",
    "new_layer",
]
