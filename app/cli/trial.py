"""One step of training, to see whether the engine works on this machine."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from core import data
from core.runs import Run

if TYPE_CHECKING:
    from core.templates import Template


def train_one_step(template: Template) -> tuple[float, float]:
    """Train a template for one step; return seconds, compiling included, and the loss."""
    began = perf_counter()
    dataset = data.load(template.data.id, **template.data.parameters)
    run = Run(template.network, template.training, dataset)
    run.advance(1)
    loss = float(run.history.series("loss").mean[-1])
    return perf_counter() - began, loss
