"""The network with its numbers."""

from __future__ import annotations

from app.step.stage import StepStage
from app.step.views import StepView
from app.text import tr

VIEW = StepView(
    "network", tr("Network"), tr("The whole network with its numbers"), 10, create=StepStage
)
